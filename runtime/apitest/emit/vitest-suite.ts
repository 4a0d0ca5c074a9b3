import { visibleText } from "#kernel/visible-text.ts";
import type { ApiOperation, ApiTestCase, ApiTestPlan } from "#protocol/api-test.ts";

import { literal } from "./literal.ts";
import { SUITE_ANSWERS } from "./suite-answers.ts";
import { SUITE_REQUESTS } from "./suite-requests.ts";
import { SUITE_SCHEMA } from "./suite-schema.ts";

export interface SuiteOrigin {
  /** The document as the user named it. */
  readonly document: string;
  readonly seed: number;
  /** Of the program that writes the suite. */
  readonly version: string;
}

/**
 * A vitest suite in TypeScript that needs nothing but vitest and Node, and tests the server that `API_BASE_URL`
 * names. All that comes from the document stands in string literals and nowhere else, the schemas of answers too.
 */
export const vitestSuite = (plan: ApiTestPlan, origin: SuiteOrigin): string => {
  const groups = Map.groupBy(plan.cases, ({ method, path }) => `${method} ${path}`);
  const blocks = plan.operations.flatMap((operation) => {
    const cases = groups.get(`${operation.method} ${operation.path}`) ?? [];
    return cases.length === 0 ? [] : [operationBlock(operation, cases)];
  });
  const parts = [
    header(origin),
    SUITE_REQUESTS,
    SUITE_ANSWERS,
    SUITE_SCHEMA,
    schemasText(plan),
    ...blocks,
    ...endBlock(plan),
  ];
  return `${parts.join("\n\n")}\n`;
};

/** As texts that the suite parses: in a literal a member called `__proto__` would not be one. */
const schemasText = ({ schemas }: ApiTestPlan): string =>
  [
    "/** Schemas of answers as the document has them, as JSON Schema 2020-12. */",
    "const schemas: { [name: string]: Json } = {",
    ...Object.entries(schemas).map(
      ([name, schema]) => `  ${name}: JSON.parse(${literal(JSON.stringify(schema))}) as Json,`,
    ),
    "};",
  ].join("\n");

const header = ({ document, seed, version }: SuiteOrigin): string =>
  [
    `// Made by writ ${version} from ${comment(document)} with seed ${seed}.`,
    "// Run it against a server that may be changed by it: API_BASE_URL=http://127.0.0.1:8080 npx vitest run",
    'import { request as requestHttp } from "node:http";',
    'import { request as requestHttps } from "node:https";',
    'import { runInNewContext } from "node:vm";',
    'import { afterAll, describe, expect, test } from "vitest";',
  ].join("\n");

/** A file's name within a comment: one line, and nothing that ends it. */
const comment = (text: string): string => visibleText(text).replace(/[^\u0020-\u007e]/gu, "?");

const operationBlock = (operation: ApiOperation, cases: readonly ApiTestCase[]): string => {
  const { method, path, responses, place } = operation;
  const documented = literal(
    responses.map(({ status, contents }) => [
      status,
      contents.map(({ mediaType, schema }) => [mediaType, schema]),
    ]),
  );
  const kinds = cases.map(kindOf);
  const valid = kinds.filter((kind) => VALID.includes(kind)).length;
  return [
    `// ${comment(place.file)}:${place.range.line}`,
    `describe(${literal(`${method} ${path}`)}, () => {`,
    `  const operation = operationOf(${documented}, ${String(path.includes("{"))}, ${valid});`,
    ...(kinds.includes("plainest") ? ["  afterAll(() => expectSomeTakenOf(operation));"] : []),
    "",
    cases.map(testBlock).join("\n\n"),
    "});",
  ].join("\n");
};

const endBlock = ({ cases }: ApiTestPlan): readonly string[] => {
  const unforbidden = cases.filter(({ expectation }) => expectation !== "rejected").length;
  return unforbidden === 0 ? [] : [`afterAll(() => expectSomeTaken(${unforbidden}));`];
};

type Kind = "plainest" | "bound" | "valid" | "rejected" | "survived";

const VALID: readonly Kind[] = ["plainest", "bound", "valid"];

const kindOf = ({ expectation, isPlainest, rule }: ApiTestCase): Kind => {
  if (expectation !== "accepted") return expectation;
  if (isPlainest) return "plainest";
  return rule === null ? "valid" : "bound";
};

const testBlock = (testCase: ApiTestCase): string => {
  const { method, path, title, request, why } = testCase;
  const name = title.replace(`${method} ${path}: `, "");
  return [
    `  test(${literal(`${name} [${testCase.id}]`)}, async () => {`,
    `    // ${comment(why)}`,
    `    const answer = await send(${literal(request)});`,
    `    expectAnswer(answer, ${literal(kindOf(testCase))}, operation);`,
    "  });",
  ].join("\n");
};
