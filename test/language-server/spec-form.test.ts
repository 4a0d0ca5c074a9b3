import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { lowerSource } from "#language/lower/lower.ts";
import type { AgentSpec, Expression } from "#protocol/agent-spec.ts";
import { readAgentSpec } from "#protocol/agent-spec-schema.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { agentOf, digest, inBody, inPolicy, inWith, lower, lowerBytes, marked } from "./kit.ts";

// Long texts on a machine that does other things as well.

const specOf = (text: string): AgentSpec => {
  const { value } = lower(text);
  if (value === null) throw new Error("nothing was lowered");
  return value;
};

const codes = (text: string): readonly string[] => lower(text).problems.map(({ code }) => code);

describe("a spec is whole when nothing stops a run", () => {
  test.each([
    ["agent a { }", true],
    ["agent a { policy p { deny: shell } }", true],
    // A warning and a hint.
    ["policy p { } policy p { }", true],
    [inBody("return 1"), true],
    ["agent a { policy p { deny: shel } }", false],
    ["agent a { } agent a { }", false],
    ["agent my-agent { }", false],
    [inBody("return { a: 1, a: 2 };"), false],
    ["agent a { policy p { deny: shell ", false],
    ["with { }", false],
  ])("%s", (text, isWhole) => {
    expect(specOf(text).isWhole).toBe(isWhole);
  });
});

describe("the path of a file is one that a spec may carry", () => {
  test.each([
    "/a.symbi",
    "a/../b.symbi",
    "a//b",
    "",
    ".",
    "a\\b",
    "a\nb",
    "a\u007f",
    "C:/a",
    "e\u0301",
    "é".repeat(2_049),
    "\ud800",
  ])("%j is not", (path) => {
    const { value, problems } = lowerBytes({ path, bytes: utf8("agent a { }") });
    expect(value).toBeNull();
    expect(problems.map(({ code }) => code)).toEqual(["WRIT080"]);
  });
  test.each(["a", "a b/ç.symbi", "a/b:c", "é".repeat(2_048), "...", "a/.b"])("%j is", (path) => {
    expect(lowerBytes({ path, bytes: utf8("agent a { }") }).value?.source.path).toBe(path);
  });
});

describe("what is kept as data says what it is", () => {
  test.each([
    ['"a"', "a"],
    ["-2.5", -2.5],
    ["null", null],
    ["word", { ref: "word" }],
    ["a.b", { ref: "a.b" }],
    ['env("X")', { ref: 'env("X")' }],
    ["vault://a/b", { ref: "vault://a/b" }],
    ["$X", { ref: "$X" }],
    ["30s", { duration: "30s" }],
    ["6months", { duration: "6months" }],
    ["512MB", { size: "512MB" }],
    ["{ ref: word }", { block: { ref: { ref: "word" } } }],
    ['{ "": [1s] }', { block: { "": [{ duration: "1s" }] } }],
  ])("%s", (written, value) => {
    const spec = specOf(`metadata { a = ${written} }`);
    expect(spec.metadata.map((entry) => entry.value)).toEqual([value]);
    expect(spec.isWhole).toBe(true);
  });
  test("a trigger names its agent as a text or as a word", () => {
    const agents = specOf(
      'agent a { } schedule s { agent: a } webhook w { agent "a" } channel c { default_agent: a } memory m { agent a }',
    ).triggers.map(({ agent }) => agent);
    expect(agents).toEqual(["a", "a", "a", null]);
  });
});

describe("a call says whose function it means", () => {
  const scopes = (text: string): readonly string[] =>
    [...JSON.stringify(specOf(text)).matchAll(/"scope":"(\w+)"/g)].map(([, scope = ""]) => scope);
  test.each([
    ["function f() { } agent a { with { f(); } }", ["file"]],
    ["agent a { function f() { } with { f(); } }", ["agent"]],
    ["function f() { } agent a { function f() { } with { f(); } }", ["agent"]],
    ["function f() { } function g() { f(); } agent a { function f() { } }", ["file"]],
    ["function f() { } agent a { function g() { f(); } }", ["file"]],
  ])("%s", (text, expected) => {
    expect(scopes(text)).toEqual(expected);
  });
});

test("a tool that shares its action with another cannot be ruled alone", () => {
  const first = BUILTIN_TOOLS.find(({ action }) => action === "publish_file");
  if (first === undefined) throw new Error("no tool publishes");
  const tools = [...BUILTIN_TOOLS, { ...first, name: "publish_all" }];
  const problems = (rule: string): readonly string[] =>
    lowerSource({ path: "a", bytes: utf8(`policy p { ${rule} }`) }, { digest, tools }).problems.map(
      ({ code, message }) => `${code} ${message}`,
    );
  expect(problems("deny: publish_all")).toEqual([
    "WRIT068 `publish_all` and `publish_file` are one action, `publish_file`, so a rule cannot be about one of them",
  ]);
  expect(problems("deny: shell")).toEqual([]);
});

