import type { JsonValue } from "#kernel/json.ts";

/** What a body does to its world: a text shown, a tool called, a model asked. */
export type Effect = Readonly<Record<string, JsonValue>>;

/**
 * Statements, what the body gives, and its effects. A body that fails marks what erred with `«…»` and has
 * no result.
 */
export type BehaviourCase = readonly [statements: string, result?: JsonValue, effects?: readonly Effect[]];

/** Functions that every case may call. */
export const FILE = `
function twice(x) { return x * 2; }
function pair(a, b) { return [a, b]; }
function nothing() { }
function down(n) { if n > 1 { return down(n - 1); } return "bottom"; }
function say(x) { print(x); return x; }
function same() { return "of the file"; }
function asked() { return same(); }`;

export const AGENT = `
  function same() { return "of the agent"; }
  function first(xs) { for x in xs { return x; } }
  function leave(xs) { let seen = []; for x in xs { if x == 2 { return seen; } seen = append(seen, x); } return "all"; }
  function change(xs) { xs[0] = 9; return xs; }`;

export const INPUTS = {
  text: "a👋b",
  n: 7,
  xs: [1, 2, 3],
  r: { a: 1, b: { c: 2 } },
} satisfies Readonly<Record<string, JsonValue>>;

const printed = (text: string): Effect => ({ print: text });

