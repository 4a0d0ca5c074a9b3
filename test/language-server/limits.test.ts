import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { PROBLEMS_MAX, TOKENS_MAX } from "#language/parser/limits.ts";
import { SOURCE_BYTES_MAX } from "#protocol/agent-spec-bounds.ts";
import { agentOf, inBody, inPolicy, inWith, lower, lowerBytes } from "./kit.ts";

// A busy machine may take its time; nothing here depends on how much.

const codes = (text: string): readonly string[] => lower(text).problems.map(({ code }) => code);

const refused = (bytes: Uint8Array): readonly string[] => {
  const { value, problems } = lowerBytes({ path: "x.symbi", bytes });
  expect(value).toBeNull();
  expect(problems).toHaveLength(1);
  return problems.map(({ code, message }) => `${code} ${message}`);
};

describe("what would cost too much is refused with one problem before it is parsed", () => {
  test.each([
    ["ten megabytes of braces", utf8("{".repeat(10 * 1024 * 1024)), /^WRIT080 the file has 10485760 bytes/],
    [
      "just too large",
      new Uint8Array(SOURCE_BYTES_MAX + 1).fill(0x20),
      /^WRIT080 the file has 1048577 bytes/,
    ],
    ["2,000 deep", utf8(inBody(`return ${"(".repeat(2_000)}1${")".repeat(2_000)};`)), /^WRIT065/],
    ["a megabyte of braces", utf8("{".repeat(1024 * 1024)), /^WRIT065/],
    ["records", utf8(inBody(`return ${"{a:".repeat(300)}1${"}".repeat(300)};`)), /^WRIT065/],
    ["type arguments", utf8(`agent a(x: ${"A<".repeat(300)}B${">".repeat(300)}) { }`), /^WRIT065/],
    ["lambdas", utf8(inBody(`return ${"x => ".repeat(300)}1;`)), /^WRIT065/],
    ["lambdas with brackets", utf8(inBody(`return ${"(x) => ".repeat(300)}1;`)), /^WRIT065/],
    ["too many words", utf8("a ".repeat(TOKENS_MAX + 1)), /^WRIT080 the file has more than 250000/],
    ["a NUL", utf8("agent a { }\0"), /^WRIT080 the file is not text: it holds a NUL/],
    [
      "a program",
      Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0xff, 0xfe),
      /^WRIT080 the file is not text/,
    ],
    [
      "not UTF-8",
      Uint8Array.of(0x61, 0x67, 0xff, 0x65),
      /^WRIT080 the file is not UTF-8: the byte at offset 2/,
    ],
    ["half a character", utf8("é").subarray(0, 1), /^WRIT080 the file is not UTF-8: the byte at offset 0/],
    ["an encoded surrogate", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), /^WRIT080/],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0x00), /^WRIT080/],
  ] as const)("%s", (_, bytes, expected) => {
    expect(refused(bytes)[0]).toMatch(expected);
  });
});

// How deep the parser may go on a caller's own stack differs; the thread that lowers has room for all of it.
describe("what is within the limits is read", () => {
  test("brackets", () => {
    const deep = 100;
    expect(codes(inBody(`return len(${"(".repeat(deep)}text${")".repeat(deep)});`))).toEqual([]);
  });
  test.each([
    ["records", "{a: ", "}"],
    ["lists", "[", "]"],
    ["calls", "len(", ")"],
  ])("%s", (_, open, close) => {
    const deep = 100;
    expect(codes(inBody(`return ${open.repeat(deep)}n${close.repeat(deep)};`))).toEqual([]);
  });
  test("blocks", () => {
    const deep = 120;
    expect(codes(inBody(`${"if n > 1 { ".repeat(deep)}print(n);${" }".repeat(deep)}`))).toEqual([]);
  });
  test("a full file of statements", () => {
    const statements = "print(n);\n".repeat(5_000);
    expect(agentOf(inBody(statements)).body?.statements).toHaveLength(5_000);
  });
  test("a text as long as the file may be", () => {
    const text = `"${"x".repeat(SOURCE_BYTES_MAX - 200)}"`;
    expect(codes(inBody(`print(${text});`))).toEqual([]);
  });
});

