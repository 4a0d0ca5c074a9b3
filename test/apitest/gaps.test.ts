import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { API_PROBLEM_CODES } from "#apitest/load/problems.ts";
import { readDocument } from "#apitest/load/read-document.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { caseCount } from "#test/kit/cases.ts";
import { bodiesOf, bodyDocument, planOf } from "./kit.ts";

const ratio = { type: "number", minimum: 0, maximum: 1 };
/** No text is a URI of five characters that the generator is sure of. */
const unfillable = { type: "string", format: "uri", maxLength: 5 };

const planned = async (schema: JsonValue) => {
  const text = JSON.stringify(JSON.parse(bodyDocument(schema)), null, 1);
  const { tests, problems } = await planOf({ "api.yaml": text });
  const cases = tests?.plan.cases ?? [];
  const lines = text.split("\n");
  return {
    cases,
    /** `keyword at` of the rules that requests break. */
    broken: new Set(
      cases.flatMap(({ expectation, rule }) =>
        expectation === "rejected" && rule !== null ? [`${rule.keyword} ${rule.at}`] : [],
      ),
    ),
    /** Names that stand on the lines of problems. */
    noted: problems.map(({ problem }) => [
      problem.code,
      /"([^"]+)"/.exec(lines[problem.range.line - 1] ?? "")?.[1],
    ]),
  };
};

describe("a property for which no value is found", () => {
  test.each<[string, JsonObject]>([
    ["beside others", { extra: unfillable }],
    ["within an object", { inner: { type: "object", properties: { extra: unfillable } } }],
    [
      "within the items of a list",
      { inner: { type: "array", items: { type: "object", properties: { extra: unfillable } } } },
    ],
    [
      "that is required where it is",
      { inner: { type: "object", required: ["extra"], properties: { extra: unfillable } } },
    ],
  ])("%s takes no test away from the others", async (_, more) => {
    const properties = { name: { type: "string", maxLength: 9 }, ratio, step: ratio };
    const schema = (all: JsonObject) => ({ type: "object", required: ["name"], properties: all });
    const { broken } = await planned(schema(properties));
    expect(broken).toContain("maximum /ratio");
    const { broken: others } = await planned(schema({ ...properties, ...more }));
    expect([...broken].filter((each) => !others.has(each))).toEqual([]);
  });

  test("is named with its line, and its type is still broken", async () => {
    const { broken, noted } = await planned({
      type: "object",
      properties: {
        extra: unfillable,
        inner: { type: "array", items: { type: "object", properties: { deep: unfillable } } },
        list: { type: "array", items: unfillable },
      },
    });
    expect(noted).toEqual([
      [API_PROBLEM_CODES.noValue, "extra"],
      [API_PROBLEM_CODES.noValue, "deep"],
      [API_PROBLEM_CODES.noValue, "items"],
    ]);
    for (const at of ["/extra", "/inner/0/deep", "/list/0"]) expect(broken).toContain(`type ${at}`);
  });

  test("is noted in an alternative too", async () => {
    const { noted } = await planned({ oneOf: [{ type: "integer" }, { title: "x", ...unfillable }] });
    expect(noted.map(([code]) => code)).toContain(API_PROBLEM_CODES.noValue);
  });
});

describe("patterns that are not understood are tried with plain texts", () => {
  test.each<[string, JsonObject, string]>([
    ["a password", { pattern: "^(?=.*[A-Z])(?=.*\\d).{8,20}$" }, "A1111111"],
    [
      "a password with a sign",
      { pattern: "^(?=.*[a-z])(?=.*[A-Z])(?=.*\\d)(?=.*[^\\w\\s]).+$", minLength: 12 },
      "Aa1!aaaaaaaa",
    ],
    ["letters of any script", { pattern: "^\\p{Lu}\\p{L}{1,10}$" }, "Aaaaaa"],
    ["a reference back", { pattern: "^(.)\\1+$" }, "aaaaaa"],
  ])("%s", async (_, rules, expected) => {
    const { cases } = await planned({ type: "object", properties: { extra: { type: "string", ...rules } } });
    expect(bodiesOf(cases, "accepted")).toContainEqual({ extra: expected });
  });
});

