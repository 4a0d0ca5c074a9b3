import { describe, expect, test } from "vitest";

import { cookieValue, encodePart, headerValue, pathSegment } from "#apitest/wire/encode.ts";
import { readingsOfText } from "#apitest/wire/text-values.ts";
import type { JsonValue } from "#kernel/json.ts";
import { verifies } from "#test/kit/verifies.ts";
import { bodiesOf, bodyDocument, casesOf, document, planOf, queryDocument, sentAs } from "./kit.ts";

describe("what some server reads of a text", () => {
  test.each([
    ["5", 5],
    [" 5 ", 5],
    ["+5", 5],
    ["5.0", 5],
    ["5e0", 5],
    ["0x10", 16],
    ["1_000", 1000],
    ["５", 5],
    ["٣", 3],
    ["yes", true],
    ["OFF", false],
    ["1", true],
    ["", null],
    ["null", null],
    ["a+b", "a b"],
  ])("%j may be read as %j", (text, value) => {
    expect(readingsOfText(text)).toContain(value);
  });

  test.each([
    ["x", [1, true, null]],
    ["5a", [5]],
    ["--5", [5, -5]],
    ["truely", [true]],
  ])("%j never as %j", (text, values) => {
    const readings = readingsOfText(text);
    expect(values.filter((value) => readings.includes(value as JsonValue))).toEqual([]);
  });
});

describe("a value is encoded for its place, or cannot be sent there", () => {
  test("everything but letters, digits and -._~ is encoded", () => {
    expect(encodePart("aZ9-._~ +/?#[]@!$&'()*,;=%é")).toBe(
      "aZ9-._~%20%2B%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%25%C3%A9",
    );
  });
  test.each(["", ".", "..", "a/b", "a\\b", "\u0000", "\ud800"])("no path segment: %j", (text) => {
    expect(pathSegment(text)).toBeUndefined();
  });
  test.each(["", " a", "a ", "é", "a\r\nb"])("no header value: %j", (text) => {
    expect(headerValue(text)).toBeUndefined();
  });
  test.each(["", "a b", "a;b", "a,b", '"a"', "é"])("no cookie value: %j", (text) => {
    expect(cookieValue(text)).toBeUndefined();
  });
});

describe("a request is wrong only if no reader can make it right", () => {
  const rejected = async (schema: JsonValue): Promise<readonly string[]> =>
    sentAs(await casesOf(queryDocument(schema)), "rejected");

  test.each([
    ["a text without rules", { type: "string" }],
    ["a text or a number", { type: ["string", "integer"] }],
    ["anything", {}],
    ["a list of texts", { type: "array", items: { type: "string" } }],
  ])("%s in a query cannot be broken, only left out", async (_, schema) => {
    verifies("apitest.agent.functional-negative");
    expect(await rejected(schema)).toEqual(["(none)"]);
  });

  test.each([
    ["integer", { type: "integer" }, ["not a value of this type", "1.5", "(none)"]],
    ["boolean", { type: "boolean" }, ["not a value of this type", "(none)"]],
    [
      "bounds",
      { type: "integer", minimum: 0, maximum: 5 },
      ["not a value of this type", "1.5", "-1", "6", "(none)"],
    ],
    // 0 is "false" to some, and -1 is nothing but a number.
    [
      "a flag or a positive number",
      { anyOf: [{ type: "boolean" }, { type: "integer", minimum: 1 }] },
      ["(none)"],
    ],
  ])("%s", async (_, schema, expected) => {
    expect(await rejected(schema)).toEqual(expected);
  });

  test("a list that is joined by commas is split again before it is judged", async () => {
    const schema = { type: "array", items: { type: "integer" }, maxItems: 2 };
    const joined = await casesOf(queryDocument(schema, { explode: false }));
    expect(
      sentAs(joined, "rejected")
        .filter((text) => /^[\d,]+$/.test(text))
        .every((text) => text.split(",").length === 3),
    ).toBe(true);
    const texts = { type: "array", items: { type: "string", enum: ["a", "b"] }, maxItems: 2 };
    expect(sentAs(await casesOf(queryDocument(texts, { explode: false })), "rejected")).toContain("a,a,a");
  });

  test("in JSON a type is a type", async () => {
    const bodies = bodiesOf(await casesOf(bodyDocument({ type: "string" })), "rejected");
    expect(bodies).toEqual([{ unexpected: "object" }, null]);
  });

  test("a form is text", async () => {
    const schema = {
      type: "object",
      required: ["a", "n"],
      properties: { a: { type: "string" }, n: { type: "integer" } },
    };
    const cases = await casesOf(
      document(
        { requestBody: { required: true, content: { "application/x-www-form-urlencoded": { schema } } } },
        { method: "post" },
      ),
    );
    const broken = cases
      .filter(({ expectation }) => expectation === "rejected")
      .map(({ rule }) => `${rule?.at} ${rule?.keyword}`);
    expect(broken).not.toContain("/a type");
    expect(broken).toEqual(expect.arrayContaining(["/n type", " required"]));
  });
});