export const BEHAVIOUR_CASES: readonly BehaviourCase[] = [
  // Results
  ["print(1);", null, [printed("1")]],
  ["return;", null],
  ["return n; print(1);", 7],
  ["1; n;", null],
  // Arithmetic
  ["return 1 + 2 * 3 - 4;", 3],
  ["return 7 / 2;", 3.5],
  ["return [-7 % 3, 7 % -3, 5.5 % 2];", [-1, 1, 1.5]],
  ["return 0 * -1;", 0],
  ["return -n;", -7],
  ["return - -n;", 7],
  ["return «n / 0»;"],
  ["return «n % 0»;"],
  ["return 9007199254740991 + 0.5;", 9007199254740992],
  ["return «9007199254740991 + 1»;"],
  ["return «9007199254740991 * 2»;"],
  ["return «-9007199254740991 - 1»;"],
  ["return «n + text»;"],
  ["return «text * 2»;"],
  ["return «-text»;"],
  ["return «null + 1»;"],
  ["return 1s + 500ms;", 1500],
  ['return "a" + "b";', "ab"],
  ["return [1] + [2];", [1, 2]],
  ["return «[1] + 2»;"],
  // Comparing
  ['return [1 == 1, 1 == "1", null == false, "" == null];', [true, false, false, false]],
  ["return [[1, { a: 2 }] == [1, { a: 2 }], [1, 2] == [2, 1]];", [true, false]],
  ["return [{ a: 1, b: 2 } == { b: 2, a: 1 }, { a: 1 } != { a: 1, b: null }];", [true, true]],
  ['return ["B" < "a", "a" < "aa", "" < "a", 2 < 10, "2" < "10"];', [true, true, true, true, false]],
  ['return "\\u{ffff}" < "👋";', false],
  ["return «1 < text»;"],
  ["return «null < 1»;"],
  ["return «[1] < [2]»;"],
  ["return [2 in xs, 9 in xs, [1] in [[1]]];", [true, false, true]],
  ['return ["👋" in text, "" in text, "" in "", "x" in text];', [true, true, true, false]],
  ['return ["a" in r, "c" in r, "" in {}];', [true, false, false]],
  ["return «1 in r»;"],
  ["return «1 in text»;"],
  ["return «1 in 2»;"],
  ["return 9 not in xs;", true],
  // Truth
  ['return [!false, !null, !0, !"", ![], !{}];', [true, true, true, true, true, true]],
  ['return [!true, !1, !-1, !"0", ![null], !{ a: null }];', [false, false, false, false, false, false]],
  ["return [1 && 2, 0 && 2, 0 || 2, 0 || null];", [true, false, true, false]],
  ["return false && n / 0;", false],
  ["return true || n / 0;", true],
  ["return say(0) && say(1);", false, [printed("0")]],
  ["return say(1) || say(0);", true, [printed("1")]],
  ["return say(1) && say(2);", true, [printed("1"), printed("2")]],
  // Fields and elements
  ['return [r.a, r.b.c, r["a"]];', [1, 2, 1]],
  ["return «r.c»;"],
  ['return «r["c"]»;'],
  ["return «r[0]»;"],
  ["return «text.a»;"],
  ["return [xs[0], xs[2], xs[-1], xs[-3]];", [1, 3, 3, 1]],
  ["return «xs[3]»;"],
  ["return «xs[-4]»;"],
  ["return «xs[0.5]»;"],
  ["return xs[2 / 2];", 2],
  ['return «xs["0"]»;'],
  ["return [text[0], text[1], text[3], text[-1], len(text)];", ["a", "👋", "b", "b", 4]],
  ["return «text[2]»;"],
  ["return «text[-2]»;"],
  ["return «n[0]»;"],
  // Assigning
  ["let x = 1; x = x + 1; return x;", 2],
  ["let x = 1; let x = 2; return x;", 2],
  ["let x = 1; if true { let x = 2; } return x;", 1],
  ["let x = 1; if true { x = 2; } return x;", 2],
  [
    "let y = xs; y[0] = 9; return [xs, y];",
    [
      [1, 2, 3],
      [9, 2, 3],
    ],
  ],
  [
    "let y = r; y.b.c = 9; return [r, y];",
    [
      { a: 1, b: { c: 2 } },
      { a: 1, b: { c: 9 } },
    ],
  ],
  ['let y = {}; y.a = 1; y["b c"] = 2; return y;', { a: 1, "b c": 2 }],
  ["let y = []; «y[0] = 1;»"],
  ["let y = {}; «y.a.b = 1;»"],
  ["let y = {}; «y.a» += 1;"],
  ['let y = "ab"; «y[0] = "c";»'],
  ["let y = [1]; «y.a = 1;»"],
  ["let y = [1, 2]; y[-1] = 9; return y;", [1, 9]],
  ["let y = [[1]]; y[0][0] += 4; return y;", [[5]]],
  ["let y = 8; y += 1; y -= 2; y *= 3; y /= 7; y %= 2; return y;", 1],
  ["let y = [1]; y += [2]; return y;", [1, 2]],
  ["let y = 1; «y += text;»"],
  // The index first, then the old value, then the value, then the store.
  ["let y = [1, 2]; y[say(0)] = say(5); return y;", [5, 2], [printed("0"), printed("5")]],
  ["let x = 1; x += if true { x = 10; 5 } else { 0 }; return x;", 6],
  ["let x = [1]; x[0] += if true { x = [10]; 5 } else { 0 }; return x;", [6]],
  ["let x = [1, 2]; x[0] = if true { x = [7, 8]; 5 } else { 0 }; return x;", [5, 8]],
  ["let i = 0; let y = [1, 2]; y[i] = if true { i = 1; 9 } else { 0 }; return y;", [9, 2]],
  // Statements
  ["if n > 9 { return 1; } else if n > 5 { return 2; } else { return 3; }", 2],
  ['match n { 7 => { return "seven"; } 7 => { return "again"; } _ => { return "else"; } }', "seven"],
  ['match n { _ => { return "else"; } 7 => { return "seven"; } }', "seven"],
  ['match n { _ => { return "first"; } _ => { return "second"; } }', "first"],
  ['match "7" { 7 => { return "seven"; } } return "none";', "none"],
  ["match say(n) { 1 => { } 2 => { } }", null, [printed("7")]],
  ["let sum = 0; for x in xs { sum += x; } return sum;", 6],
  ["let names = []; for k in ({ b: 1, a: 2, B: 3 }) { names += [k]; } return names;", ["B", "a", "b"]],
  ["for x in xs { if x == 1 { continue; } if x == 3 { break; } print(x); } return 0;", 0, [printed("2")]],
  ["for x in xs { for y in xs { if y == 2 { break; } print(x); } }", null, ["1", "2", "3"].map(printed)],
  ["let y = [1, 2]; for x in y { y = []; print(x); }", null, [printed("1"), printed("2")]],
  ["let x = 0; for x in xs { x = 9; } return x;", 0],
  ["for x in «text» { }"],
  ["for x in «null» { }"],
  // Values of blocks
  ['return if n > 5 { 1; "big" } else { 2 };', "big"],
  ["return if n > 9 { 1 } else if n > 5 { 2 } else { 3 };", 2],
  ["return if true { if false { 1 } else { 2 } } else { 3 };", 2],
  ["return if true { let x = 1; } else { 3 };", null],
  ["return if true { match n { _ => { 1; } } } else { 3 };", null],
  ["return if true { } else { 3 };", null],
  ["for x in xs { let y = if x == 2 { break; } else { x }; print(y); }", null, [printed("1")]],
  ['let y = [1, if true { return "left"; } else { 2 }];', "left"],
  // Functions
  ["return twice(n);", 14],
  ["return pair(1, 2) + pair(b: 1, a: 2);", [1, 2, 2, 1]],
  ["return pair(b: 1, 2);", [2, 1]],
  ["return pair(b: say(1), a: say(2));", [2, 1], [printed("1"), printed("2")]],
  ["return nothing();", null],
  ["return [same(), asked()];", ["of the agent", "of the file"]],
  ["return [first([]), first(xs), leave(xs)];", [null, 1, [1]]],
  [
    "return [change(xs), xs];",
    [
      [9, 2, 3],
      [1, 2, 3],
    ],
  ],
  ["return down(100);", "bottom"],
  // Builtins and methods
  [
    'return [len("👋"), "abc".upper(), [3, 1].sort(), { b: 1, a: 2 }.keys()];',
    [2, "ABC", [1, 3], ["a", "b"]],
  ],
  ["return «len(n)»;"],
  ["return «min([])»;"],
  ['return [to_number("1e3"), to_number(" 1"), to_number("0x1"), to_number("007")];', [1000, null, null, 7]],
  ['return «"ab".replace("", "x")»;'],
  ['return «"ab".split("")»;'],
  ['return «format("{}", 1, 2)»;'],
  ['return format("{}-{}", "a", { b: [1, null] });', 'a-{"b":[1,null]}'],
  ["return [round(0.5), round(-0.5), round(-0.4), floor(-0.5), abs(-1)];", [1, -1, 0, -1, 1]],
  ['«error("stop")»;'],
  [
    'log("INFO", "seen"); print("a", 1, [null]);',
    null,
    [{ log: "INFO", text: "seen" }, printed("a 1 [null]")],
  ],
  ['«log("LOUD", "x")»;'],
  ['return «parse_json("{")»;'],
  ['return parse_json("[-0, 1e2, \\"\\\\u0041\\"]");', [0, 100, "A"]],
  // Tools and the model
  ['return read_file("a.txt");', { path: "a.txt" }, [{ tool: "read_file", arguments: { path: "a.txt" } }]],
  [
    'return write_file(content: say("c"), path: say("p"));',
    { content: "c", path: "p" },
    [printed("c"), printed("p"), { tool: "write_file", arguments: { content: "c", path: "p" } }],
  ],
  ["return list_files(null);", {}, [{ tool: "list_files", arguments: {} }]],
  ["return read_file(null);", { path: null }, [{ tool: "read_file", arguments: { path: null } }]],
  [
    'return reason("You sum.", user: "1 + 1", max_tokens: 5).response;',
    "1 + 1",
    [{ reason: { system: "You sum.", user: "1 + 1", iterationsMax: null, tokensMax: 5 } }],
  ],
  [
    'return reason(user: "x").termination_reason;',
    "completed",
    [{ reason: { system: null, user: "x", iterationsMax: null, tokensMax: null } }],
  ],
  ['return «reason("s", 1)»;'],
  ['return «reason("s", "u", 0)»;'],
  ['return «reason("s", "u", 1.5)»;'],
];
