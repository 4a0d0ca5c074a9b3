import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readDocument, type ReadDocument } from "#apitest/load/read-document.ts";
import { utf8 } from "#kernel/bytes.ts";
import { caseCount } from "#test/kit/cases.ts";
import { planOf } from "./kit.ts";

const yaml = (text: string): ReadDocument => readDocument("api.yaml", utf8(text));
const json = (text: string): ReadDocument => readDocument("api.json", utf8(text));

/** `WRIT112@2:1` for each problem. */
const problemsOf = ({ problems }: ReadDocument): readonly string[] =>
  problems.map(({ code, range }) => `${code}@${range.line}:${range.column}`);

describe("a document is what YAML 1.2 or JSON says", () => {
  test.each([
    ["a: 1\nb: [x, {c: null}]", { a: 1, b: ["x", { c: null }] }],
    ["on: yes\nold: 012\nhex: 0x1F", { on: "yes", old: 12, hex: 31 }],
    ["200: ok\ntrue: t\n~: n", { 200: "ok", true: "t", "~": "n" }],
    ["a: '1'\nb: !!str 1\nc: \"\\u0041\"", { a: "1", b: "1", c: "A" }],
    ["a: &x [1]\nb: *x", { a: [1], b: [1] }],
    ["a: |\n  two\n  lines\n", { a: "two\nlines\n" }],
    ["\ufeffa: 1", { a: 1 }],
    ["\ufeffa: 1\nb:\n  c: 2\n", { a: 1, b: { c: 2 } }],
    ["\ufeff# first\n---\na: 1\n", { a: 1 }],
    ["\ufeff%YAML 1.2\n---\r\na: 1\r\n", { a: 1 }],
    ["__proto__: 1", JSON.parse('{"__proto__": 1}') as unknown],
  ])("%j", (text, value) => {
    const read = yaml(text);
    expect(read.problems).toEqual([]);
    expect(JSON.parse(JSON.stringify(read.value?.value))).toEqual(value);
  });

  test("places behind a byte order mark are those of an editor", () => {
    const text = '{"a": 1,\n "b": 2}';
    for (const read of [yaml, json]) {
      const { value, problems } = read(`\ufeff${text}`);
      expect(problems).toEqual([]);
      for (const pointer of ["/a", "/b"]) {
        expect(value?.rangeOf(pointer)).toEqual(read(text).value?.rangeOf(pointer));
      }
    }
  });

  test("both readers read JSON as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        const expected = JSON.parse(text) as unknown;
        // Lone surrogates are made well-formed, and told.
        fc.pre(text.isWellFormed() && !/\\ud[89a-f]/.test(text));
        expect(JSON.parse(JSON.stringify(json(text).value?.value))).toEqual(expected);
        expect(JSON.parse(JSON.stringify(yaml(text).value?.value))).toEqual(expected);
      }),
      { numRuns: caseCount(200) },
    );
  });

  test("no text makes a reader throw, and what cannot be used has a problem", () => {
    const signs = fc.constantFrom(...Array.from("{}[]:,-?&*!|>'\"#%@`~ \n\tab01<é\u0000"));
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 40 }), (parts) => {
        for (const read of [yaml(parts.join("")), json(parts.join(""))]) {
          expect(read.value !== null || read.problems.length > 0).toBe(true);
        }
      }),
      { numRuns: caseCount(500) },
    );
  });
});

describe("everything has its place", () => {
  const text = "paths:\n  /a/b:\n    get:\n      tags:\n        - one\n        - two\n  ~x: 1\n";
  test.each([
    ["", 1, 1],
    ["/paths", 1, 1],
    ["/paths/~1a~1b", 2, 3],
    ["/paths/~1a~1b/get/tags/1", 6, 11],
    ["/paths/~0x", 7, 3],
    ["/paths/none/deeper", 1, 1],
  ])("%s", (pointer, line, column) => {
    expect(yaml(text).value?.rangeOf(pointer)).toMatchObject({ line, column });
  });

  test("also in JSON, and keys are marked whole", () => {
    const read = json('{\n  "a": [1,\n    {"b": 2}]\n}');
    expect(read.value?.rangeOf("/a/1/b")).toMatchObject({ line: 3, column: 6, endColumn: 9 });
  });
});

