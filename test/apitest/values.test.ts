import { registerSchema, unregisterSchema, validate } from "@hyperjump/json-schema/draft-2020-12";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readDocument } from "#apitest/load/read-document.ts";
import { DocumentSet } from "#apitest/load/document-set.ts";
import { ProblemLog } from "#apitest/load/problem-log.ts";
import { decimalOf, isMultiple } from "#apitest/schema/decimal.ts";
import { drawsOf } from "#apitest/schema/draws.ts";
import { SchemaJudge } from "#apitest/schema/judge.ts";
import type { Dialect } from "#apitest/schema/keywords.ts";
import { samplePattern } from "#apitest/schema/sample-pattern.ts";
import { SchemaRegistry } from "#apitest/schema/registry.ts";
import type { Gap } from "#apitest/schema/gap.ts";
import { samplesOf } from "#apitest/schema/samples.ts";
import { violationsOf } from "#apitest/schema/violations.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import { caseCount } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";

const worldOf = (
  schema: unknown,
  dialect: Dialect = "3.1",
  direction: "request" | "response" = "request",
) => {
  const document = readDocument("s.json", utf8(JSON.stringify(schema))).value;
  if (document === null) throw new Error("no document");
  const log = new ProblemLog();
  const registry = new SchemaRegistry(new DocumentSet(new Map([["s.json", document]])), dialect, log);
  const ref = registry.add({ document, pointer: "", value: document.value }, direction);
  const judge = new SchemaJudge(registry);
  const gaps: Gap[] = [];
  const samples = samplesOf(registry, judge, ref, drawsOf(7, "test"), (gap) => gaps.push(gap));
  const [first] = samples;
  const violations =
    first === undefined
      ? []
      : violationsOf(registry, judge, ref, first.value, drawsOf(7, "broken"), {
          mayAdd: false,
          plainest: first.value,
          isUsable: () => true,
        });
  return { registry, judge, ref, samples, violations, gaps, log };
};

const valuesOf = (schema: unknown, dialect?: Dialect): readonly JsonValue[] =>
  worldOf(schema, dialect).samples.map(({ value }) => value);

/** Schemas in which generators commonly go wrong. */
const SCHEMAS: readonly (readonly [string, object])[] = [
  ["whole numbers in a range", { type: "integer", minimum: 3, maximum: 9 }],
  ["exclusive bounds", { type: "integer", exclusiveMinimum: 3, exclusiveMaximum: 9 }],
  ["hundredths", { type: "number", minimum: 0.01, maximum: 19.99, multipleOf: 0.01 }],
  [
    "multiples in a range that does not begin on one",
    { type: "integer", minimum: 10, maximum: 50, multipleOf: 7 },
  ],
  ["lengths", { type: "string", minLength: 3, maxLength: 5 }],
  ["a pattern with lengths", { type: "string", pattern: "^[A-Z]{2}-\\d+$", minLength: 5, maxLength: 8 }],
  [
    "formats",
    {
      type: "object",
      required: ["a", "b", "c"],
      properties: {
        a: { type: "string", format: "date" },
        b: { type: "string", format: "uuid" },
        c: { type: "string", format: "date-time" },
      },
    },
  ],
  [
    "names of prototypes",
    { type: "object", required: ["toString", "constructor"], properties: { toString: { type: "string" } } },
  ],
  ["required names without a schema", { type: "object", required: ["x"] }],
  [
    "allOf",
    {
      allOf: [
        { type: "object", required: ["a"], properties: { a: { type: "integer", minimum: 2 } } },
        { properties: { a: { maximum: 4 } } },
      ],
    },
  ],
  [
    "oneOf",
    {
      oneOf: [
        { type: "integer", maximum: 3 },
        { type: "string", minLength: 2 },
      ],
    },
  ],
  [
    "anyOf beside properties",
    {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      anyOf: [{ required: ["a"] }, { required: ["b"] }],
    },
  ],
  ["enum of a union", { type: ["string", "null"], enum: ["a", "b", null] }],
  ["const", { const: { a: [1, 2] } }],
  ["tuples", { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }], items: false }],
  [
    "unique items",
    {
      type: "array",
      items: { type: "integer", minimum: 1, maximum: 5 },
      uniqueItems: true,
      minItems: 2,
      maxItems: 4,
    },
  ],
  [
    "a list of listed values, all needed",
    { type: "array", items: { enum: ["a", "b", "c"] }, uniqueItems: true, minItems: 3 },
  ],
  [
    "closed objects",
    {
      type: "object",
      additionalProperties: false,
      required: ["a"],
      properties: { a: { type: "string" }, b: { type: "boolean" } },
    },
  ],
  [
    "dependent names",
    {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      dependentRequired: { a: ["b"] },
    },
  ],
  [
    "if and then",
    {
      type: "object",
      required: ["k"],
      properties: { k: { enum: ["x", "y"] }, v: { type: "integer" } },
      if: { properties: { k: { const: "x" } } },
      then: { required: ["v"] },
    },
  ],
  [
    "nested lists",
    {
      type: "array",
      minItems: 1,
      items: { type: "array", minItems: 1, maxItems: 2, items: { type: "number", minimum: 0 } },
    },
  ],
  ["no type", { minLength: 3, minimum: 4 }],
];

