/** Bugs that another rule, another part or another request used to hide. */
import { describe, expect, test } from "vitest";

import type { JsonValue } from "#kernel/json.ts";
import type { ApiTestCase } from "#protocol/api-test.ts";
import { bodiesOf, bodyDocument, casesOf, document, planOf, queryDocument, sentAs } from "./kit.ts";

const rejectedFor = (cases: readonly ApiTestCase[], keyword: string): readonly ApiTestCase[] =>
  cases.filter(({ expectation, rule }) => expectation === "rejected" && rule?.keyword === keyword);

describe("a listed value is left out of its list also where", () => {
  test.each<[string, JsonValue]>([
    ["a text may not be long", { type: "string", maxLength: 5, enum: ["one", "two"] }],
    ["a pattern stands beside it", { type: "string", pattern: "^[a-z]{3}$", enum: ["one", "two"] }],
    ["a bound stands beside it", { type: "integer", maximum: 10, enum: [1, 2, 5] }],
    ["numbers are no whole ones", { type: "number", minimum: 0, maximum: 1, enum: [0, 0.25, 1] }],
    ["there is one value", { type: "string", maxLength: 2, const: "v1" }],
  ])("%s", async (_, schema) => {
    const cases = await casesOf(queryDocument(schema));
    const keyword = "const" in (schema as object) ? "const" : "enum";
    expect(rejectedFor(cases, keyword)).toHaveLength(1);
  });
});

describe("what is broken of an optional part is sent beside nothing that need not be there", () => {
  const schema = {
    type: "object",
    required: ["id", "owner"],
    properties: {
      id: { type: "integer" },
      owner: { type: "object", required: ["name"], properties: { name: { type: "string" }, age: {} } },
      note: { type: "string", maxLength: 9 },
      more: { type: "object", required: ["a"], properties: { a: { type: "boolean" }, b: { maxLength: 3 } } },
      other: { type: "string", pattern: "^x+$" },
    },
  };

  test("in an object, and in one within it", async () => {
    const bodies = bodiesOf(await casesOf(bodyDocument(schema)), "rejected").map((body) =>
      typeof body === "object" && body !== null ? body : {},
    );
    const about = (name: string) => bodies.filter((body) => Object.hasOwn(body, name));
    expect(about("note").length).toBeGreaterThan(0);
    for (const body of about("note")) expect(Object.keys(body).sort()).toEqual(["id", "note", "owner"]);
    for (const body of about("other")) expect(Object.keys(body).sort()).toEqual(["id", "other", "owner"]);
    const lacking = about("more").map((body) => (body as { more: unknown }).more);
    expect(lacking).toContainEqual({});
  });

  test("but for what an alternative wants beside it", async () => {
    const either = { ...schema, required: [], anyOf: [{ required: ["note"] }, { required: ["other"] }] };
    const cases = rejectedFor(await casesOf(bodyDocument(either)), "maxLength");
    expect(cases.length).toBeGreaterThan(0);
  });

  test("where nothing would be left to be sent the other parts stay", async () => {
    const deep = {
      type: "object",
      required: ["a"],
      properties: { a: { type: "integer" }, b: { type: "string" } },
    };
    const cases = await casesOf(queryDocument(deep, { style: "deepObject" }));
    const targets = rejectedFor(cases, "required").map(({ request }) => request.target);
    expect(targets).toContainEqual(expect.stringMatching(/^\/things\?q%5Bb%5D=[a-z]+$/));
  });
});

describe("a bound", () => {
  test.each<[string, JsonValue, string]>([
    ["a default", { type: "integer", minimum: 0, maximum: 9, default: 0 }, "minimum"],
    ["an example", { type: "integer", minimum: 1, maximum: 9, example: 9 }, "maximum"],
  ])("is tried as such also where %s stands on it", async (_, schema, keyword) => {
    const parameters = [{ name: "q", in: "query", schema }];
    const cases = await casesOf(document({ parameters }));
    const on = cases.filter(
      ({ expectation, rule }) => expectation === "accepted" && rule?.keyword === keyword,
    );
    expect(on).toHaveLength(2);
  });

  test.each<[string, JsonValue, (plainest: string) => boolean]>([
    ["short texts", { type: "string", maxLength: 5 }, (text) => text.length > 0 && text.length < 5],
    ["long texts", { type: "string", minLength: 8 }, (text) => text.length > 8],
    ["texts of a length", { type: "string", minLength: 3, maxLength: 3 }, (text) => text.length === 3],
    ["texts of one sign", { type: "string", maxLength: 1 }, (text) => text.length === 1],
    ["numbers", { type: "integer", minimum: 1, maximum: 3 }, (text) => text === "2"],
    ["a number", { type: "integer", minimum: 3, maximum: 3 }, (text) => text === "3"],
    ["lists", { type: "array", items: {}, minItems: 2, maxItems: 5 }, (text) => text.split("&").length === 3],
    [
      "a list",
      { type: "array", items: {}, minItems: 2, maxItems: 2 },
      (text) => text.split("&").length === 2,
    ],
  ])("is not where the plainest request stands, if there is room: %s", async (_, schema, isBeside) => {
    const [plainest = ""] = sentAs(await casesOf(queryDocument(schema)), "accepted");
    expect(plainest).toSatisfy(isBeside);
  });
});

test("each value of a part is sent where the others have to be there for it", async () => {
  const schema = {
    type: "object",
    required: ["kind"],
    properties: { kind: { enum: ["a", "b"] }, n: { type: "integer" }, s: { type: "string" } },
    if: { properties: { kind: { const: "a" } } },
    then: { required: ["n"] },
    else: { required: ["s"] },
  };
  const kinds = bodiesOf(await casesOf(bodyDocument(schema)), "accepted").map(
    (body) => (body as { kind: string }).kind,
  );
  expect(new Set(kinds)).toEqual(new Set(["a", "b"]));
});

test.each(["get", "delete"])("an operation that needs a body with %s is left out", async (method) => {
  const content = { "application/json": { schema: { type: "object" } } };
  const planned = (required: boolean) =>
    planOf({ "api.yaml": document({ requestBody: { required, content } }, { method }) });
  expect((await planned(true)).tests?.plan).toMatchObject({
    cases: [],
    leftOut: [{ method: method.toUpperCase(), why: "the body that it needs cannot be made" }],
  });
  expect((await planned(false)).tests?.plan.cases).toHaveLength(1);
});
