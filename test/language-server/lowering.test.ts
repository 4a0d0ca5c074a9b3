import { describe, expect, test } from "vitest";

import type { Block, Expression, Rule, Statement } from "#protocol/agent-spec.ts";
import { mayRun } from "#protocol/problem.ts";
import { verifies } from "#test/kit/verifies.ts";
import { agentOf, inBody, inPolicy, inWith, lower } from "./kit.ts";

/** An expression as a person would bracket it, with its calls' kinds. */
const shown = (expression: Expression | null): string => {
  if (expression === null) return "-";
  switch (expression.k) {
    case "literal":
      return JSON.stringify(expression.value);
    case "duration":
      return `${expression.ms}ms`;
    case "secret":
      return expression.reference;
    case "name":
      return expression.name;
    case "member":
      return `${shown(expression.object)}.${expression.name}`;
    case "index":
      return `${shown(expression.object)}[${shown(expression.index)}]`;
    case "unary":
      return `${expression.operator}${shown(expression.operand)}`;
    case "binary":
      return `(${shown(expression.left)} ${expression.operator} ${shown(expression.right)})`;
    case "list":
      return `[${expression.items.map(shown).join(", ")}]`;
    case "record":
      return `${expression.type ?? ""}{${expression.fields.map(({ name, value }) => `${name}: ${shown(value)}`).join(", ")}}`;
    case "conditional":
      return `if ${shown(expression.condition)} ${block(expression.then)} else ${block(expression.otherwise)}`;
    case "call": {
      const target =
        expression.target.k === "reason" ? "reason" : `${expression.target.k} ${expression.target.name}`;
      const given = expression.arguments.map(
        ({ name, value }) => `${name === null ? "" : `${name}: `}${shown(value)}`,
      );
      return `<${target}>(${given.join(", ")})`;
    }
  }
};

const statement = (one: Statement): string => {
  switch (one.k) {
    case "let":
      return `let ${one.name} = ${shown(one.value)}`;
    case "assign": {
      const path = one.target.path.map((step) =>
        step.k === "member" ? `.${step.name}` : `[${shown(step.index)}]`,
      );
      return `${one.target.name}${path.join("")} ${one.operator} ${shown(one.value)}`;
    }
    case "if":
      return `if ${shown(one.condition)} ${block(one.then)}${one.otherwise === null ? "" : ` else ${block(one.otherwise)}`}`;
    case "match": {
      const arms = one.arms.map(
        ({ pattern, body }) => `${pattern.k === "else" ? "_" : JSON.stringify(pattern.value)} ${block(body)}`,
      );
      return `match ${shown(one.subject)} ${arms.join(" ")}`;
    }
    case "for":
      return `for ${one.name} in ${shown(one.over)} ${block(one.body)}`;
    case "return":
      return `return ${shown(one.value)}`;
    case "break":
    case "continue":
      return one.k;
    case "expression":
      return shown(one.value);
  }
};

const block = ({ statements }: Block): string => `{${statements.map(statement).join("; ")}}`;

const bodyOf = (statements: string): string => {
  const { body } = agentOf(inBody(statements));
  return body === null ? "" : body.statements.map(statement).join("; ");
};

describe("expressions", () => {
  test.each([
    ["n + 1 * 2 - 3", "((n + (1 * 2)) - 3)"],
    ["1 - 2 - 3", "((1 - 2) - 3)"],
    ["n < 1 == true && n > 2 || false", "((((n < 1) == true) && (n > 2)) || false)"],
    ["(1 + 2) * 3", "((1 + 2) * 3)"],
    ["n in [1] == true", "((n in [1]) == true)"],
    ["not n == 1", "(!n == 1)"],
    ["not n in [1]", "(!n in [1])"],
    ["n not in [1]", "!(n in [1])"],
    ["!(n in [1])", "!(n in [1])"],
    ["!!n", "!!n"],
    ["-n", "-n"],
    ["- -1", "1"],
    ["-0", "0"],
    ["1 and 2 or 3", "((1 && 2) || 3)"],
    ["7 / 2 % 3", "((7 / 2) % 3)"],
    ["1_000.5", "1000.5"],
    ["30s", "30000ms"],
    ["5.minutes", "300000ms"],
    ["2h + 1d", "(7200000ms + 86400000ms)"],
    ["None", "null"],
    ['"a\\n\\"\\u0041\\u{1f600}\\q"', JSON.stringify('a\n"A😀q')],
    ['"""raw \\n"""', JSON.stringify("raw \\n")],
    ["'single'", '"single"'],
    ["[1, [2], ]", "[1, [2]]"],
    ['{a: 1 "b c": 2, if: 3}', "{a: 1, b c: 2, if: 3}"],
    ["Point { x: 1, y: n }", "Point{x: 1, y: n}"],
    ["text.a[0].b", "text.a[0].b"],
    ["len(text)", "<builtin len>(text)"],
    ["text.len()", "<method len>(text)"],
    ['text.split(",")[0].upper()', '<method upper>(<method split>(text, ",")[0])'],
    ['read_file("a")', '<tool read_file>("a")'],
    ['write_file(content: "b", path: "a")', '<tool write_file>(content: "b", path: "a")'],
    ["list_files()", "<tool list_files>()"],
    ['reason("s", "u")', '<reason>("s", "u")'],
    ["reason(user: text, max_tokens: 5)", "<reason>(user: text, max_tokens: 5)"],
    ["if n > 1 { 1 } else { 2 }", "if (n > 1) {1} else {2}"],
    ["if n > 1 { 1 } else if n > 0 { 2 } else { 3 }", "if (n > 1) {1} else {if (n > 0) {2} else {3}}"],
    [
      "if n > 1 { if n > 2 { 1 } else { 2 } } else { let x = 3; x }",
      "if (n > 1) {if (n > 2) {1} else {2}} else {let x = 3; x}",
    ],
  ])("%s", (text, expected) => {
    expect(bodyOf(`return ${text};`)).toBe(`return ${expected}`);
  });
});