describe("what is wrong is said where it is", () => {
  test.each([
    ["a: 1\na: 2", ["WRIT112@2:1"]],
    ["a: [1", ["WRIT111@1:6"]],
    ["a: *none", ["WRIT111@1:4"]],
    ["a: .inf", ["WRIT113@1:4"]],
    ["a: !!binary aGk=", ["WRIT113@1:4"]],
    ["<<: {a: 1}", ["WRIT113@1:1"]],
    ["? {k: v}\n: 1", ["WRIT113@1:3"]],
    ["a: &x {b: *x}", ["WRIT113@1:11"]],
    ["--- 1\n--- 2", ["WRIT111@2:6"]],
    ["", ["WRIT111@1:1"]],
  ])("yaml %j", (text, problems) => {
    expect(problemsOf(yaml(text))).toEqual(problems);
  });

  test.each([
    ['{"a": 1, "a": 2}', ["WRIT112@1:10"]],
    ['{"a": 1,}', ["WRIT111@1:9"]],
    ["{'a': 1}", ["WRIT111@1:2"]],
    ['// x\n{"a": 1}', ["WRIT111@1:1"]],
    ['{"a": 1e999}', ["WRIT113@1:7"]],
    ['"\\ud800"', ["WRIT113@1:1"]],
    ["", ["WRIT111@1:1"]],
  ])("json %j", (text, problems) => {
    expect(problemsOf(json(text))).toEqual(problems);
  });

  test.each([
    ["a: 1\nb: é", "latin1", "WRIT111@2:4", "byte 9 of it, 0xE9", "-f WINDOWS-1252"],
    ["a: é", "utf16le", "WRIT111@1:1", "UTF-16", "-f UTF-16 "],
  ] as const)(
    "%j in %s is refused with its place and a way to convert it",
    (text, coding, place, said, help) => {
      const mark = coding === "utf16le" ? "\ufeff" : "";
      const read = readDocument("a.yaml", Buffer.from(`${mark}${text}`, coding));
      expect(problemsOf(read)).toEqual([place]);
      expect(read.problems[0]?.message).toContain(said);
      expect(read.problems[0]?.help).toContain(help);
    },
  );
});

describe("hostile documents end at a bound", () => {
  test("an alias bomb is one problem, whatever it would expand to", () => {
    const levels = Array.from(
      { length: 30 },
      (_, n) => `a${n}: &a${n} [${n === 0 ? "1" : `*a${n - 1}, *a${n - 1}`}]`,
    );
    const read = yaml(levels.join("\n"));
    expect(read.value).toBeNull();
    expect(read.problems.map(({ code }) => code)).toEqual(["WRIT110"]);
  });

  test.each([
    ["yaml", yaml("[".repeat(100_000))],
    ["yaml in blocks", yaml(Array.from({ length: 300 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"))],
    ["json", json("[".repeat(1_000_000))],
    ["json of objects", json('{"a":'.repeat(100_000))],
  ])("nesting without end: %s", (_, read) => {
    expect(read.value).toBeNull();
    expect(read.problems.map(({ code }) => code)).toEqual(["WRIT110"]);
  });

  test("more than is read", () => {
    expect(problemsOf(readDocument("a.yaml", new Uint8Array(16 * 1024 * 1024 + 1)))).toEqual(["WRIT110@1:1"]);
  });

  test("problems beyond number are counted", () => {
    expect(yaml("a: 1\n".repeat(1000)).problems).toHaveLength(201);
  });

  test.each([["yaml"], ["json"]])("ten megabytes of %s are read with all places", (kind) => {
    const count = 20_000;
    const member = (n: number): string =>
      kind === "json"
        ? `"key${n}": {"description": "${"x".repeat(450)}", "type": ["string", "null"]}`
        : `key${n}:\n  description: ${"x".repeat(460)}\n  type: [string, "null"]`;
    const members = Array.from({ length: count }, (_, n) => member(n));
    const text = kind === "json" ? `{${members.join(",\n")}}` : members.join("\n");
    expect(text.length).toBeGreaterThan(9_000_000);
    const read = readDocument(`big.${kind}`, utf8(text));
    expect(read.problems).toEqual([]);
    expect(read.value?.rangeOf(`/key${count - 1}`).line).toBeGreaterThan(count - 1);
  });
});

describe("a document of another version says which", () => {
  test.each([
    ['swagger: "2.0"\npaths: {}', "Swagger 2", "1:1"],
    ["openapi: 3.1\npaths: {}", "no text", "1:1"],
    ['openapi: "3.2.0"\npaths: {}', "this version", "1:1"],
    ["paths: {}", "no `openapi`", "1:1"],
  ])("%j", async (text, words, at) => {
    const { tests, problems } = await planOf({ "api.yaml": text });
    expect(tests).toBeNull();
    const [found] = problems.map(({ problem }) => problem);
    expect(problemsOf({ value: null, problems: found === undefined ? [] : [found] })).toEqual([
      `WRIT116@${at}`,
    ]);
    expect(found?.message).toContain(words);
    expect(found?.help).toBeTruthy();
  });
});
