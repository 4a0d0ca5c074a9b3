import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { ApiRequest, ApiRule, ApiTestAgent, ApiTestCase } from "#protocol/api-test.ts";

import { placeOf } from "../load/document-set.ts";
import { API_PROBLEM_CODES } from "../load/problems.ts";
import type { LeftOut } from "../model/operation.ts";
import { leaveOut } from "../model/read-model.ts";
import { formattedTexts, isGuess } from "../schema/formatted.ts";
import type { SchemaRegistry } from "../schema/registry.ts";
import type { AgentContext } from "./context.ts";
import { type Draft, PLAINEST } from "./draft.ts";
import { negativeDrafts } from "./negative.ts";
import { partsOf } from "./parts.ts";
import { positiveDrafts } from "./positive.ts";
import { requestOf } from "./request.ts";
import { type ValidOperation, validOperation } from "./valid-parts.ts";

export interface CaseOptions {
  readonly agents: readonly ApiTestAgent[];
  /** Most cases of one operation. */
  readonly casesPerOperationMax: number;
  /** Most cases in all. */
  readonly casesMax: number;
}

export interface PlannedCase {
  readonly draft: Draft;
  readonly testCase: ApiTestCase;
}

export type Digest = (bytes: Uint8Array) => Sha256;

const AGENTS: Readonly<
  Record<ApiTestAgent, (operation: ValidOperation, context: AgentContext) => readonly Draft[]>
> = {
  "functional-positive": positiveDrafts,
  "functional-negative": negativeDrafts,
};

export interface MadeCases {
  readonly cases: readonly PlannedCase[];
  /** Operations for which no valid request was found. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * The cases of a document, operation by operation, the plainest request of each first. Two cases never send
 * the same bytes for the same reason. Pure: model, seed and options decide everything.
 */
export const casesOf = (context: AgentContext, options: CaseOptions, digest: Digest): MadeCases => {
  const cases: PlannedCase[] = [];
  const leftOut: LeftOut[] = [];
  const seen = new Set<string>();
  for (const operation of context.model.operations) {
    if (cases.length >= options.casesMax) {
      const { method, path, node } = operation;
      const why = `the document has more than the ${options.casesMax} cases that are made`;
      leftOut.push(leaveOut(method, path, node, why, context.log));
      continue;
    }
    const valid = validOperation(operation, context);
    if (valid === undefined) {
      const { method, path, node } = operation;
      leftOut.push(leaveOut(method, path, node, "no request was found that it allows", context.log));
      continue;
    }
    let count = 0;
    for (const agent of options.agents) {
      for (const draft of AGENTS[agent](valid, context)) {
        const planned = caseOf(draft, context, digest);
        if (planned === undefined || seen.has(planned.key)) continue;
        if (count >= options.casesPerOperationMax || cases.length >= options.casesMax) {
          const message = `only ${count} cases of the operation are made, and more could be`;
          context.log.say(API_PROBLEM_CODES.notTested, operation.node, message);
          break;
        }
        seen.add(planned.key);
        cases.push({ draft, testCase: planned.testCase });
        count += 1;
      }
    }
  }
  return { cases, leftOut };
};

/** Undefined where a value of the draft cannot be sent. */
export const caseOf = (
  draft: Draft,
  { model, schemas }: AgentContext,
  digest: Digest,
): { readonly key: string; readonly testCase: ApiTestCase } | undefined => {
  const request = requestOf(draft, model.basePath);
  if (request === undefined) return undefined;
  const { operation, agent, expectation, what } = draft;
  // A valid request that may not be valid proves nothing by being refused, whatever else it is about.
  const isSure = expectation !== "accepted" || !hasGuess(draft, schemas);
  const rule = isSure ? ruleOf(draft) : null;
  const key = canonicalJson(keyOf(draft, request, rule));
  const id = digest(utf8(key)).slice(0, 16);
  return {
    key,
    testCase: {
      id,
      agent,
      method: operation.method,
      path: operation.path,
      place: placeOf(operation.node),
      request,
      expectation,
      rule,
      isPlainest: isSure && what === PLAINEST,
      part: draft.deviation?.part ?? null,
      title: `${operation.method} ${operation.path}: ${what}`,
      why: WHY[expectation](what),
    },
  };
};

const hasGuess = ({ operation, values }: Draft, schemas: SchemaRegistry): boolean =>
  partsOf(operation).some(({ name, schema }) =>
    formattedTexts(schemas, schema, values.get(name) ?? null).some(isGuess),
  );

/** A valid request is the same test however it was come by; an invalid one counts once for each rule. */
const keyOf = (draft: Draft, { credentials, ...request }: ApiRequest, rule: ApiRule | null) => ({
  agent: draft.agent,
  path: draft.operation.path,
  request: {
    ...request,
    headers: request.headers.map((header) => [...header]),
    // Absent where there are none, so that such cases keep their ids.
    ...(credentials === undefined
      ? {}
      : { credentials: credentials.map((credential) => ({ ...credential })) }),
  },
  rule: draft.expectation === "accepted" || rule === null ? null : [rule.keyword, rule.part, rule.at],
});

const ruleOf = ({ deviation }: Draft): ApiRule | null => {
  switch (deviation?.k) {
    case undefined:
      return null;
    case "valid":
      return deviation.rule === null
        ? null
        : {
            keyword: deviation.rule.keyword,
            part: deviation.part,
            at: "",
            place: placeOf(deviation.rule.node),
          };
    case "broken":
      return {
        keyword: deviation.keyword,
        part: deviation.part,
        at: deviation.at,
        place: placeOf(deviation.node),
      };
    case "anonymous":
      return { keyword: "security", part: deviation.part, at: "", place: placeOf(deviation.node) };
    case "missing":
      return { keyword: "required", part: deviation.part, at: "", place: placeOf(deviation.node) };
    case "syntax":
      return { keyword: "syntax", part: deviation.part, at: "", place: placeOf(deviation.node) };
  }
};

const WHY = {
  accepted: (what: string) => `every part is what the document allows (${what}), so the server takes it`,
  rejected: (what: string) =>
    `one rule is broken (${what}), however the request is read, so the server refuses it`,
  survived: (what: string) =>
    `whether this is refused is left to the server (${what}); it must not break down`,
} as const;