describe.each(SCHEMAS)("%s", (name, schema) => {
  test("every value made is valid, every violation invalid, by a validator that we do not use elsewhere", async () => {
    verifies("apitest.agent.functional-positive", "apitest.agent.functional-negative");
    const uri = `https://writ.test/${encodeURIComponent(name)}`;
    registerSchema({ ...schema, $schema: "https://json-schema.org/draft/2020-12/schema" }, uri);
    try {
      const isValid = await validate(uri);
      const { samples, violations } = worldOf(schema);
      expect(samples).not.toEqual([]);
      // It does not divide decimals exactly, which has its own test.
      const exact = name !== "hundredths";
      for (const { value } of samples.filter(() => exact))
        expect([value, isValid(value as never).valid]).toEqual([value, true]);
      for (const { value, keyword } of violations.filter(({ claim }) => claim === "refused")) {
        expect([keyword, value, isValid(value as never).valid]).toEqual([keyword, value, false]);
      }
    } finally {
      unregisterSchema(uri);
    }
  });
});

/** Keywords that only pass on what stands inside of them. */
const PASSING_ON = ["allOf", "items", "prefixItems", "properties", "validate", "$defs", "$ref"];

describe.each(SCHEMAS)("%s, broken", (name, schema) => {
  test("breaks exactly the rule that is named, as the other validator says too", async () => {
    verifies("apitest.agent.functional-negative");
    const uri = `https://writ.test/one/${encodeURIComponent(name)}`;
    registerSchema({ ...schema, $schema: "https://json-schema.org/draft/2020-12/schema" }, uri);
    try {
      const isValid = await validate(uri);
      // It does not divide decimals exactly, which has its own test.
      for (const { value, keyword } of worldOf(schema).violations.filter(
        ({ claim }) => claim === "refused",
      )) {
        if (name === "hundredths") continue;
        const said = isValid(value as never, "BASIC");
        const broken = new Set(
          (said.valid ? [] : (said.errors ?? [])).map(
            ({ keyword: by, absoluteKeywordLocation: at }) =>
              // A schema that is `false` has no keyword; what it stands under says the rule.
              (at.endsWith("/additionalProperties") ? at : by).split("/").at(-1) ?? "",
          ),
        );
        for (const each of PASSING_ON) broken.delete(each);
        expect([value, [...broken]]).toEqual([value, [keyword]]);
      }
    } finally {
      unregisterSchema(uri);
    }
  });
});

describe("the ends of every range are among the values", () => {
  test.each<[object, readonly JsonValue[]]>([
    [{ type: "integer", minimum: 3, maximum: 9 }, [3, 4, 8, 9]],
    [{ type: "integer", exclusiveMinimum: 3, exclusiveMaximum: 9 }, [4, 8]],
    [{ type: "number", minimum: 0.01, maximum: 19.99, multipleOf: 0.01 }, [0.01, 0.02, 19.98, 19.99]],
    [{ type: "integer", minimum: 10, maximum: 50, multipleOf: 7 }, [14, 21, 42, 49]],
    [{ enum: ["a", 2, null] }, ["a", 2, null]],
    [{ type: "boolean" }, [true, false]],
  ])("%j", (schema, expected) => {
    const values = valuesOf(schema).map((value) => JSON.stringify(value));
    for (const each of expected) expect(values).toContain(JSON.stringify(each));
  });

  test("lengths count code points", () => {
    const lengths = valuesOf({ type: "string", minLength: 3, maxLength: 5 }).map((text) =>
      typeof text === "string" ? Array.from(text).length : -1,
    );
    expect(new Set(lengths)).toEqual(new Set([3, 4, 5]));
  });

  test("numbers of any range stay in it and on its grid", () => {
    const hundredths = fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 100);
    fc.assert(
      fc.property(hundredths, hundredths, fc.constantFrom(0.01, 0.05, 0.5, 1, 3), (a, b, multipleOf) => {
        const [minimum, maximum] = [Math.min(a, b), Math.max(a, b)];
        for (const value of valuesOf({ type: "number", minimum, maximum, multipleOf })) {
          expect(typeof value === "number" && value >= minimum && value <= maximum).toBe(true);
          expect(isMultiple(decimalOf(Number(value)), decimalOf(multipleOf))).toBe(true);
        }
      }),
      { numRuns: caseCount(60) },
    );
  });
});