describe("styles", () => {
  const first = async (place: string, schema: JsonValue, more: Readonly<Record<string, JsonValue>> = {}) => {
    const path = place === "path" ? "/things/{q}" : "/things";
    const parameters = [{ name: "q", in: place, required: true, schema: { example: schema }, ...more }];
    const [plain] = await casesOf(document({ parameters }, { path }));
    return plain === undefined
      ? undefined
      : `${plain.request.target} ${plain.request.headers.slice(1).flat().join("=")}`.trim();
  };
  const list = { schema: { type: "array", items: { type: "string" }, example: ["a", "b c"] } };
  test.each([
    ["path", "x y", {}, "/things/x%20y"],
    ["query", "a&b", {}, "/things?q=a%26b"],
    ["query", "", list, "/things?q=a&q=b%20c"],
    ["query", "", { schema: { ...list.schema, example: ["a", "b"] }, explode: false }, "/things?q=a,b"],
    [
      "query",
      "",
      { schema: { ...list.schema, example: ["a", "b"] }, explode: false, style: "pipeDelimited" },
      "/things?q=a%7Cb",
    ],
    [
      "query",
      "",
      { schema: { ...list.schema, example: ["a", "b"] }, explode: false, style: "spaceDelimited" },
      "/things?q=a%20b",
    ],
    [
      "query",
      "",
      { style: "deepObject", schema: { type: "object", example: { a: "1", b: "x" } } },
      "/things?q%5Ba%5D=1&q%5Bb%5D=x",
    ],
    ["header", "v", {}, "/things q=v"],
    ["cookie", "v", {}, "/things cookie=q=v"],
  ])("%s %j %j", async (place, value, more, expected) => {
    expect(await first(place, value, more)).toBe(expected);
  });

  test("no parameter of the plain name stands for an object that lives in `q[..]`", async () => {
    const schema: JsonValue = {
      type: "object",
      required: ["a"],
      properties: { a: { type: "integer", minimum: 3 } },
    };
    const targets = (await casesOf(queryDocument(schema, { style: "deepObject" }))).map(
      ({ request }) => request.target,
    );
    expect(targets.filter((target) => target.includes("?q="))).toEqual([]);
    expect(targets).toContain("/things?q%5Ba%5D=2");
  });

  test("a parameter with JSON as content keeps its types", async () => {
    const cases = await casesOf(
      document({
        parameters: [
          {
            name: "q",
            in: "query",
            required: true,
            content: { "application/json": { schema: { type: "string", example: "x" } } },
          },
        ],
      }),
    );
    expect(cases[0]?.request.target).toBe("/things?q=%22x%22");
    expect(sentAs(cases, "rejected")).toContain("null");
  });

  test.each([
    ["a required one leaves the operation out", true, 0],
    ["an optional one is left out", false, 1],
  ])("of a style that is not sent: %s, and that is said", async (_, required, least) => {
    const parameters = [
      {
        name: "q",
        in: "query",
        required,
        style: "form",
        schema: { type: "object", properties: { a: { type: "string" } } },
      },
    ];
    const { tests, problems } = await planOf({ "api.yaml": document({ parameters }) });
    expect(tests?.plan.cases.length).toBe(least);
    expect(problems.map(({ problem }) => problem.code)).toEqual(
      required ? ["WRIT117", "WRIT117"] : ["WRIT117"],
    );
    expect(tests?.plan.leftOut.map(({ method, path }) => `${method} ${path}`)).toEqual(
      required ? ["GET /things"] : [],
    );
  });
});
