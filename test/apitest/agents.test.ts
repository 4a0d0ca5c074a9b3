import { describe, expect, test } from "vitest";

import { API_PROBLEM_CODES } from "#apitest/load/problems.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { readTestPlan } from "#protocol/api-test-schema.ts";
import { verifies } from "#test/kit/verifies.ts";
import { bodyDocument, casesOf, document, planOf } from "./kit.ts";

const order = {
  type: "object",
  required: ["item", "quantity"],
  properties: {
    item: { type: "string", minLength: 1, maxLength: 10 },
    quantity: { type: "integer", minimum: 1, maximum: 1000 },
    note: { type: "string" },
  },
};

describe("the cases of a document", () => {
  test("repeat with their seed, byte for byte, and differ with another", async () => {
    verifies("apitest.agent.functional-positive");
    const plan = async (seed: number) =>
      (await planOf({ "api.yaml": bodyDocument(order) }, { seed })).tests?.plan;
    expect(await plan(3)).toEqual(await plan(3));
    expect(await plan(3)).not.toEqual(await plan(4));
  });

  test("of one operation do not change with another operation", async () => {
    const one = JSON.parse(bodyDocument(order)) as { paths: Record<string, unknown> };
    const two = structuredClone(one);
    two.paths = { "/before": { get: { responses: {} } }, ...two.paths };
    const plan = async (value: unknown) =>
      (await planOf({ "api.yaml": JSON.stringify(value) })).tests?.plan.cases ?? [];
    const requests = (await plan(two)).filter(({ path }) => path === "/things").map(({ request }) => request);
    expect(requests).toEqual((await plan(one)).map(({ request }) => request));
  });

  test("never send the same bytes twice for the same reason", async () => {
    const cases = await casesOf(bodyDocument(order));
    const valid = cases.filter(({ expectation }) => expectation === "accepted");
    expect(new Set(valid.map(({ request }) => canonicalJson(request as unknown as JsonValue))).size).toBe(
      valid.length,
    );
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  });

  test("begin with the plainest, which has only what is required", async () => {
    const [first] = await casesOf(bodyDocument(order));
    expect(first).toMatchObject({ isPlainest: true, expectation: "accepted", rule: null });
    expect(Object.keys(JSON.parse(first?.request.body ?? "{}") as object)).toEqual(["item", "quantity"]);
  });

  test("name the line of the rule that they are about", async () => {
    verifies("apitest.agent.functional-negative");
    const text = JSON.stringify(JSON.parse(bodyDocument(order)), null, 1);
    const cases = await casesOf(text);
    const line = text.split("\n").findIndex((each) => each.includes('"maximum": 1000')) + 1;
    const atMaximum = cases.filter(({ rule }) => rule?.keyword === "maximum");
    expect(atMaximum.map(({ rule }) => rule?.place.range.line)).toEqual(atMaximum.map(() => line));
    expect(atMaximum.map(({ expectation }) => expectation).sort()).toEqual([
      "accepted",
      "accepted",
      "rejected",
    ]);
  });

  test("stay below the bounds that are set", async () => {
    const { tests } = await planOf({ "api.yaml": bodyDocument(order) }, { casesPerOperationMax: 5 });
    expect(tests?.plan.cases).toHaveLength(5);
  });

  test("are what the reader of plans accepts", async () => {
    const { tests } = await planOf({ "api.yaml": bodyDocument(order) });
    expect(readTestPlan(JSON.parse(JSON.stringify(tests?.plan)))).toEqual(tests?.plan);
  });

  test.each([
    ["a target that begins another request", { target: "/a HTTP/1.1\r\nx: y" }],
    ["a header that begins another", { headers: [["a", "b\r\nc: d"]] }],
    ["a method that is none", { method: "GET /" }],
  ])("that reader refuses %s", async (_, change) => {
    const { tests } = await planOf({ "api.yaml": bodyDocument(order) }, { casesPerOperationMax: 1 });
    const plan = structuredClone(tests?.plan);
    const [first] = plan?.cases ?? [];
    Object.assign(first?.request ?? {}, change);
    expect(readTestPlan(plan)).toBeUndefined();
  });
});

