import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { DocumentSet } from "#apitest/load/document-set.ts";
import { pointerParts } from "#apitest/load/pointer.ts";
import { ProblemLog } from "#apitest/load/problem-log.ts";
import { readDocument } from "#apitest/load/read-document.ts";
import { below } from "#apitest/schema/facets.ts";
import { type BrokenRule, SchemaJudge } from "#apitest/schema/judge.ts";
import { mistakesIn } from "#apitest/schema/mistakes.ts";
import { SchemaRegistry } from "#apitest/schema/registry.ts";
import { ruleNode } from "#apitest/schema/rule-node.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import { caseCount } from "#test/kit/cases.ts";
import { document, planOf } from "./kit.ts";

type Schemas = Readonly<Record<string, JsonValue>>;

const to = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const cat = {
  type: "object",
  required: ["kind", "lives"],
  properties: { kind: { enum: ["cat"] }, lives: { type: "integer", maximum: 9 }, kitten: to("Cat") },
};
const dog = {
  type: "object",
  required: ["kind", "barks"],
  properties: { kind: { enum: ["dog"] }, barks: { type: "boolean" }, friend: to("Pet") },
};
const ant = {
  type: "object",
  required: ["kind"],
  properties: { kind: { enum: ["ant"] }, legs: { minimum: 6 } },
};
const PETS: Schemas = { Pet: { oneOf: [to("Cat"), to("Dog")] }, Cat: cat, Dog: dog, Ant: ant };

/** Each failure of an answer: the line's pointer (from the schemas of the document on) and what is said. */
const saidOf = async (schema: JsonValue, value: JsonValue, schemas: Schemas = PETS, openapi = "3.1.0") => {
  const responses = { "200": { description: "", content: { "application/json": { schema } } } };
  const text = JSON.stringify({
    ...(JSON.parse(document({ responses }, { openapi })) as object),
    components: { schemas },
  });
  const { tests } = await planOf({ "api.yaml": text });
  const answer = {
    status: 200,
    headers: [["content-type", "application/json"]] as const,
    body: utf8(JSON.stringify(value)),
  };
  const findings = tests?.judge(tests.plan.cases[0]?.id ?? "", answer) ?? [];
  return findings.map(
    ({ place, message }) => `${place.pointer.split(/\/schemas\/|json\/schema\//).at(-1)}: ${message}`,
  );
};