describe("a violation breaks the rule that it names, by the nearest step", () => {
  const broken = (schema: unknown): readonly string[] =>
    worldOf(schema).violations.map(({ keyword, at, value }) => `${keyword}${at} ${JSON.stringify(value)}`);
  test.each([
    [{ type: "integer", minimum: 3, maximum: 9 }, ["minimum 2", "maximum 10"]],
    [{ type: "number", exclusiveMinimum: 0, maximum: 1.5 }, ["exclusiveMinimum 0", "maximum 1.6"]],
    [{ type: "number", minimum: 1, multipleOf: 0.01 }, ["minimum 0.99"]],
    [{ type: "integer", minimum: 4, maximum: 8, multipleOf: 4 }, ["minimum 0", "maximum 12"]],
    [{ type: "string", minLength: 1 }, ['minLength ""']],
    [{ enum: ["a"] }, ['enum "none-of-these"']],
    [{ type: "object", required: ["a"], properties: { a: { const: 1 } } }, ["required {}"]],
    [{ type: "array", items: { type: "boolean" }, minItems: 1 }, ["minItems []"]],
    [{ type: "object", additionalProperties: false }, ['additionalProperties {"unexpected":"x"}']],
    [{ type: "array", minItems: 2, items: { type: "integer", minimum: 0 } }, ["type/0 [null,"]],
  ])("%j", (schema, expected) => {
    const found = broken(schema);
    for (const each of expected)
      expect(
        found.some((text) => text.startsWith(each)),
        `${each} in ${found.join("; ")}`,
      ).toBe(true);
  });

  test.each([
    ["of a text that a reader could take for a number", { type: "integer" }, /"-?\d/],
    ["of extra properties where they are allowed", { type: "object", required: ["a"] }, /unexpected"/],
    ["inside alternatives", { oneOf: [{ type: "integer", maximum: 3 }, { type: "string" }] }, /./],
    [
      "of a list whose reader wraps single values",
      { type: "array", items: { type: "string" } },
      /"neither list/,
    ],
  ])("none is made %s", (_, schema, pattern) => {
    const found = broken(schema).filter((text) => pattern.test(text));
    expect(found.filter((text) => !text.startsWith('type {"unexpected"'))).toEqual([]);
  });

  test("null for an optional part is only asked to be survived", () => {
    const { violations } = worldOf({
      type: "object",
      required: ["a"],
      properties: { a: { type: "string" }, b: { type: "string", example: "x" } },
      example: { a: "x", b: "x" },
    });
    const nulls = violations.filter(({ value }) => JSON.stringify(value).includes("null"));
    expect(nulls.map(({ at, claim }) => `${at} ${claim}`)).toEqual([" refused", "/a refused", "/b survived"]);
  });
});

describe("the two dialects", () => {
  test("3.0 allows null where it says nullable, 3.1 where its types do", () => {
    expect(valuesOf({ type: "string", nullable: true }, "3.0")).toContain(null);
    expect(valuesOf({ type: "string", nullable: true }, "3.1")).not.toContain(null);
    expect(valuesOf({ type: ["string", "null"] }, "3.1")).toContain(null);
  });

  test("no null is made where an enumeration lacks it", () => {
    expect(valuesOf({ type: "string", nullable: true, enum: ["a"] }, "3.0")).toEqual(["a"]);
  });

  test("exclusive bounds are flags in 3.0", () => {
    expect(
      valuesOf({ type: "integer", minimum: 3, exclusiveMinimum: true, maximum: 5 }, "3.0"),
    ).not.toContain(3);
    expect(valuesOf({ type: "integer", minimum: 3, exclusiveMinimum: false, maximum: 5 }, "3.0")).toContain(
      3,
    );
  });

  test("a keyword that 3.0 does not have constrains nothing, and that is said", () => {
    const { judge, ref, log } = worldOf({ type: "string", const: "a" }, "3.0");
    expect(judge.isValid(ref, "b")).toBe(true);
    expect(log.problems.map(({ problem }) => problem.message)).toEqual([
      "`const` means nothing in OpenAPI 3.0",
    ]);
  });

  test("what belongs to the server is not sent, and need not be answered what belongs to the client", () => {
    const schema = {
      type: "object",
      required: ["id", "secret", "name"],
      properties: {
        id: { type: "integer", readOnly: true },
        secret: { type: "string", writeOnly: true },
        name: { type: "string" },
      },
    };
    const request = worldOf(schema, "3.1", "request");
    expect(request.samples.every(({ value }) => !Object.hasOwn(value as object, "id"))).toBe(true);
    const response = worldOf(schema, "3.1", "response");
    expect(response.judge.isValid(response.ref, { id: 1, name: "x" })).toBe(true);
    expect(response.judge.isValid(response.ref, { name: "x" })).toBe(false);
  });

  test("keywords of wrong types and patterns that are none are said, and nothing breaks", () => {
    const { log, samples } = worldOf({
      type: "string",
      minLength: "3",
      pattern: "(",
      enum: [],
      $dynamicRef: "#x",
      multipleOf: 0,
    });
    expect(samples).not.toEqual([]);
    expect(log.problems.map(({ problem }) => problem.code).sort()).toEqual([
      "WRIT116",
      "WRIT116",
      "WRIT116",
      "WRIT117",
      "WRIT117",
    ]);
  });
});

describe("the judge", () => {
  test.each([
    [{ type: "number", multipleOf: 0.01 }, 19.99, true],
    [{ type: "number", multipleOf: 0.01 }, 4.35, true],
    [{ type: "number", multipleOf: 0.01 }, 4.355, false],
    [{ type: "object", required: ["toString"] }, {}, false],
    [{ type: "integer" }, 5.0, true],
    [{ type: "string", maxLength: 1 }, "😀", true],
    [{ type: "string", pattern: "b" }, "abc", true],
    [{ type: "string", pattern: "^[a-z\\-\\_]{3}$" }, "a-_", true],
    [{ type: "string", pattern: "^[a-z\\-\\_]{3}$" }, "A-_", false],
    [{ type: "string", format: "date" }, "2023-02-29", false],
    [{ type: "string", format: "made-up" }, "anything", true],
  ])("%j and %j: %s", (schema, value, valid) => {
    const { judge, ref } = worldOf(schema);
    expect(judge.isValid(ref, value)).toBe(valid);
  });
});

test("texts of a pattern match it, or there are none", () => {
  const patterns = [
    "^[a-z]+$",
    "^\\d{3}-\\d{4}$",
    "^(?:a|bc)*d?$",
    "[^x]y",
    "^[\\w.]+@[a-z]+\\.[a-z]{2,3}$",
    "^\\x41$",
    "a{2,}",
  ];
  for (const source of patterns) {
    const texts = Array.from({ length: 20 }, (_, seed) => samplePattern(source, drawsOf(seed, source), 5));
    expect(texts.filter((text) => text === undefined || !new RegExp(source, "u").test(text))).toEqual([]);
  }
  for (const source of ["(?=a)b", "(a)\\1", "\\bx", "\\p{Lu}", "a{", "("]) {
    expect(samplePattern(source, drawsOf(1, source), 5)).toBeUndefined();
  }
});

describe("a length that nobody can make", () => {
  test.each([
    ["of a text", { type: "string", minLength: 1_000_000_000 }],
    ["of a text with a pattern", { type: "string", pattern: "^[a-z]+$", minLength: 1_000_000_000 }],
    ["of a text in a list", { type: "array", minItems: 1, items: { type: "string", minLength: 1e12 } }],
  ])("%s makes no value instead of filling the memory", (_, schema) => {
    expect(valuesOf(schema)).toEqual([]);
  });
});