describe("places", () => {
  /** Where the mark is, and what the spec says of it. */
  const expectPlaces = (
    source: string,
    find: (spec: AgentSpec) => readonly (readonly [number, number] | undefined)[],
  ) => {
    const { text, spans } = marked(source);
    expect(find(specOf(text))).toEqual(spans);
  };
  test("a parameter ends before its comma", () => {
    expectPlaces("agent a(«x: int» , «y», «z: A<«B» , «C»>», ) { }", ({ agents }) => {
      const [x, y, z] = agents[0]?.parameters ?? [];
      return [
        x?.range.span,
        y?.range.span,
        z?.range.span,
        ...(z?.type.arguments ?? []).map(({ span }) => span),
      ];
    });
  });
  test("an arm ends before its comma", () => {
    expectPlaces(
      "agent a(x) { with { match x { «1 => { }» , «2 => print(x)», «_ => { }» } } }",
      ({ agents }) => {
        const [match] = agents[0]?.body?.statements ?? [];
        return match?.k === "match" ? match.arms.map(({ span }) => span) : [];
      },
    );
  });
  test("an entry of metadata ends before its comma", () => {
    expectPlaces('metadata { «a = "b"» , «c = { d: 1, }», }', ({ metadata }) =>
      metadata.map(({ range }) => range.span),
    );
  });
  test("of several tiers the one that binds is shown, of several blocks the statements of all", () => {
    expectPlaces(
      'agent a { with sandbox = «"gvisor"» «{ let x = 1; } with sandbox = "docker" { return x; }» }',
      ({ agents }) => [agents[0]?.sandboxFloor?.range.span, agents[0]?.body?.span],
    );
  });
});

describe("what lowering counts is at least as deep as the spec", () => {
  const conditionOf = (condition: string): string => `policy p { deny: shell if ${condition} }`;
  test.each<readonly [what: string, text: (count: number) => string]>([
    ["sums", (n) => inBody(`print(${"n + ".repeat(n)}n);`)],
    ["not in", (n) => inBody(`print(${"n not in ".repeat(n)}[n]);`)],
    ["signs", (n) => inBody(`print(${"!".repeat(n)}n);`)],
    ["fields", (n) => inBody(`print(text${".a".repeat(n)});`)],
    ["methods", (n) => inBody(`print(text${".trim()".repeat(n)});`)],
    ["brackets", (n) => inBody(`print(${"(".repeat(n)}n${")".repeat(n)});`)],
    ["lists", (n) => inBody(`print(${"[".repeat(n)}n${"]".repeat(n)});`)],
    ["records", (n) => inBody(`print(${"{ a: ".repeat(n)}n${" }".repeat(n)});`)],
    ["a record as a statement", (n) => inBody(`Point { a: ${"!".repeat(n)}n }`)],
    ["else if", (n) => inBody(`if n { }${" else if n { }".repeat(n)} else { print(n); }`)],
    ["else if as a value", (n) => inBody(`let x = if n { 1 }${" else if n { 1 }".repeat(n)} else { n };`)],
    ["the last if of a value", (n) => inBody(`let x = ${"if n { ".repeat(n)}n${" } else { n }".repeat(n)};`)],
    ["blocks", (n) => inBody(`${"for i in [n] { ".repeat(n)}print(n);${" }".repeat(n)}`)],
    ["arms", (n) => inBody(`${"match n { _ => { ".repeat(n)}print(n);${" } }".repeat(n)}`)],
    ["places", (n) => inBody(`let x = 1; x${"[0]".repeat(3)}[${"[".repeat(n)}n${"]".repeat(n)}] += 1;`)],
    ["a function", (n) => `function f(n) { ${"if n { ".repeat(n)}print(n);${" }".repeat(n)} }`],
    ["conditions", (n) => conditionOf(`${"true && ".repeat(n)}true`)],
    ["negations", (n) => conditionOf(`${"!".repeat(n)}context.labels.contains("a")`)],
    [
      "conditions in brackets",
      (n) => conditionOf(`${"!(".repeat(n)}args.command not in ["a"]${")".repeat(n)}`),
    ],
    ["types", (n) => `agent a(x: ${"A<".repeat(n)}B${">".repeat(n)}) { }`],
    ["types that may be left out", (n) => `agent a(x: ${"A<".repeat(n)}B${"?>".repeat(n)}) { }`],
    ["data", (n) => `metadata { a = ${"[".repeat(n)}1${"]".repeat(n)} }`],
    ["blocks of data", (n) => `memory m { ${"a { ".repeat(n)}a 1${" }".repeat(n)} }`],
  ])("%s", (_what, text) => {
    const isWithin = (count: number): boolean => !codes(text(count)).includes("WRIT065");
    // The largest count that is accepted, by halving.
    let [good, bad] = [1, 300];
    expect([isWithin(good), isWithin(bad)]).toEqual([true, false]);
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      if (isWithin(middle)) good = middle;
      else bad = middle;
    }
    for (const count of [good - 1, good, bad]) {
      const { value } = lower(text(count));
      if (value !== null) expect(readAgentSpec(value, digest)).toMatchObject({ ok: true });
    }
    expect(good).toBeGreaterThan(30);
  });
});

test("a file whose spec would be too large is refused, and one just below is read", () => {
  const parameters = (count: number): string => `function f(${"a ".repeat(count)}) { }`;
  expect(lower(parameters(10_000)).value).not.toBeNull();
  const { value, problems } = lower(parameters(65_000));
  expect(value).toBeNull();
  expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringMatching(/^WRIT080 the file says too much: as a specification it has more than \d+/),
  ]);
});

test("an unused bound name and one of the same parameter in another pattern are fine", () => {
  expect(codes(inPolicy("deny: [read_file(p), write_file(p)]"))).toEqual([]);
  expect(codes(inWith("max_tokens = 5, max_iterations = 5"))).toEqual([]);
});

test("literals that are not exact numbers are refused", () => {
  const value = (text: string): Expression | undefined => {
    const [statement] = agentOf(inBody(`return ${text};`)).body?.statements ?? [];
    return statement?.k === "return" ? (statement.value ?? undefined) : undefined;
  };
  expect(value("9_007_199_254_740_991")).toMatchObject({ k: "literal", value: 2 ** 53 - 1 });
  expect(value("-0")).toMatchObject({ k: "literal", value: 0 });
  expect(codes(inBody("return 9007199254740992;"))).toEqual(["WRIT071"]);
  expect(codes(inBody(`return ${"9".repeat(400)}.5;`))).toEqual(["WRIT071"]);
});
