import { describe, expect, test } from "vitest";

import { lower } from "./kit.ts";

/*
 * Small texts with the verdict that the language's own reference parser gives them. What it
 * accepts we must read without a word about its form (what it means may still be refused); what
 * it refuses we either name or read all the same, and the table says which.
 */

/** Problems about the form of a text, not about what it says. */
const FORM: ReadonlySet<string> = new Set([
  "WRIT001",
  "WRIT002",
  "WRIT003",
  "WRIT004",
  "WRIT008",
  "WRIT010",
  "WRIT011",
  "WRIT059",
  "WRIT061",
  "WRIT066",
  "WRIT067",
  "WRIT079",
]);

const formOf = (text: string): readonly string[] => [
  ...new Set(
    lower(text)
      .problems.map(({ code }) => code)
      .filter((code) => FORM.has(code)),
  ),
];

/** Statements in the place where the reference was tried. */
const block = (statements: string): string => `agent a { with x = 1 { ${statements} } }`;
const policy = (rules: string): string => `agent a { policy p { ${rules} } }`;

const ACCEPTED: readonly string[] = [
  "",
  "// nothing\n# at all",
  'metadata { a = "1" } metadata { b = "2" }',
  "agent a { } agent b { }",
  'metadata { agent: "x" memory: 1 type: 3 if: 4 }',
  'metadata { d: "a\nb" }',
  'metadata { d: "\\q" }',
  "agent memory { }",
  "agent policy {}",
  "function function() {}",
  "agent a(x: int y: int) {}",
  "agent a(x: int, y: int,) {}",
  "agent a(x: Array<Map<String, int>>) {}",
  "agent a(x: Result<T,E>) {}",
  'agent a { capabilities: ["a", b, Network.Raw,] }',
  'agent a { capabilities = ["a"] capabilities = ["b"] }',
  "agent a { with { } }",
  "agent a { with a = 1 b = 2 {} }",
  "agent a { with a = 1, a = 2 {} }",
  "agent a { with sandbox = docker {} }",
  "agent a { with r = 5.minutes {} }",
  "agent a { with r = 6months {} }",
  "agent a { with r = 1w {} }",
  "agent a { with r = 1y {} }",
  block("let x = 1.days;"),
  "policy p {}",
  policy("allow: a deny: b"),
  policy('allow: ["a"] if x in y && !z'),
  policy("require: { a: true }"),
  policy("allow: a if x < 30d"),
  block("if x {}"),
  block("if x {} else {}"),
  block("if (a && b) {} else if (d) {}"),
  block("if let Some(x) = y {}"),
  block("break;"),
  block("continue;"),
  block("return;"),
  block("return null;"),
  block("let x = None;"),
  block('match x { "a" => { r.x = 1; } _ => { } }'),
  block('match x { "a" => { r.x = 1; }, _ => { }, }'),
  block("try { }"),
  block("try { } catch (e) { }"),
  block("try { } catch (Type e) { }"),
  block("try { } finally { }"),
  block("let y = xs.map(x => x.y);"),
  block("let y = x => { a: 1 };"),
  block("let x = {a: 1 b: 2};"),
  block('let x = {"a": 1};'),
  block("let x = Foo { a: 1, };"),
  block("let x = { type: 1, if: 3, return: 5 };"),
  block("f(type: 1, memory = 2, in: 3);"),
  block("f(a: 1, 2);"),
  block("a.b[c] += 1;"),
  block("a -= 1; a *= 2; a /= 3; a %= 4;"),
  block("a[b][c].d(e)[f];"),
  block("let x = - -x;"),
  block("let x = !!a;"),
  block("let x = vault://a/b[c.d];"),
  block("let agent = 1; let type = memory;"),
  block("audit(x); filter(a); type(d);"),
  'schedule s { cron: "a" timeout: 30s }',
  'schedule s { cron = "a" }',
  'channel c { platform: "s" channels: ["#a"] data_classification { pii: redact } }',
  'memory m { store markdown, path "x", search { vector_weight 0.7 } }',
  "memory m { path data }",
  'webhook w { path "/x" provider github filter { json_path "$.a" equals "b" } }',
  "type A = { a: String, b: int }",
  "type A = String",
  block("let x = a ||\n b;"),
  block("let x = f(\n 1,\n 2\n);"),
];

describe("what the reference accepts is read without a word about its form", () => {
  test.each(ACCEPTED)("%s", (text) => {
    expect(formOf(text)).toEqual([]);
  });
});

/** `tolerated`: read as if it were right, because what it means is plain. */
type Verdict = "tolerated" | readonly string[];

const run = (statements: string): string => `agent a { with sandbox = docker { ${statements} } }`;