test("parts that exclude each other are each broken", async () => {
  const { broken } = await planned({
    type: "object",
    properties: { a: { type: "integer", maximum: 3 }, b: { type: "integer", maximum: 5 } },
    not: { required: ["a", "b"] },
  });
  expect(broken).toContain("maximum /a");
  expect(broken).toContain("maximum /b");
});

test("parts that need each other are sent together, or it is said that one is not sent", async () => {
  const schema = (names: readonly string[]): JsonObject => ({
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, { type: "boolean" }])),
    dependentRequired: { a: ["c"] },
    not: { required: ["b", "c"] },
  });
  const { cases, noted } = await planned(schema(["a", "c", "b"]));
  expect(bodiesOf(cases, "accepted")).toContainEqual({ a: true, c: true });
  expect(noted).not.toContainEqual([API_PROBLEM_CODES.noValue, "a"]);
  expect((await planned(schema(["a", "b", "c"]))).noted).toContainEqual([API_PROBLEM_CODES.noValue, "a"]);
});

const leaf = fc.constantFrom<JsonObject>(
  { type: "boolean" },
  { type: "string", maxLength: 4 },
  { type: "integer", minimum: 3 },
  { type: "string", enum: ["x", "y"] },
  { type: "string", pattern: "^[a-c]{3}$" },
  { type: "string", pattern: "(?!)" },
  { type: "integer", minimum: 5, maximum: 3 },
  unfillable,
  { type: "array", items: { type: "integer" } },
  { type: "array", items: unfillable },
);

const objectOf = (member: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      properties: fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), member, { minKeys: 1, maxKeys: 5 }),
      isClosed: fc.boolean(),
    })
    .map(({ properties, isClosed }) => ({
      type: "object",
      properties,
      ...(isClosed ? { additionalProperties: false } : {}),
    }));

/** All properties: where a value has them, and where the schema says them. */
const propertiesIn = (
  schema: JsonObject,
  at = "",
  said = "",
): readonly { readonly at: string; readonly said: string }[] => {
  const { properties, items } = schema;
  const inner = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    ...inner.flatMap(([name, property]) => {
      const own = { at: `${at}/${name}`, said: `${said}/properties/${name}` };
      return isJsonObject(property) ? [own, ...propertiesIn(property, own.at, own.said)] : [];
    }),
    ...(isJsonObject(items) ? propertiesIn(items, `${at}/0`, `${said}/items`) : []),
  ];
};

const BODY = "/paths/~1things/post/requestBody/content/application~1json/schema";

const valueAt = (value: unknown, pointer: string): unknown =>
  pointer
    .split("/")
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key], value);

test("each property of a body is sent and broken, or named as one that is not", async () => {
  const nested = fc.oneof(
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: objectOf(leaf) },
    { weight: 1, arbitrary: objectOf(leaf).map((items) => ({ type: "array", items })) },
  );
  await fc.assert(
    fc.asyncProperty(objectOf(nested), async (schema) => {
      const text = bodyDocument(schema);
      const { tests, problems } = await planOf({ "api.yaml": text });
      const cases = tests?.plan.cases ?? [];
      const sent = bodiesOf(cases, "accepted");
      const lines = new Set(problems.map(({ problem }) => problem.range.span[0]));
      const source = readDocument("api.yaml", utf8(text)).value;
      for (const { at, said } of propertiesIn(schema)) {
        const isSent = sent.some((body) => valueAt(body, at) !== undefined);
        const isBroken = cases.some(
          ({ expectation, rule }) => expectation === "rejected" && rule?.at.startsWith(at) === true,
        );
        const isNoted = lines.has(source?.rangeOf(`${BODY}${said}`).span[0] ?? -1);
        expect([at, isNoted !== isSent, isBroken]).toEqual([at, true, true]);
      }
    }),
    { numRuns: caseCount(60), seed: 20_261_122 },
  );
});
