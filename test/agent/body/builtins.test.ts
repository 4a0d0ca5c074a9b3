import { describe, expect, test } from "vitest";
import { PURE_BUILTINS } from "#agent/body/builtins.ts";
import type { JsonValue } from "#kernel/json.ts";
import { BUILTINS, METHODS } from "#protocol/builtins.ts";
import type { Expression } from "#protocol/agent-spec.ts";
import { builtin, lit, list, method, record, ret } from "./ir.ts";
import { ran } from "./run-body.ts";

const KIND = { failed: "BODY_KIND" };
const TEXT = { failed: "BODY_TEXT" };
const MISSING = { failed: "BODY_MISSING" };
const MALFORMED = { failed: "BODY_MALFORMED" };

const value = (plain: JsonValue): Expression => {
  if (Array.isArray(plain)) return list(...plain.map(value));
  if (typeof plain === "object" && plain !== null) {
    return record(Object.fromEntries(Object.entries(plain).map(([key, inner]) => [key, value(inner)])));
  }
  return lit(plain);
};

/** A builtin's name, its arguments, and what it gives. */
const cases: readonly (readonly [string, readonly JsonValue[], JsonValue])[] = [
  ["len", ["a👋"], 3],
  ["len", [[1, 2]], 2],
  ["len", [{ a: 1 }], 1],
  ["len", [""], 0],
  ["len", [5], KIND],
  ["len", [null], KIND],
  ["len", [], MALFORMED],
  ["len", ["a", "b"], MALFORMED],
  ["length", ["abc"], 3],
  ["upper", ["straße"], "STRASSE"],
  ["upper", ["i"], "I"],
  ["upper", [1], KIND],
  ["lower", ["ÄB"], "äb"],
  ["lower", [null], KIND],
  ["trim", [" \t a b\n"], "a b"],
  ["trim", [[]], KIND],
  ["split", ["a,b,,c", ","], ["a", "b", "", "c"]],
  ["split", ["", ","], [""]],
  ["split", ["abc", "abc"], ["", ""]],
  ["split", ["abc", ""], TEXT],
  ["split", [1, ","], KIND],
  ["split", ["a", 1], KIND],
  ["join", [["a", "b"], "-"], "a-b"],
  ["join", [[], "-"], ""],
  ["join", [["a", 1], "-"], KIND],
  ["join", ["ab", "-"], KIND],
  ["join", [["a"], null], KIND],
  ["contains", ["hello", "ell"], true],
  ["contains", ["hello", "x"], false],
  ["contains", [[{ a: 1 }], { a: 1 }], true],
  ["contains", [[1], "1"], false],
  ["contains", [{ a: 1 }, "a"], true],
  ["contains", [{ a: 1 }, "toString"], false],
  ["contains", ["1", 1], KIND],
  ["contains", [5, "a"], KIND],
  ["starts_with", ["hello", "he"], true],
  ["starts_with", ["hello", "lo"], false],
  ["starts_with", ["hello", 1], KIND],
  ["ends_with", ["hello", "lo"], true],
  ["ends_with", ["hello", "he"], false],
  ["ends_with", [[], "he"], KIND],
  ["replace", ["a.a.a", ".", "-"], "a-a-a"],
  ["replace", ["$&", "$&", "$1"], "$1"],
  ["replace", ["aaa", "aa", "b"], "ba"],
  ["replace", ["a", "", "b"], TEXT],
  ["replace", ["a", "a", 1], KIND],
  ["format", ["{} and {}", "a", 1], "a and 1"],
  ["format", ["{}", { b: 1, a: [null] }], '{"a":[null],"b":1}'],
  ["format", ["{}", "{}"], "{}"],
  ["format", ["plain"], "plain"],
  ["format", ["{}"], TEXT],
  ["format", ["plain", 1], TEXT],
  ["format", [1], KIND],
  ["to_string", ["a"], "a"],
  ["to_string", [1.5], "1.5"],
  ["to_string", [null], "null"],
  ["to_string", [{ b: 1, a: "x" }], '{"a":"x","b":1}'],
  ["to_number", ["12"], 12],
  ["to_number", ["-1.5e3"], -1500],
  ["to_number", ["-0"], 0],
  ["to_number", [" 1"], null],
  ["to_number", ["0x10"], null],
  ["to_number", ["1_000"], null],
  ["to_number", [""], null],
  ["to_number", ["1e999"], null],
  ["to_number", ["Infinity"], null],
  ["to_number", [1], KIND],
  ["parse_json", ['{"a":[1,true,null]}'], { a: [1, true, null] }],
  ["parse_json", ["-0"], 0],
  ["parse_json", ["[-0]"], [0]],
  ["parse_json", ['{"a":1,"a":2}'], TEXT],
  ["parse_json", ["{"], TEXT],
  ["parse_json", ['"\\ud800"'], TEXT],
  ["parse_json", ["1e999"], TEXT],
  ["parse_json", [`${"[".repeat(33)}${"]".repeat(33)}`], { failed: "BODY_BOUND" }],
  ["parse_json", [1], KIND],
  ["to_json", ["a"], '"a"'],
  ["to_json", [{ b: 1, a: 2 }], '{"a":2,"b":1}'],
  ["keys", [{ b: 1, a: 2, B: 3 }], ["B", "a", "b"]],
  ["keys", [[]], KIND],
  ["values", [{ b: 1, a: 2 }], [2, 1]],
  ["values", [null], KIND],
  ["range", [3], [0, 1, 2]],
  ["range", [2, 4], [2, 3]],
  ["range", [4, 2], []],
  ["range", [-1], []],
  ["range", [1.5], KIND],
  ["range", ["3"], KIND],
  ["range", [100_001], { failed: "BODY_NUMBER" }],
  ["range", [-9_007_199_254_740_991, 9_007_199_254_740_991], { failed: "BODY_NUMBER" }],
  ["append", [[1], [2]], [1, [2]]],
  ["append", [1, 2], KIND],
  ["sort", [[3, 1, 10, 2]], [1, 2, 3, 10]],
  ["sort", [["b", "B", "a"]], ["B", "a", "b"]],
  ["sort", [[]], []],
  ["sort", [[1, "a"]], KIND],
  ["sort", [[null, null]], KIND],
  ["sort", ["ba"], KIND],
  ["min", [[3, 1, 2]], 1],
  ["min", [3, 1], 1],
  ["min", [[]], MISSING],
  ["min", [3], KIND],
  ["min", [[1, "a"]], KIND],
  ["min", [1, null], KIND],
  ["max", [[3, 1, 2]], 3],
  ["max", [3, 4], 4],
  ["max", [["a"]], KIND],
  ["abs", [-2.5], 2.5],
  ["abs", ["a"], KIND],
  ["round", [2.5], 3],
  ["round", [-2.5], -3],
  ["round", [2.4], 2],
  ["round", [-0.4], 0],
  ["round", [0.49999999999999994], 0],
  ["round", [9_007_199_254_740_991], 9_007_199_254_740_991],
  ["round", [null], KIND],
  ["floor", [-1.5], -2],
  ["floor", [-0.0], 0],
  ["floor", [[]], KIND],
  ["type_of", [null], "null"],
  ["type_of", [true], "bool"],
  ["type_of", [1], "number"],
  ["type_of", ["a"], "string"],
  ["type_of", [[]], "list"],
  ["type_of", [{}], "record"],
];