const REFUSED: readonly (readonly [text: string, verdict: Verdict])[] = [
  ["/* x */ agent a { }", "tolerated"],
  ['metadata { "v": 1 }', "tolerated"],
  ['metadata { version "1.0" }', ["WRIT003"]],
  ["metadata { v: -1 }", "tolerated"],
  ["metadata { v: 'a' }", ["WRIT010"]],
  ["metadata { v: 1; }", ["WRIT002"]],
  ['metadata { d = """abc""" }', "tolerated"],
  ["agent my-agent {}", ["WRIT011"]],
  ['agent "x" {}', ["WRIT011"]],
  ["agent a(x) {}", "tolerated"],
  ["agent a(x: int = 1) {}", ["WRIT072"]],
  ["agent a(x: String?) {}", "tolerated"],
  ["agent a(x: [String]) {}", "tolerated"],
  ["agent a(x: Map<>) {}", "tolerated"],
  ["type A = Map<K,V>", "tolerated"],
  ["type A = String;", ["WRIT002"]],
  ["type A { a: T }", "tolerated"],
  ['agent a { capabilities { tool "x" } }', ["WRIT066"]],
  ["agent a { with timeout = 1 }", ["WRIT079"]],
  ["agent a { with timeout: 1 {} }", ["WRIT003"]],
  ["agent a { with timeout = {} {} }", ["WRIT022"]],
  ["agent a { with timeout = -1 {} }", ["WRIT022"]],
  ["agent a { with timeout = vault://a {} }", ["WRIT022"]],
  ["agent a { with timeout = (1) {} }", ["WRIT022"]],
  ["agent a { with timeout = 512MB {} }", ["WRIT022"]],
  ["agent a { with timeout = 500ms {} }", "tolerated"],
  ["agent a { with timeout = 500.milliseconds {} }", "tolerated"],
  ["agent a { with timeout = 1.5h {} }", ["WRIT022"]],
  ["agent a { with timeout = 5minutes {} }", "tolerated"],
  [run("return 1e5;"), ["WRIT071"]],
  [run("return 0x1F;"), ["WRIT071"]],
  [run("return .5;"), ["WRIT079"]],
  [run("return 90_days;"), "tolerated"],
  [policy("allow: read_file, deny: shell;"), ["WRIT002"]],
  [policy("allow = read_file"), ["WRIT003"]],
  [policy("permit: read_file"), ["WRIT066"]],
  [policy("deny: shell when x"), ["WRIT067"]],
  [policy("deny: shell unless x"), ["WRIT067"]],
  [policy("deny: shell for x"), ["WRIT067"]],
  [policy("deny: shell with x"), ["WRIT067"]],
  [policy("deny: a::b"), ["WRIT067"]],
  [policy("deny: shell if context.iteration not in [1]"), ["WRIT008"]],
  [policy("deny: shell if true and false"), ["WRIT008"]],
  [policy("deny: shell if context.iteration > 1MB"), ["WRIT071"]],
  [run("if true { print(1); };"), ["WRIT002"]],
  [run("if true { c: 1 }"), ["WRIT079"]],
  [run("let x = if true { 1 };"), ["WRIT072"]],
  [run("let x = 1"), ["WRIT001"]],
  [run("let x = 1;\nx = 1"), ["WRIT001"]],
  [run("return 1"), ["WRIT001"]],
  [run(";"), ["WRIT002"]],
  [run("print(); { print(); }"), ["WRIT072"]],
  [run("match 1 { Some(y) => { } _ => { } }"), ["WRIT072"]],
  [run('match 1 { "a" | "b" => { } _ => { } }'), ["WRIT072"]],
  [run("match 1 { 1 if true => { } _ => { } }"), ["WRIT072"]],
  [run("match 1 { -1 => { } _ => { } }"), "tolerated"],
  [run('let r = {x: 0}; match "a" { "a" => r.x = 1, _ => { } }'), "tolerated"],
  [run("try { } catch e {}"), ["WRIT072"]],
  [run("let f = (a, b) => a;"), ["WRIT072"]],
  [run("let f = x => { return 1; };"), ["WRIT079"]],
  [run('let x = {"a", "b"};'), ["WRIT079"]],
  [run("let x = a ? b : c;"), ["WRIT079"]],
  [run("let x = 0..10;"), ["WRIT079"]],
  [run("let x = A::new(1);"), ["WRIT067"]],
  [run('foo!("x");'), ["WRIT001", "WRIT070"]],
  [run("await f();"), ["WRIT001", "WRIT070"]],
  [run("let x = a & b;"), ["WRIT079"]],
  [run("print(if: 3);"), ["WRIT081"]],
  [run("let a = 1; let b = 2; a = b = 3;"), ["WRIT079"]],
  [run("let é = 1;"), ["WRIT011"]],
  [run("let x: int = 1;"), "tolerated"],
  ["schedule { agent: a } agent a { }", ["WRIT004", "WRIT078"]],
  ['schedule s { cron "0 0 6 * * *" }', ["WRIT003", "WRIT078"]],
  ["schedule s { agents: [1, 2] }", ["WRIT078"]],
  ['channel c { platform "s" }', ["WRIT003", "WRIT078"]],
  ['channel c { data_classification { pii: "redact" } }', ["WRIT078"]],
  ['channel c { webhook_url: env("X") }', ["WRIT078"]],
  ["memory m { store: markdown }", ["WRIT003", "WRIT078"]],
  ["memory { store markdown }", ["WRIT004", "WRIT078"]],
  ["memory m { search { w: 0.7 } }", ["WRIT003", "WRIT078"]],
  ['webhook w { path: "/x" }', ["WRIT003", "WRIT078"]],
  ["webhook w { secret $X }", ["WRIT078"]],
  ["webhook w { secret vault://a }", ["WRIT078"]],
  ['webhook w { filter ["a"] }', ["WRIT078"]],
  ["webhook w { provider git-hub }", ["WRIT078", "WRIT079"]],
];

describe("what the reference refuses is named, or read because it is plain", () => {
  test.each(REFUSED)("%s", (text, verdict) => {
    const codes = new Set<string>(lower(text).problems.map(({ code }) => code));
    if (verdict === "tolerated") expect([...codes]).toEqual([]);
    else expect([...codes]).toEqual(expect.arrayContaining([...verdict]));
  });
});