describe("one mistake behind alternatives is one failure at the line of its rule", () => {
  const many: Schemas = { ...PETS, Any: { oneOf: [to("Pet"), to("Ant")] } };
  const alike: Schemas = {
    A: { type: "object", required: ["a"], properties: { size: { minimum: 1 } } },
    B: { type: "object", required: ["b"], properties: { size: { minimum: 2 } } },
  };
  const marked = (mapping: Schemas, names: readonly string[] = ["A", "B"]): Schemas => ({
    A: { properties: { size: { minimum: 1 } } },
    B: { properties: { size: { minimum: 2 } } },
    Pet: { oneOf: names.map(to), discriminator: { propertyName: "kind", mapping } },
  });

  test.each<[string, JsonValue, JsonValue, readonly string[], Schemas?, string?]>([
    [
      "a branch told by a listed value",
      to("Pet"),
      { kind: "cat", lives: 10 },
      ["Cat/properties/lives/maximum: `/lives` of the answer must be <= 9"],
    ],
    [
      "a member of a wrong type does not make it another branch",
      to("Pet"),
      { kind: "cat", lives: "nine" },
      ["Cat/properties/lives/type: `/lives` of the answer must be integer"],
    ],
    [
      "two mistakes in it are two",
      to("Pet"),
      { kind: "dog", friend: { kind: "cat" } },
      [
        "Dog/required: the answer must have required property 'barks'",
        "Cat/required: `/friend` of the answer must have required property 'lives'",
      ],
    ],
    [
      "anyOf",
      { anyOf: [to("Cat"), to("Dog")] },
      { kind: "dog", barks: 1 },
      ["Dog/properties/barks/type: `/barks` of the answer must be boolean"],
    ],
    [
      "alternatives within alternatives",
      to("Any"),
      { kind: "cat", lives: 10 },
      ["Cat/properties/lives/maximum: `/lives` of the answer must be <= 9"],
      many,
    ],
    [
      "the other one of them",
      to("Any"),
      { kind: "ant", legs: 5 },
      ["Ant/properties/legs/minimum: `/legs` of the answer must be >= 6"],
      many,
    ],
    [
      "a mistake beside them is one more",
      { allOf: [to("Pet"), { type: "object", properties: { name: { type: "string" } } }] },
      { kind: "cat", lives: 10, name: 1 },
      [
        "Cat/properties/lives/maximum: `/lives` of the answer must be <= 9",
        "allOf/1/properties/name/type: `/name` of the answer must be string",
      ],
    ],
    [
      "a mistake beside them that a branch says as well",
      { allOf: [to("Cat"), to("Pet")] },
      { kind: "cat", lives: 10 },
      ["Cat/properties/lives/maximum: `/lives` of the answer must be <= 9"],
    ],
    [
      "one at each level of a recursion",
      to("Pet"),
      { kind: "cat", lives: 10, kitten: { kind: "cat", lives: 11, kitten: { kind: "cat", lives: 12 } } },
      ["Cat/properties/lives/maximum: `/lives` of the answer must be <= 9"],
    ],
    [
      "or null",
      { oneOf: [to("Cat"), { type: "null" }] },
      { kind: "cat", lives: 10 },
      ["Cat/properties/lives/maximum: `/lives` of the answer must be <= 9"],
    ],
    [
      "or null, and a member of a wrong type",
      { oneOf: [to("Cat"), { type: "null" }] },
      { kind: "cat", lives: null },
      ["Cat/properties/lives/type: `/lives` of the answer must be integer"],
    ],
    [
      "one of another type",
      {
        anyOf: [
          { type: "string", maxLength: 1 },
          { type: "integer", minimum: 1 },
        ],
      },
      0,
      ["anyOf/1/minimum: the answer must be >= 1"],
    ],
    [
      "each of a list",
      { type: "array", items: to("Pet") },
      [
        { kind: "cat", lives: 10 },
        { kind: "dog", barks: true },
        { kind: "cat", lives: 11 },
      ],
      ["Cat/properties/lives/maximum: `/0/lives` of the answer must be <= 9"],
    ],
    [
      "none is meant",
      to("Pet"),
      { kind: "bird", lives: 1 },
      [
        "Pet/oneOf: the answer fits none of the alternatives (the nearest: `/kind` must be equal to one of the allowed values)",
      ],
    ],
    [
      "none of one within another",
      { oneOf: [to("Pet"), to("Ant")] },
      { kind: "bird", lives: 1 },
      [
        "oneOf: the answer fits none of the alternatives (the nearest: `/kind` must be equal to one of the allowed values)",
      ],
    ],
    [
      "several may be meant",
      { oneOf: [to("A"), to("B")] },
      { a: 1, size: 0 },
      ["oneOf: the answer fits none of the alternatives (the nearest: `/size` must be >= 1)"],
      alike,
    ],
    [
      "it fits several",
      { oneOf: [to("A"), to("B")] },
      { a: 1, b: 1 },
      ["oneOf: the answer fits several of the alternatives, and may fit one only"],
      alike,
    ],
    [
      "no branch allows anything",
      { oneOf: [false, false] },
      1,
      ["oneOf: the answer fits none of the alternatives (the nearest: boolean schema is false)"],
    ],
    [
      "the schema that a discriminator maps to",
      to("Pet"),
      { kind: "two", size: 0 },
      ["B/properties/size/minimum: `/size` of the answer must be >= 2"],
      marked({ one: "#/components/schemas/A", two: "#/components/schemas/B" }),
    ],
    [
      "a mapping to a name",
      to("Pet"),
      { kind: "one", size: 0 },
      ["A/properties/size/minimum: `/size` of the answer must be >= 1"],
      marked({ one: "A" }),
    ],
    [
      "a discriminator without a mapping",
      to("Pet"),
      { kind: "B", size: 0 },
      ["B/properties/size/minimum: `/size` of the answer must be >= 2"],
      marked({}),
      "3.0.3",
    ],
    [
      "a discriminator that names nothing",
      to("Pet"),
      { kind: "toString", size: 0 },
      ["Pet/oneOf: the answer fits none of the alternatives (the nearest: `/size` must be >= 1)"],
      marked({}),
    ],
    [
      "null that readers of 3.0 differ about, whatever stands against it",
      {
        type: "object",
        properties: { pet: { nullable: true, allOf: [cat], oneOf: [to("Cat"), to("Dog")] } },
      },
      { pet: null },
      [
        "properties/pet/allOf/0/type: `/pet` of the answer is null, which `nullable` without a `type` beside it does not surely allow",
      ],
      PETS,
      "3.0.3",
    ],
    [
      "a mistake behind a hundred others",
      { type: "array", items: to("Cat") },
      [...Array.from({ length: 150 }, () => ({ kind: "cat", lives: 10 })), { kind: "cat" }],
      [
        "Cat/properties/lives/maximum: `/0/lives` of the answer must be <= 9",
        "Cat/required: `/150` of the answer must have required property 'lives'",
      ],
    ],
    [
      "schemas that say the same in two places",
      {
        properties: {
          a: { oneOf: [{ type: "integer", minimum: 1 }, { type: "null" }] },
          b: { oneOf: [{ type: "integer", minimum: 1 }, { type: "null" }] },
        },
      },
      { a: 0, b: 0 },
      [
        "properties/a/oneOf/0/minimum: `/a` of the answer must be >= 1",
        "properties/b/oneOf/0/minimum: `/b` of the answer must be >= 1",
      ],
    ],
  ])("%s", async (_, schema, value, expected, schemas, openapi) => {
    expect(await saidOf(schema, value, schemas, openapi)).toEqual(expected);
  });

  test("alternatives deeper than any document needs are looked into to a bound", async () => {
    const tree: Schemas = {
      Tree: {
        oneOf: [
          { type: "integer", maximum: 1 },
          { items: to("Tree"), type: "array" },
        ],
      },
    };
    const nested = (levels: number): JsonValue => (levels === 0 ? 2 : [nested(levels - 1)]);
    expect(await saidOf(to("Tree"), nested(31), tree)).toEqual([
      `Tree/oneOf/0/maximum: \`${"/0".repeat(31)}\` of the answer must be <= 1`,
    ]);
    expect(await saidOf(to("Tree"), nested(200), tree)).toEqual([
      `Tree/oneOf: \`${"/0".repeat(32)}\` of the answer fits none of the alternatives`,
    ]);
  });
});

