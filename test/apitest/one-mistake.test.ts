import { describe, expect, test } from "vitest";

import type { JsonValue } from "#kernel/json.ts";
import { utf8 } from "#kernel/bytes.ts";
import { document, planOf } from "./kit.ts";

/** Each failure of an answer: the pointer of its rule within the schema, and what is said. */
const saidOf = async (schema: JsonValue, value: JsonValue): Promise<readonly string[]> => {
  const responses = { "200": { description: "", content: { "application/json": { schema } } } };
  const { tests } = await planOf({ "api.yaml": document({ responses }) });
  const headers = [["content-type", "application/json"]] as const;
  const answer = { status: 200, headers, body: utf8(JSON.stringify(value)) };
  const findings = tests?.judge(tests.plan.cases[0]?.id ?? "", answer) ?? [];
  return findings.map(({ place, message }) => `${place.pointer.split("/schema/").at(-1)}: ${message}`);
};

const main = { type: "object", required: ["main"] };
const NO_ITEM = "contains: the answer must have as many items as `contains` asks for";
const NO_NAME = "propertyNames: the answer must have no names but those that `propertyNames` allows";

describe("a keyword with a schema inside is one mistake of an answer", () => {
  test.each<[string, JsonValue, JsonValue, readonly string[]]>([
    ["no item that it has to contain", { contains: main }, [1, {}, "a"], [NO_ITEM]],
    ["an empty list", { contains: main }, [], [NO_ITEM]],
    ["too many items", { contains: main, maxContains: 1 }, [{ main: 1 }, { main: 2 }], [NO_ITEM]],
    ["too few", { contains: main, minContains: 2 }, [{ main: 1 }, {}], [NO_ITEM]],
    ["as many as it wants", { contains: main, minContains: 2 }, [{ main: 1 }, {}, { main: 1 }], []],
    ["a name", { propertyNames: { pattern: "^a", maxLength: 2 } }, { bbbb: 1, ab: 2 }, [NO_NAME]],
    ["several names", { propertyNames: { pattern: "^a" } }, { b: 1, c: 2, d: 3 }, [NO_NAME]],
    [
      "a list of values behind alternatives",
      { oneOf: [{ contains: { enum: [1] } }, { type: "string" }] },
      [2, 3],
      ["oneOf/0/contains: the answer must have as many items as `contains` asks for"],
    ],
    [
      "a rule of `then`",
      { if: { required: ["a"] }, then: { required: ["b"] } },
      { a: 1 },
      ["then/required: the answer must have required property 'b'"],
    ],
    [
      "two rules of `else`",
      { if: { required: ["a"] }, else: { required: ["b"], properties: { c: { type: "string" } } } },
      { c: 1 },
      [
        "else/required: the answer must have required property 'b'",
        "else/properties/c/type: `/c` of the answer must be string",
      ],
    ],
    [
      "other rules beside it",
      { contains: main, items: { type: "object" }, maxItems: 1 },
      [1, 2],
      [
        "maxItems: the answer must NOT have more than 1 items",
        NO_ITEM,
        "items/type: `/0` of the answer must be object",
      ],
    ],
  ])("%s", async (_, schema, value, expected) => {
    expect([...(await saidOf(schema, value))].sort()).toEqual([...expected].sort());
  });
});
