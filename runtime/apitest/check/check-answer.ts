import type { JsonValue } from "#kernel/json.ts";
import type { ApiAnswer, ApiCheck, ApiFinding, ApiTestCase } from "#protocol/api-test.ts";

import { type Node, nodeKey, placeOf } from "../load/document-set.ts";
import { pointerParts } from "../load/pointer.ts";
import { essenceOf, isJsonType, mayBeJson, nearestTypes } from "../model/media-type.ts";
import type { Operation, ResponseContent, ResponseRule } from "../model/operation.ts";
import { ruleFor } from "../model/read-responses.ts";
import type { SchemaJudge } from "../schema/judge.ts";
import type { SchemaRegistry } from "../schema/registry.ts";
import { isNullUnsure } from "../schema/facets.ts";
import { mistakesIn } from "../schema/mistakes.ts";
import { ruleNode, schemasAt } from "../schema/rule-node.ts";
import { type DecodedBody, decodeJson } from "./decode-json.ts";

export interface CheckContext {
  readonly schemas: SchemaRegistry;
  readonly judge: SchemaJudge;
}

/** Codes that a proxy in front of a server gives as often as the server: undocumented, they are worth a look only. */
const OF_GATEWAYS: readonly number[] = [401, 403, 405, 406, 413, 414, 415, 429, 431];

/** Answers to a valid request that say nothing against it: who asks, what is there, what was done before. */
const TOLERATED: readonly number[] = [401, 403, 404, 409, 429];

/**
 * Everything that is wrong with one answer. What a refusal of a valid request proves depends on the answers
 * to its neighbours, so here it is a warning; whoever knows them raises it.
 */
export const checkAnswer = (
  operation: Operation,
  testCase: Pick<ApiTestCase, "expectation" | "rule" | "request">,
  answer: ApiAnswer,
  context: CheckContext,
): readonly ApiFinding[] => {
  const name = `${operation.method} ${operation.path}`;
  const { status } = answer;
  const say = (
    check: ApiCheck,
    identity: string,
    message: string,
    node: Node,
    severity: "failure" | "warning" = "failure",
  ): ApiFinding => ({
    check,
    severity,
    cause: `${check} ${name} ${identity}`,
    message,
    place: placeOf(node),
  });

  if (status >= 500) {
    // A proxy says these when what is behind it is away for a while.
    const severity = [502, 503, 504].includes(status) ? "warning" : "failure";
    return [say("server-error", String(status), `the server answered ${status}`, operation.node, severity)];
  }
  const expected = expectationFindings(operation, testCase, status, say);
  // What is answered to a request that should not have been taken follows from that.
  if (expected.some(({ check }) => check === "invalid-rejected")) return expected;
  return [...expected, ...documentFindings(operation, answer, context, say)];
};

type Say = (
  check: ApiCheck,
  identity: string,
  message: string,
  node: Node,
  severity?: "failure" | "warning",
) => ApiFinding;

const expectationFindings = (
  operation: Operation,
  { expectation, rule, request }: Pick<ApiTestCase, "expectation" | "rule" | "request">,
  status: number,
  say: Say,
): readonly ApiFinding[] => {
  const identity = rule === null ? "" : `${rule.part} ${rule.at} ${rule.keyword}`;
  if (expectation === "rejected" && status >= 200 && status < 300) {
    const what =
      rule?.keyword === "security" ? "without the credential that is required" : "that breaks a rule";
    const message = `a request ${what} was answered ${status}`;
    const finding = say("invalid-rejected", identity, message, operation.node);
    return [rule === null ? finding : { ...finding, place: rule.place }];
  }
  if (expectation === "accepted" && status === 401 && request.credentials !== undefined) {
    const schemes = request.credentials.map(({ scheme }) => `\`${scheme}\``).join(", ");
    const message = `the credential for ${schemes} was not taken (401)`;
    return [
      say("valid-accepted", "credential", message, operation.security?.node ?? operation.node, "warning"),
    ];
  }
  if (expectation === "accepted" && status >= 400 && !TOLERATED.includes(status)) {
    const message = `a request that the document allows was answered ${status}`;
    const finding = say("valid-accepted", identity, message, operation.node, "warning");
    return [rule === null ? finding : { ...finding, place: rule.place }];
  }
  return [];
};

const documentFindings = (
  operation: Operation,
  answer: ApiAnswer,
  context: CheckContext,
  say: Say,
): readonly ApiFinding[] => {
  const { status } = answer;
  const rule = ruleFor(operation.responses, status);
  if (rule === undefined) {
    const isUnmatched = status === 404 && operation.parameters.some(({ place }) => place === "path");
    const severity = OF_GATEWAYS.includes(status) || isUnmatched ? "warning" : "failure";
    const message = `the document does not say that ${status} may be answered`;
    return [say("status-documented", String(status), message, operation.node, severity)];
  }
  const hasNoBody =
    operation.method === "HEAD" || status < 200 || status === 204 || status === 205 || status === 304;
  if (hasNoBody || rule.contents.length === 0) return [];
  return contentFindings(rule, answer, context, say);
};