test("the first ten thousand mistakes of an answer are told apart", async () => {
  const list = { type: "array", items: { oneOf: [{ type: "integer", maximum: 1 }, { const: null }] } };
  const wrong = (count: number): JsonValue => [...Array.from({ length: count }, () => 2), "a"];
  const first = "items/oneOf/0/maximum: `/0` of the answer must be <= 1";
  expect(await saidOf(list, wrong(9_999))).toEqual([
    first,
    "items/oneOf: `/9999` of the answer fits none of the alternatives (the nearest: must be integer)",
  ]);
  expect(await saidOf(list, wrong(10_000))).toEqual([first]);
});

describe("of schemas and values that nobody thought of", () => {
  const name = fc.constantFrom("a", "b", "kind");
  const { schema } = fc.letrec<{ schema: JsonValue }>((tie) => {
    const inner = tie("schema");
    const branches = fc.array(inner, { minLength: 1, maxLength: 3 });
    const properties = fc.dictionary(name, inner, { maxKeys: 2, noNullPrototype: true });
    const some = <T>(members: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) =>
      fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<JsonValue>;
    return {
      schema: fc.oneof(
        { depthSize: "small", maxDepth: 3 },
        fc.constantFrom<JsonValue>(true, false, { $ref: "#/$defs/other" }, { type: "null" }, { const: "a" }),
        some({
          type: fc.constantFrom("integer", "string", "array", "object"),
          minimum: fc.integer({ min: 0, max: 3 }),
          enum: fc.constantFrom(["a"], ["b", 1], [{}]),
          required: fc.uniqueArray(name, { maxLength: 2 }),
        }),
        some({ oneOf: branches, properties }),
        some({ oneOf: branches, anyOf: branches }),
        some({ anyOf: branches, allOf: branches, unevaluatedProperties: inner }),
        some({ properties, items: inner, contains: inner, propertyNames: inner }),
        some({ not: inner, if: inner, then: inner }),
      ),
    };
  });
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 0, 1, 2, "a", "b"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));

  const partAt = (whole: JsonValue, at: string): JsonValue =>
    (pointerParts(at) ?? []).reduce<JsonValue>(
      (part, key) => (part as { readonly [name: string]: JsonValue })[key] ?? null,
      whole,
    );

  /** Without alternatives, and so without a doubt about what is wrong. */
  const { plain } = fc.letrec<{ plain: Schemas }>((tie) => ({
    plain: fc.record(
      {
        type: fc.constantFrom("integer", "string", "array", "object"),
        minimum: fc.integer({ min: 0, max: 3 }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        items: fc.record({ type: fc.constantFrom("integer", "string") }),
        properties: fc.dictionary(name, fc.record({ type: fc.constantFrom("integer", "string") }), {
          maxKeys: 2,
          noNullPrototype: true,
        }),
        allOf: fc.array(tie("plain"), { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  }));

  test("there is a mistake exactly where the judge finds one, and each rule outside of alternatives is told", () => {
    let mistaken = 0;
    fc.assert(
      fc.property(
        schema,
        schema,
        plain,
        fc.array(value, { minLength: 1, maxLength: 6 }),
        (given, other, beside, values) => {
          const root = {
            $defs: { other: { properties: { a: given }, oneOf: [other, { type: "integer" }] } },
            allOf: [given, beside],
          };
          const read = readDocument("s.json", utf8(JSON.stringify(root))).value;
          if (read === null) throw new Error("no document");
          const schemas = new SchemaRegistry(
            new DocumentSet(new Map([["s.json", read]])),
            "3.1",
            new ProblemLog(),
          );
          const ref = schemas.add({ document: read, pointer: "", value: read.value }, "response");
          schemas.cutEndless();
          const judge = new SchemaJudge(schemas);
          for (const each of values) {
            const mistakes = mistakesIn({ schemas, judge }, ref, each);
            expect([each, mistakes.length === 0]).toEqual([each, judge.isValid(ref, each)]);
            mistaken += mistakes.length;
            const told = ({ keyword, at }: BrokenRule) => `${keyword} ${at}`;
            const besides = below(ref, "allOf", 1);
            expect(
              mistakes.filter((mistake) => mistake.schema?.pointer.startsWith(besides.pointer)).map(told),
            ).toEqual(judge.brokenAt(besides, each).map(({ rule }) => told(rule)));
            // Each is said of a schema that has the keyword and that this part of the value does not fit.
            for (const mistake of mistakes) {
              const node = ruleNode(schemas, ref, mistake);
              if (mistake.schema === undefined) continue;
              expect(node?.pointer.split("/").at(-1)).toBe(mistake.keyword);
              if (mistake.schema.pointer.includes("/propertyNames")) continue;
              expect([mistake, judge.isValid(mistake.schema, partAt(each, mistake.at))]).toEqual([
                mistake,
                false,
              ]);
            }
          }
        },
      ),
      { numRuns: caseCount(100) },
    );
    expect(mistaken).toBeGreaterThan(100);
  });
});