describe("builtins", () => {
  test.each(cases)("%s %j", (name, given, expected) => {
    expect(ran(ret(builtin(name, ...given.map(value))))).toEqual(expected);
  });

  test("every one of the table is computed or an instruction, and no other", () => {
    const instructions = ["print", "log", "error"];
    expect([...PURE_BUILTINS.keys(), ...instructions].sort()).toEqual(
      BUILTINS.map((known) => known.name).sort(),
    );
  });

  test("every one of the table has a case above", () => {
    const tried = new Set(cases.map(([name]) => name));
    expect([...PURE_BUILTINS.keys()].filter((name) => !tried.has(name))).toEqual([]);
  });

  test("take no names for their arguments and no other number of them", () => {
    const given = { k: "call", target: { k: "builtin", name: "len" }, span: [0, 0] } as const;
    expect(ran(ret({ ...given, arguments: [{ name: "value", value: lit("a") }] }))).toEqual(MALFORMED);
    expect(ran(ret(builtin("nothing", lit(1))))).toEqual(MALFORMED);
  });
});

describe("methods", () => {
  test.each(METHODS)("%s is the builtin of its name", (name) => {
    const given = cases.find(([known]) => known === name)?.[1] ?? [];
    expect(ran(ret(method(name, ...given.map(value))))).toEqual(ran(ret(builtin(name, ...given.map(value)))));
  });

  test.each(["to_json", "format", "constructor", "filter"])("%s is none", (name) => {
    expect(ran(ret(method(name, lit("a"))))).toEqual(MALFORMED);
  });
});
