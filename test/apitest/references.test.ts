import { describe, expect, test } from "vitest";

import { loadDocuments } from "#apitest/load/load-documents.ts";
import { referenceTarget } from "#apitest/load/reference.ts";
import { createDocumentFilesFake } from "#test/kit/document-files-fake.ts";
import { bodyDocument, never, planOf } from "./kit.ts";

describe("where a $ref leads is decided on its text", () => {
  const target = (reference: string): string => {
    const found = referenceTarget("api/v1/openapi.yaml", reference);
    return found.k === "local" ? `${found.file}#${found.pointer}` : found.k;
  };
  test.each([
    ["#/components/schemas/A", "api/v1/openapi.yaml#/components/schemas/A"],
    ["", "api/v1/openapi.yaml#"],
    ["order.yaml", "api/v1/order.yaml#"],
    ["./x/../order.yaml#/A", "api/v1/order.yaml#/A"],
    ["../common.yaml#/a~1b", "api/common.yaml#/a~1b"],
    ["../../top.yaml", "top.yaml#"],
    ["#/paths/~1a%7Bb%7D", "api/v1/openapi.yaml#/paths/~1a{b}"],
    ["../../../etc/passwd", "outside"],
    ["%2e%2e/%2e%2e/%2e%2e/x", "outside"],
    ["/etc/passwd", "outside"],
    ["a\\..\\..\\b", "outside"],
    ["http://example.com/a.yaml", "remote"],
    ["file:///etc/passwd", "remote"],
    ["//host/a.yaml", "remote"],
    ["a.yaml?x", "malformed"],
    ["#anchor", "malformed"],
    ["%zz", "malformed"],
    ["..", "api#"],
  ])("%j leads to %s", (reference, expected) => {
    expect(target(reference)).toBe(expected);
  });
});

/** Codes and lines of what is wrong with a document whose body is this schema. */
const problemsOf = async (
  schema: object,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> => {
  const { problems } = await planOf({ "api.yaml": bodyDocument(schema as never), ...files });
  return problems.map(({ file, problem }) => `${problem.code} ${file}`);
};

describe("references are followed inside the workspace only", () => {
  test.each([
    ["of another machine", { $ref: "https://example.com/a.json" }, "WRIT114 api.yaml"],
    ["to a file outside", { $ref: "../secret.yaml" }, "WRIT114 api.yaml"],
    ["to a file that is not there", { $ref: "none.yaml#/A" }, "WRIT115 api.yaml"],
    ["to nothing", { $ref: "#/components/schemas/None" }, "WRIT115 api.yaml"],
    [
      "to itself",
      { $ref: "#/paths/~1things/post/requestBody/content/application~1json/schema" },
      "WRIT115 api.yaml",
    ],
  ])("one %s is a problem", async (_, schema, problem) => {
    expect(await problemsOf(schema)).toContain(problem);
  });

  test("a file of the workspace is read once, and its problems are its own", async () => {
    const reads: string[] = [];
    const texts = {
      "api.yaml": bodyDocument({ $ref: "s/a.yaml#/A" }),
      "s/a.yaml": "A: {$ref: '../s/a.yaml#/B'}\nB: {type: string}\n",
    };
    const fake = createDocumentFilesFake(texts);
    const loaded = await loadDocuments(
      "api.yaml",
      { read: (path, signal) => (reads.push(path), fake.read(path, signal)) },
      never(),
    );
    expect(reads).toEqual(["api.yaml", "s/a.yaml"]);
    expect(loaded.problems).toEqual([]);
    const planned = await planOf(texts);
    expect(planned.problems).toEqual([]);
    expect(planned.tests?.plan.cases.length).toBeGreaterThan(2);
    expect(await problemsOf({ $ref: "s/a.yaml#/A" }, { "s/a.yaml": "A: {\nA: 1" })).toEqual([
      "WRIT111 s/a.yaml",
    ]);
  });

  test("a document's rules of another file are shown in that file", async () => {
    const { tests } = await planOf({
      "api.yaml": bodyDocument({ $ref: "a.yaml" }),
      "a.yaml": "type: integer\nminimum: 3\n",
    });
    const places =
      tests?.plan.cases.flatMap(({ rule }) => (rule?.keyword === "minimum" ? [rule.place] : [])) ?? [];
    expect(places.map(({ file, range }) => `${file}:${range.line}`)).toContain("a.yaml:2");
  });
});

describe("a cycle stays a reference", () => {
  const cyclic = {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string" }, next: { $ref: "#" } },
  };
  const text = (schema: object): string =>
    JSON.stringify({
      openapi: "3.1.0",
      components: {
        schemas: {
          Node: JSON.parse(
            JSON.stringify(schema).replaceAll('"#"', '"#/components/schemas/Node"'),
          ) as unknown,
        },
      },
      paths: {
        "/things": {
          post: {
            requestBody: {
              required: true,
              content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } },
            },
            responses: { "200": { description: "" } },
          },
        },
      },
    });

  test("values of it end", async () => {
    const { tests, problems } = await planOf({ "api.yaml": text(cyclic) });
    expect(problems).toEqual([]);
    expect(tests?.plan.cases.some(({ request }) => request.body?.includes('"next":{"name"') === true)).toBe(
      true,
    );
  });

  test("one through required parts alone has no value, and that is said", async () => {
    const { tests, problems } = await planOf({ "api.yaml": text({ ...cyclic, required: ["name", "next"] }) });
    expect(problems.map(({ problem }) => problem.code)).toEqual(["WRIT118", "WRIT118", "WRIT118", "WRIT117"]);
    expect(tests?.plan.cases).toEqual([]);
  });

  test("files that name each other are read once", async () => {
    const { problems, tests } = await planOf({
      "api.yaml": bodyDocument({ $ref: "a.yaml" }),
      "a.yaml": "type: object\nproperties: {b: {$ref: b.yaml}}\n",
      "b.yaml": "type: object\nproperties: {a: {$ref: a.yaml}}\n",
    });
    expect(problems).toEqual([]);
    expect(tests?.plan.cases.length).toBeGreaterThan(3);
  });
});