const contentFindings = (
  rule: ResponseRule,
  answer: ApiAnswer,
  context: CheckContext,
  say: Say,
): readonly ApiFinding[] => {
  const { status, body } = answer;
  const declared = rule.contents.map(({ mediaType }) => mediaType).join(", ");
  const type = headerOf(answer, "content-type");
  if (body.length === 0 && lacksJson(rule, type)) {
    const message = `the answer is empty, and the document says ${declared}`;
    return [say("body-decodes", `${status} empty`, message, rule.node)];
  }
  if (type === undefined) {
    // Nothing is of no type.
    if (body.length === 0) return [];
    const message = `the answer does not say its type; documented is ${declared}`;
    return [say("content-type", `${status} none`, message, rule.node)];
  }
  const nearest = nearestTypes(rule.contents, type);
  if (nearest.length === 0) {
    const essence = essenceOf(type);
    const message = `the answer is \`${essence}\`, and the document says ${declared}`;
    return [say("content-type", `${status} ${essence}`, message, rule.node)];
  }
  if (!isJsonType(type)) return [];
  if ((headerOf(answer, "content-encoding") ?? "identity").toLowerCase() !== "identity") {
    const message = "the answer is compressed, which nobody asked for, so its body is not judged";
    return [say("body-decodes", `${status} encoded`, message, rule.node, "warning")];
  }
  // Which of several that differ in parameters is meant, nobody can say.
  const [schema = null] = nearest.length === 1 ? nearest.map((content) => content.schema) : [];
  return jsonFindings(rule, schema, decodeJson(body, type), status, context, say);
};

/** Whether an answer without content owes some: no text is JSON if it is empty, and a file may be. */
const lacksJson = ({ contents }: ResponseRule, type: string | undefined): boolean =>
  type === undefined
    ? contents.every(({ mediaType }) => mayBeJson(mediaType))
    : isJsonType(type) || contents.every(({ mediaType }) => isJsonType(mediaType));

const jsonFindings = (
  rule: ResponseRule,
  schema: ResponseContent["schema"],
  decoded: DecodedBody,
  status: number,
  context: CheckContext,
  say: Say,
): readonly ApiFinding[] => {
  if (decoded.k === "unjudged") return [];
  if (decoded.k === "broken") return [say("body-decodes", String(status), decoded.message, rule.node)];
  if (schema === null) return [];
  const { schemas } = context;
  const findings = new Map<string, ApiFinding>();
  for (const mistake of judgedMistakes(context, schema, decoded.value)) {
    const node = ruleNode(schemas, schema, mistake) ?? rule.node;
    const where = mistake.at === "" ? "the answer" : `\`${mistake.at}\` of the answer`;
    // One wrong field in a list of a hundred, or at each level of a tree, is one cause.
    const member = pointerParts(mistake.at)?.findLast((part) => !/^\d+$/.test(part)) ?? "";
    const identity = `${status} ${nodeKey(node)} ${member} ${mistake.keyword} ${mistake.name ?? ""}`.trim();
    // Whichever rules are against null, what is unsure is one thing.
    const at = mistake.at.replace(/\/\d+(?=\/|$)/g, "/*");
    const finding = isUnsureNull(schemas, schema, decoded.value, mistake.at)
      ? say("response-schema", `${status} ${at} null`, `${where} ${NULL_UNSURE_WORDS}`, node, "warning")
      : say("response-schema", identity, `${where} ${mistake.message}`, node);
    if (!findings.has(finding.cause)) findings.set(finding.cause, finding);
  }
  return [...findings.values()];
};

const NULL_UNSURE_WORDS = "is null, which `nullable` without a `type` beside it does not surely allow";

/** Whether a null stands where readers differ about it: such a document is at fault more than a server. */
const isUnsureNull = (
  schemas: SchemaRegistry,
  schema: NonNullable<ResponseContent["schema"]>,
  value: JsonValue,
  at: string,
): boolean => partAt(value, at) === null && isNullUnsure(schemasAt(schemas, schema, at).facets);

const partAt = (value: JsonValue, at: string): JsonValue | undefined =>
  (pointerParts(at) ?? []).reduce<JsonValue | undefined>(
    (part, key) =>
      typeof part === "object" && part !== null && Object.hasOwn(part, key)
        ? (part as { readonly [name: string]: JsonValue })[key]
        : undefined,
    value,
  );

/** A body nested so deeply that judging it runs out of stack is not judged. */
const judgedMistakes = (
  context: CheckContext,
  schema: NonNullable<ResponseContent["schema"]>,
  value: JsonValue,
) => {
  try {
    return mistakesIn(context, schema, value);
  } catch (error) {
    if (isStackEnd(error)) return [];
    throw error;
  }
};

const headerOf = ({ headers }: ApiAnswer, name: string): string | undefined =>
  headers.find(([each]) => each.toLowerCase() === name)?.[1];

const isStackEnd = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "name" in error && error.name === "RangeError";