describe("statements", () => {
  test.each([
    ["let x = 1; x = 2; x += n;", "let x = 1; x = 2; x += n"],
    ["let r = {}; r.a = 1; r.b[0].c *= 2;", "let r = {}; r.a = 1; r.b[0].c *= 2"],
    ["if n { print(1); } else { print(2); }", "if n {<builtin print>(1)} else {<builtin print>(2)}"],
    ["if n { } else if text { } ", "if n {} else {if text {}}"],
    ["for x in [1] { if x { break; } continue; }", "for x in [1] {if x {break}; continue}"],
    [
      'match text { "a" => { }, -2 => n = 1, null => return 1, _ => { } }',
      'match text "a" {} -2 {n = 1} null {return 1} _ {}',
    ],
    ["return", "return -"],
    [
      "let agent = 1; let type = agent; print(type);",
      "let agent = 1; let type = agent; <builtin print>(type)",
    ],
    ["let x = 1 print(x)", "let x = 1; <builtin print>(x)"],
  ])("%s", (text, expected) => {
    expect(bodyOf(text)).toBe(expected);
  });

  test("several blocks are one body with one set of variables", () => {
    const { body, sandboxFloor } = agentOf(
      "agent a { with sandbox = wasm { let x = 1; } with sandbox = docker { return x; } }",
    );
    expect(body?.statements.map(statement)).toEqual(["let x = 1", "return x"]);
    expect(sandboxFloor?.tier).toBe("docker");
  });

  test("an agent without statements has no body", () => {
    expect(agentOf("agent a { }").body).toBeNull();
    expect(agentOf("agent a { with timeout = 5m { } with { ; } }").body).toBeNull();
    expect(agentOf(inWith("timeout = 5m")).body).toBeNull();
  });
});

describe("names", () => {
  test("an agent's own function comes before one of the file, and functions of the file do not see it", () => {
    const { value, problems } = lower(`
      function f() { return 1; }
      function g() { return own(); }
      agent a { function f(x) { return x; } function own() { return f(1); } with sandbox = docker { return f(2); } }
    `);
    expect(problems.map(({ code, range }) => [code, range.line])).toEqual([["WRIT070", 3]]);
    expect(value?.agents[0]?.functions.map(({ name }) => name)).toEqual(["f", "own"]);
  });

  test("a function hides a builtin, a variable hides nothing that is called", () => {
    expect(
      lower("function len(x, y) { return x; } agent a { with sandbox = docker { return len(1, 2); } }")
        .problems,
    ).toEqual([]);
    expect(lower(inBody("let shell = 1; return shell;")).problems).toEqual([]);
    expect(lower(inBody('let shell = 1; shell("ls");')).problems.map(({ code }) => code)).toEqual([
      "WRIT070",
    ]);
  });

  test("a variable ends with its block", () => {
    expect(lower(inBody("if n { let x = 1; print(x); } print(x);")).problems.map(({ code }) => code)).toEqual(
      ["WRIT070"],
    );
    expect(lower(inBody("for i in [1] { print(i); } print(i);")).problems.map(({ code }) => code)).toEqual([
      "WRIT070",
    ]);
  });
});