describe("what is not tested is said", () => {
  const codes = async (
    operation: Readonly<Record<string, JsonValue>>,
    method = "get",
  ): Promise<readonly string[]> =>
    (await planOf({ "api.yaml": document(operation, { method }) })).problems.map(
      ({ problem }) => problem.code,
    );
  const { lostReference, notTested, noValue, shape, wrongExample } = API_PROBLEM_CODES;
  const body = (mediaType: string, schema: JsonValue): Readonly<Record<string, JsonValue>> => ({
    requestBody: { required: true, content: { [mediaType]: { schema } } },
  });
  test.each<[string, Readonly<Record<string, JsonValue>>, string, readonly string[]]>([
    ["credentials of no scheme", { security: [{ key: [] }] }, "get", [lostReference, notTested]],
    ["credentials that are optional", { security: [{ key: [] }, {}] }, "get", [lostReference]],
    ["a body of another media type", body("multipart/form-data", {}), "post", [notTested, notTested]],
    ["a body of GET, which the operation needs", body("application/json", {}), "get", [notTested, notTested]],
    ["headers of an answer", { responses: { "200": { headers: { a: {} } } } }, "get", [notTested]],
    [
      "a header that is no parameter",
      { parameters: [{ name: "Accept", in: "header", schema: {} }] },
      "get",
      [notTested],
    ],
    [
      "a schema that contradicts itself",
      body("application/json", { type: "integer", minimum: 5, maximum: 3 }),
      "post",
      [noValue, notTested],
    ],
    ["a schema that allows nothing", body("application/json", false), "post", [noValue, notTested]],
    [
      "an example that is wrong",
      body("application/json", { type: "integer", example: "x" }),
      "post",
      [wrongExample],
    ],
    ["a parameter without a name", { parameters: [{ in: "query" }] }, "get", [shape]],
    ["a status that is none", { responses: { "2000": {} } }, "get", [shape]],
  ])("%s", async (_, operation, method, expected) => {
    expect(await codes(operation, method)).toEqual(expected);
  });

  test.each<[string, Readonly<Record<string, JsonValue>>, string, string]>([
    ["it needs credentials", { security: [{ key: [] }] }, "get", "credentials"],
    ["of a body of XML", body("application/xml", {}), "post", "the body that it needs"],
    ["of a body of parts", body("multipart/form-data", {}), "post", "the body that it needs"],
    [
      "of a parameter in a style that is not sent",
      { parameters: [{ name: "a", in: "header", required: true, style: "matrix", schema: {} }] },
      "get",
      "a parameter that it needs",
    ],
    ["no value is allowed", body("application/json", false), "post", "no request was found"],
    ["it is TRACE", {}, "trace", "TRACE"],
  ])("an operation is left out and listed because %s", async (_, operation, method, why) => {
    const { tests, problems } = await planOf({ "api.yaml": document(operation, { method }) });
    expect(tests?.plan.leftOut).toMatchObject([
      { method: method.toUpperCase(), path: "/things", why: expect.stringContaining(why) as string },
    ]);
    expect(tests?.plan.cases).toEqual([]);
    const said = problems.find(({ problem }) => problem.message.startsWith("the operation is left out: "));
    expect(said).toMatchObject({ file: "api.yaml", problem: { code: notTested, class: "quality" } });
  });

  const inner = { type: "integer", minimum: 3 };
  test.each<[string, JsonValue]>([
    ["oneOf", { oneOf: [inner, { type: "string" }] }],
    ["anyOf", { anyOf: [inner, { type: "string" }] }],
    ["not", { type: "integer", not: { const: 4 } }],
    ["if", { type: "object", if: { required: ["a"] }, then: { required: ["b"] } }],
    ["minProperties", { type: "object", minProperties: 1, properties: { a: inner } }],
    ["maxProperties", { type: "object", maxProperties: 1, properties: { a: inner } }],
    ["patternProperties", { type: "object", patternProperties: { "^a": inner } }],
    ["propertyNames", { type: "object", propertyNames: { maxLength: 3 } }],
    [
      "dependentRequired",
      { type: "object", properties: { a: inner, b: inner }, dependentRequired: { a: ["b"] } },
    ],
    [
      "dependentSchemas",
      { type: "object", properties: { a: inner, b: inner }, dependentSchemas: { a: { required: ["b"] } } },
    ],
    ["contains", { type: "array", contains: inner, example: [3] }],
    ["prefixItems", { type: "array", prefixItems: [inner, inner] }],
    ["additionalProperties", { type: "object", additionalProperties: inner }],
  ])(
    "rules of `%s` that no request breaks are named with their place, in requests alone",
    async (keyword, schema) => {
      const text = bodyDocument(schema);
      const { problems, tests } = await planOf({ "api.yaml": text });
      expect(problems.map(({ problem }) => problem.code)).toEqual([notTested]);
      const [start = 0, end = 0] = problems[0]?.problem.range.span ?? [];
      expect(text.slice(start, end)).toBe(keyword);
      expect(tests?.plan.cases.filter(({ rule }) => rule?.keyword === keyword)).toEqual([]);
      const answered = {
        responses: { "200": { description: "", content: { "application/json": { schema } } } },
      };
      expect((await planOf({ "api.yaml": document(answered) })).problems).toEqual([]);
    },
  );

  test("cases beyond the bounds are said to be left out", async () => {
    const { problems } = await planOf({ "api.yaml": bodyDocument(order) }, { casesPerOperationMax: 5 });
    expect(problems.map(({ problem }) => problem.message)).toEqual([
      "only 5 cases of the operation are made, and more could be",
    ]);
  });

  test.each([
    ["Swagger 2.0", '{"swagger": "2.0", "paths": {}}'],
    ["a later version", '{"openapi": "4.0.0", "paths": {}}'],
    ["no object", "[]"],
    ["no paths", '{"openapi": "3.1.0"}'],
    ["a path parameter that is not there", '{"openapi":"3.1.0","paths":{"/a/{b}":{"get":{"responses":{}}}}}'],
  ])("%s is no document that tests are made of", async (_, text) => {
    const { problems, tests } = await planOf({ "api.yaml": text });
    expect(problems.map(({ problem }) => problem.code).filter((code) => code !== notTested)).toEqual([shape]);
    expect(tests?.plan.cases ?? []).toEqual([]);
  });
});

test("smaller cases still test the same", async () => {
  verifies("apitest.beyond.shrunk-failures");
  const { tests } = await planOf({ "api.yaml": bodyDocument(order) });
  const broken = tests?.plan.cases.find(
    ({ rule, expectation, request }) =>
      rule?.keyword === "maximum" && expectation === "rejected" && request.body?.includes('"note"') !== true,
  );
  const smaller = tests?.smaller(broken?.id ?? "") ?? [];
  expect(smaller.length).toBeGreaterThan(0);
  for (const each of smaller) {
    expect(each.rule).toEqual(broken?.rule);
    const sent = JSON.parse(each.request.body ?? "null") as { item: string; quantity: number };
    // The part that is broken stays broken, and the others stay valid.
    expect(sent.quantity).toBeGreaterThan(1000);
    expect(sent.item.length).toBeGreaterThan(0);
  }
});