describe("a chain is bounded as a nesting is, and however long it is it is read", () => {
  test.each([
    ["operators", inBody(`print(${"n + ".repeat(5_000)}n);`)],
    ["fields", inBody(`print(text${".a".repeat(5_000)});`)],
    ["calls", inBody(`print(text${".len()".repeat(5_000)});`)],
    ["signs", inBody(`print(${"!".repeat(5_000)}n);`)],
    ["words", inBody(`print(${"not ".repeat(5_000)}n);`)],
    ["minus", inBody(`print(${"- ".repeat(5_000)}n);`)],
    ["else if", inBody(`if n > 1 { } ${"else if n > 2 { } ".repeat(3_000)}`)],
    ["sums in brackets", inBody(`print(${"(".repeat(100)}n${" + n + n + n)".repeat(100)});`)],
    ["conditions", `policy p { deny: shell if ${"true && ".repeat(3_000)}true }`],
  ])("%s", (_, text) => {
    expect(codes(text)).toEqual(["WRIT065"]);
  });
});

describe("what is written again and again costs its length and no more", () => {
  const size = 60_000;
  test.each([
    ["comments", "#\n".repeat(size)],
    ["comments between words", `metadata { ${"a = 1 // x\n".repeat(5_000)} }`],
    ["quotes", '"'.repeat(size)],
    ["single quotes", "'\\".repeat(size)],
    ["escaped quotes", '"\\"'.repeat(40_000)],
    ["unknown signs", "~".repeat(size)],
    ["slashes", "/*".repeat(size)],
    ["closing brackets", "}".repeat(size)],
    ["pairs of brackets", "{}".repeat(40_000)],
    ["agents", "agent a { } ".repeat(5_000)],
    ["words", "x ".repeat(40_000)],
    ["rules", `policy p { ${"deny: shell ".repeat(5_000)} }`],
    ["hidden characters", "\u200b".repeat(size)],
    ["one long remark", "#".repeat(500_000)],
    ["spaces", " ".repeat(500_000)],
    ["underscores", `agent a-${"_".repeat(400_000)}b { }`],
    ["hyphens in a name", `agent "${"-".repeat(400_000)}" { }`],
    ["spaces in a duration", inWith(`timeout = "1${" ".repeat(400_000)}x"`)],
    ["digits", inBody(`print(${"1".repeat(400_000)});`)],
    ["a long number with underscores", inBody(`print(${"1_".repeat(200_000)}x);`)],
    ["halves of tokens", inBody(`print("${"-eyJ".repeat(100_000)}");`)],
    ["unknown names", inBody(Array.from({ length: 8_000 }, (_, index) => `xx${index};`).join("\n"))],
    [
      "known and unknown names",
      inBody(Array.from({ length: 4_000 }, (_, index) => `let a${index} = b${index};`).join("\n")),
    ],
    [
      "triggers of unknown agents",
      Array.from(
        { length: 4_000 },
        (_, index) => `schedule s${index} { agent: b${index} } agent a${index} { }`,
      ).join("\n"),
    ],
    [
      "a rule with many patterns and names",
      inPolicy(`deny: [${"read_file(p), ".repeat(5_000)}] if ${'p == "a" || '.repeat(200)}true`),
    ],
  ])("%s", (_, text) => {
    expect(lower(text).problems.length).toBeLessThanOrEqual(PROBLEMS_MAX + 1);
  });
});

describe("a text with very many mistakes is given up after the first hundred", () => {
  test.each([
    ["signs", "{ ; } ) ( = = ".repeat(17_000)],
    ["agents", "agent a { ; } ) ".repeat(15_000)],
    ["rules", `policy p { ${"deny: shell ) ( ".repeat(40_000)} }`],
    ["statements", inBody("let = ; ".repeat(60_000))],
    ["blocks that never close", `${inBody("")}${"agent a { with { ".repeat(100)}${"x = ; ".repeat(50_000)}`],
  ])("%s", (_, text) => {
    const { problems } = lower(text);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["WRIT079"]));
    expect(problems.length).toBeLessThanOrEqual(6);
    expect(codes("agent a { }")).toEqual([]);
  });
});

describe("line ends and marks of other systems", () => {
  test("a byte order mark and CR LF are no problem, and places count with them", () => {
    const text = "\ufeffagent a {\r\n  policy p {\r\n    deny: shel\r\n  }\r\n}\r\n";
    const { problems } = lower(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.range).toMatchObject({ line: 3, column: 11, endLine: 3, endColumn: 15 });
    expect(text.slice(...(problems[0]?.range.span ?? [0, 0]))).toBe("shel");
  });
  test("a lone CR ends a line", () => {
    expect(lower("policy p {\rdeny: shel }").problems[0]?.range).toMatchObject({ line: 2, column: 7 });
  });
  test("an empty file and one of spaces say nothing", () => {
    expect(codes("")).toEqual([]);
    expect(codes(" \n\t\r\n")).toEqual([]);
  });
});