describe("rules", () => {
  const rulesOf = (text: string): readonly Rule[] => agentOf(inPolicy(text)).policies[0]?.rules ?? [];

  test("ids count within policies of one name, and say whom the rule binds", () => {
    const { value } = lower(
      "policy p { allow: shell } policy p { deny: shell } agent a { policy p { allow: shell } }",
    );
    expect(value?.policies.flatMap(({ rules }) => rules.map(({ id }) => id))).toEqual(["*/p/1", "*/p/2"]);
    expect(value?.agents[0]?.policies[0]?.rules.map(({ id }) => id)).toEqual(["a/p/1"]);
  });

  test("a rule that cannot be lowered keeps its number", () => {
    expect(rulesOf("deny: nothing\n deny: shell").map(({ id }) => id)).toEqual(["a/p/2"]);
  });

  test("text, range and digest are those of the rule as written", () => {
    const source = inPolicy("deny:   shell // never\n    if   context.iteration > 3 ;");
    const rule = agentOf(source).policies[0]?.rules[0];
    expect(rule?.text).toBe("deny:   shell // never\n    if   context.iteration > 3");
    expect(source.slice(...(rule?.range.span ?? [0, 0]))).toBe(rule?.text);
  });

  test.each([
    ["allow: shell if dry", "dry"],
    ["allow: shell if !dry && count >= -3", "(!dry && (count >= -3))"],
    [
      'deny: shell(c) if c.contains("rm") || args.command == file',
      '(<method contains>(c, "rm") || (args.command == file))',
    ],
    ['deny: tool_call if "executes-code" in resource.effects', '("executes-code" in resource.effects)'],
    [
      'deny: shell if file not in ["a"] and inputs.count < 1h',
      '(!(file in ["a"]) && (inputs.count < 3600000ms))',
    ],
    ['deny: shell if names.contains("x")', '<method contains>(names, "x")'],
    ['deny: shell if (context.sandbox_tier == "wasm")', '(context.sandbox_tier == "wasm")'],
    [
      'deny: publish_file if resource.extension == "md" || resource.size_bytes > 1000',
      '((resource.extension == "md") || (resource.size_bytes > 1000))',
    ],
  ])("%s", (text, expected) => {
    expect(lower(inPolicy(text)).problems.filter(({ class: kind }) => kind === "enforcement")).toEqual([]);
    expect(shown(rulesOf(text)[0]?.condition ?? null)).toBe(expected);
  });

  test("a top-level rule reads inputs by their root, and only those that every agent has", () => {
    const agents = "agent a(x: int, y: String) { } agent b(x: int, y: int) { }";
    const codes = (rule: string): readonly string[] =>
      lower(`policy p { ${rule} } ${agents}`).problems.map(({ code }) => code);
    expect(codes("deny: shell if inputs.x > 1")).toEqual([]);
    expect(codes("deny: shell if x > 1")).toEqual(["WRIT069"]);
    expect(codes('deny: shell if inputs.y == "a"')).toEqual(["WRIT069"]);
  });
});

describe("limits", () => {
  test.each([
    ["timeout = 120", "timeoutMs", 120_000],
    ["timeout = 0.5", "timeoutMs", 500],
    ['timeout = "10m"', "timeoutMs", 600_000],
    ["timeout = 60.seconds", "timeoutMs", 60_000],
    ["timeout = 1w", "timeoutMs", 604_800_000],
    ["max_iterations = 5", "iterationsMax", 5],
    ["max_tokens = 1_000", "tokensMax", 1_000],
    ["max_memory_mb = 1", "memoryBytesMax", 1_048_576],
    ["max_cpu_cores = 0.25", "cpuCoresMax", 0.25],
  ] as const)("%s", (text, limit, value) => {
    verifies("language.resource-limits");
    expect(agentOf(inWith(text)).limits[limit]?.value).toBe(value);
  });

  test.each([
    ['sandbox = "WASM"', "wasm"],
    ["sandbox = embedded", "wasm"],
    ["sandbox = Tier1", "docker"],
    ['sandbox = "tier2"', "gvisor"],
    ["sandbox = gVisor", "gvisor"],
  ])("%s", (text, tier) => {
    verifies("language.sandbox-tier");
    expect(agentOf(inWith(text)).sandboxFloor?.tier).toBe(tier);
  });

  test("a file that says nothing sets no limit", () => {
    const { limits, sandboxFloor } = agentOf("agent a { }");
    expect(Object.values(limits)).toEqual([null, null, null, null, null]);
    expect(sandboxFloor).toBeNull();
  });
});

describe("nothing that a sound file says is dropped in silence", () => {
  const parts = {
    rules: [
      "allow: read_file",
      "deny: shell if dry",
      "require: { approval: true, timeout: 5s }",
      "audit: all_operations",
    ],
    statements: [
      "let a = 1;",
      "if n { print(1); }",
      "for i in [1] { print(i); }",
      "match n { 1 => { } _ => { } }",
      "print(n);",
    ],
  };

  test("each rule of a policy is a rule of the spec", () => {
    for (let count = 0; count < 64; count += 1) {
      const chosen = parts.rules
        .filter((_, index) => (count >> index) % 2 === 1)
        .concat(parts.rules.slice(0, count % 4));
      const text = inPolicy(chosen.join(count % 3 === 0 ? "\n" : " "));
      const { problems } = lower(text);
      expect(mayRun(problems)).toBe(true);
      const texts = new Set((agentOf(text).policies[0]?.rules ?? []).map(({ range }) => range.span.join()));
      expect(texts.size).toBe(chosen.length);
    }
  });

  test("each statement of a body is a statement of the spec", () => {
    for (let count = 0; count < 64; count += 1) {
      const chosen = parts.statements.filter((_, index) => (count >> index) % 2 === 1);
      const text = inBody(chosen.join("\n"));
      expect(mayRun(lower(text).problems)).toBe(true);
      expect(agentOf(text).body?.statements.length ?? 0).toBe(chosen.length);
    }
  });
});
