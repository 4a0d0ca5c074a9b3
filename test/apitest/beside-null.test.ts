/** Parts that may be null too, as FastAPI and others write them: `anyOf` with null for the other branch. */
import { describe, expect, test } from "vitest";

import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { ApiTestCase } from "#protocol/api-test.ts";

import { bodiesOf, bodyDocument, casesOf, planOf, queryDocument, sentAs } from "./kit.ts";

const orNull = (schema: JsonValue): JsonObject => ({ anyOf: [schema, { type: "null" }] });

const bodyOf = (size: JsonValue, more: JsonObject = {}): string =>
  bodyDocument({ type: "object", required: ["size"], properties: { size }, ...more });

const sizesOf = async (
  document: string,
  expectation: ApiTestCase["expectation"],
): Promise<readonly unknown[]> =>
  bodiesOf(await casesOf(document), expectation).flatMap((body) =>
    typeof body === "object" && body !== null && "size" in body ? [body.size] : [],
  );

const rulesOf = async (document: string): Promise<readonly string[]> => [
  ...new Set(
    (await casesOf(document)).flatMap(({ expectation, rule }) =>
      expectation === "rejected" && rule !== null ? [rule.keyword] : [],
    ),
  ),
];

describe("the rules of a part that may be null too are broken", () => {
  test.each<[string, JsonObject, readonly unknown[]]>([
    ["bounds", orNull({ type: "integer", minimum: 1, maximum: 9 }), [0, 10]],
    ["null first", { oneOf: [{ type: "null" }, { type: "integer", minimum: 1 }] }, [0]],
    ["null as a list of types", { anyOf: [{ type: "integer", minimum: 1 }, { type: ["null"] }] }, [0]],
    ["null as a constant", { anyOf: [{ type: "integer", minimum: 1 }, { const: null }] }, [0]],
    ["within each other", orNull(orNull({ type: "integer", minimum: 1 })), [0]],
    ["beside allOf", { allOf: [orNull({ type: "integer", minimum: 1 })] }, [0]],
    ["a list of values", orNull({ enum: [1, 2] }), []],
  ])("%s", async (_, size, values) => {
    const rejected = await sizesOf(bodyOf(size), "rejected");
    expect(rejected).toEqual(expect.arrayContaining([...values]));
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected).not.toContain(null);
    expect(await sizesOf(bodyOf(size), "accepted")).toContain(null);
  });

  test("with the type, which is neither", async () => {
    const rejected = await sizesOf(bodyOf(orNull({ type: "boolean" })), "rejected");
    expect(rejected.some((size) => Array.isArray(size) || typeof size === "object")).toBe(true);
    expect(await rulesOf(bodyOf(orNull({ type: "boolean" })))).toContain("type");
  });

  test("inside an object, also one that is referred to and contains itself", async () => {
    const node = {
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string", minLength: 2 },
        size: orNull({ $ref: "#/components/schemas/Node" }),
      },
    };
    const document = JSON.stringify({
      ...(JSON.parse(bodyDocument({ $ref: "#/components/schemas/Node" })) as JsonObject),
      components: { schemas: { Node: node } },
    });
    expect(await sizesOf(document, "rejected")).toEqual(
      expect.arrayContaining([{}, expect.objectContaining({ name: expect.stringMatching(/^.$/) })]),
    );
  });

  test("in a query", async () => {
    const cases = await casesOf(queryDocument(orNull({ type: "integer", minimum: 1, maximum: 9 })));
    expect(sentAs(cases, "rejected")).toEqual(expect.arrayContaining(["0", "10"]));
    const lists = await rulesOf(
      queryDocument(orNull({ type: "array", items: { type: "integer" }, maxItems: 2 })),
    );
    expect(lists).toContain("maxItems");
  });

  test("and nobody is told that they are not", async () => {
    const said = async (size: JsonObject): Promise<readonly string[]> =>
      (await planOf({ "api.yaml": bodyOf(size) })).problems.map(({ problem }) => problem.message);
    expect(await said(orNull({ type: "integer", minimum: 1 }))).toEqual([]);
    const others = { anyOf: [{ type: "integer", minimum: 1 }, { type: "boolean" }] };
    expect(await said(others)).toEqual([expect.stringContaining("no request breaks `anyOf`")]);
  });
});

test("what another reading makes valid is not sent, such as a text for a list", async () => {
  const texts = orNull({ type: "array", items: { type: "string" }, maxItems: 3 });
  const sent = sentAs(await casesOf(queryDocument(texts)), "rejected").filter((each) => each !== "(none)");
  expect(sent.length).toBeGreaterThan(0);
  for (const each of sent) expect(each.split("&").length).toBe(4);
});
