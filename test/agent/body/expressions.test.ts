import { describe, expect, test } from "vitest";
import type { JsonValue } from "#kernel/json.ts";
import type { Expression } from "#protocol/agent-spec.ts";
import { at, lit, list, make, member, minus, name, not, op, record, ret, run, when } from "./ir.ts";
import { ran } from "./run-body.ts";

const fails = (code: string): JsonValue => ({ failed: code });

const cases = (...table: readonly (readonly [string, Expression, JsonValue])[]): void => {
  test.each(table)("%s", (_text, expression, expected) => {
    expect(ran(ret(expression))).toEqual(expected);
  });
};

const abc = list(lit("a"), lit("b"), lit("c"));
const point = record({ x: lit(1), y: lit(2) });

describe("literals", () => {
  cases(
    ["null", lit(null), null],
    ["true", lit(true), true],
    ["12.5", lit(12.5), 12.5],
    ["-0 is 0", lit(-0), 0],
    ["text", lit("hé👋"), "hé👋"],
    ["5m", { k: "duration", ms: 300_000, span: [0, 0] }, 300_000],
    ["[]", list(), []],
    ["{}", record({}), {}],
    ["nested", list(point, list(lit(1))), [{ x: 1, y: 2 }, [1]]],
    ["a secret", { k: "secret", reference: "vault://a", span: [0, 0] }, fails("BODY_KIND")],
    ["half a character", lit("\ud83d"), fails("BODY_MALFORMED")],
    ["infinity", lit(Number.POSITIVE_INFINITY), fails("BODY_MALFORMED")],
    ["an unknown name", name("nowhere"), fails("BODY_MISSING")],
  );
});

describe("records", () => {
  cases(
    ["a field named __proto__ is a field", record({ ["__proto__"]: lit(1) }), JSON.parse('{"__proto__":1}')],
    ["reading it", member(record({ ["__proto__"]: lit(1) }), "__proto__"), 1],
    ["no inherited field", member(point, "toString"), fails("BODY_MISSING")],
    ["no inherited field by index", at(point, lit("constructor")), fails("BODY_MISSING")],
    [
      "a name twice",
      {
        k: "record",
        type: null,
        fields: [
          { name: "a", value: lit(1) },
          { name: "a", value: lit(2) },
        ],
        span: [0, 0],
      },
      fails("BODY_MALFORMED"),
    ],
  );
});

describe("sums", () => {
  cases(
    ["1 + 2", op(lit(1), "+", lit(2)), 3],
    ["0.1 + 0.2", op(lit(0.1), "+", lit(0.2)), 0.1 + 0.2],
    ["texts", op(lit("a"), "+", lit("b")), "ab"],
    ["lists", op(list(lit(1)), "+", list(lit(2))), [1, 2]],
    ["number and text", op(lit(1), "+", lit("a")), fails("BODY_KIND")],
    ["text and number", op(lit("a"), "+", lit(1)), fails("BODY_KIND")],
    ["records", op(point, "+", point), fails("BODY_KIND")],
    ["null", op(lit(null), "+", lit(1)), fails("BODY_KIND")],
    ["booleans", op(lit(true), "+", lit(true)), fails("BODY_KIND")],
  );
});

describe("arithmetic", () => {
  cases(
    ["5 - 7", op(lit(5), "-", lit(7)), -2],
    ["6 * 7", op(lit(6), "*", lit(7)), 42],
    ["7 / 2", op(lit(7), "/", lit(2)), 3.5],
    ["-7 % 3", op(lit(-7), "%", lit(3)), -1],
    ["7 % -3", op(lit(7), "%", lit(-3)), 1],
    ["0 * -1 is 0", op(lit(0), "*", lit(-1)), 0],
    ["-3 % 3 is 0", op(lit(-3), "%", lit(3)), 0],
    ["7.5 % 2", op(lit(7.5), "%", lit(2)), 1.5],
    ["by zero", op(lit(1), "/", lit(0)), fails("BODY_NUMBER")],
    ["remainder of zero", op(lit(1), "%", lit(0)), fails("BODY_NUMBER")],
    ["2^53 - 1", op(lit(2 ** 53 - 2), "+", lit(1)), 2 ** 53 - 1],
    ["2^53", op(lit(2 ** 53 - 1), "+", lit(1)), fails("BODY_NUMBER")],
    ["-2^53", op(lit(-(2 ** 53 - 1)), "-", lit(1)), fails("BODY_NUMBER")],
    ["a large product", op(lit(2 ** 30), "*", lit(2 ** 30)), fails("BODY_NUMBER")],
    ["fractions may be large", op(lit(1.5e300), "*", lit(0.5)), 7.5e299],
    ["infinite", op(lit(1.7e308), "*", lit(1.5)), fails("BODY_NUMBER")],
    ["infinite quotient", op(lit(1e308), "/", lit(1e-300)), fails("BODY_NUMBER")],
    ["texts", op(lit("a"), "*", lit(2)), fails("BODY_KIND")],
    ["-5", minus(lit(5)), -5],
    ["-0", minus(lit(0)), 0],
    ["-text", minus(lit("a")), fails("BODY_KIND")],
  );
});

describe("comparison", () => {
  cases(
    ["1 < 2", op(lit(1), "<", lit(2)), true],
    ["2 <= 2", op(lit(2), "<=", lit(2)), true],
    ["2 > 2", op(lit(2), ">", lit(2)), false],
    ["2 >= 3", op(lit(2), ">=", lit(3)), false],
    ["texts by code units", op(lit("Z"), "<", lit("a")), true],
    ["number and text", op(lit(1), "<", lit("2")), fails("BODY_KIND")],
    ["lists", op(abc, "<", abc), fails("BODY_KIND")],
    ["1 == 1", op(lit(1), "==", lit(1)), true],
    ['1 == "1"', op(lit(1), "==", lit("1")), false],
    ["null == false", op(lit(null), "==", lit(false)), false],
    ["lists", op(abc, "==", list(lit("a"), lit("b"), lit("c"))), true],
    ["other order", op(list(lit(1), lit(2)), "==", list(lit(2), lit(1))), false],
    ["records are sets", op(point, "==", record({ y: lit(2), x: lit(1) })), true],
    ["another field", op(point, "!=", record({ x: lit(1), z: lit(2) })), true],
    ["another value", op(point, "==", record({ x: lit(1), y: lit(3) })), false],
    ["empty list and record", op(list(), "==", record({})), false],
  );
});

describe("in", () => {
  cases(
    ["an item", op(lit("b"), "in", abc), true],
    ["no item", op(lit("d"), "in", abc), false],
    ["an equal record", op(point, "in", list(record({ y: lit(2), x: lit(1) }))), true],
    ["a part", op(lit("ell"), "in", lit("hello")), true],
    ["the empty part", op(lit(""), "in", lit("hello")), true],
    ["a field", op(lit("x"), "in", point), true],
    ["no inherited field", op(lit("toString"), "in", point), false],
    ["a number in a text", op(lit(1), "in", lit("1")), fails("BODY_KIND")],
    ["in a number", op(lit(1), "in", lit(1)), fails("BODY_KIND")],
  );
});

const boom = op(lit(1), "/", lit(0));

describe("truth", () => {
  cases(
    ...[null, false, 0, ""].map((value) => [`!${JSON.stringify(value)}`, not(lit(value)), true] as const),
    ["![]", not(list()), true],
    ["!{}", not(record({})), true],
    ["![0]", not(list(lit(0))), false],
    ['!"0"', not(lit("0")), false],
    ["!-1", not(lit(-1)), false],
    ["and of truths is a boolean", op(lit(1), "&&", lit("a")), true],
    ["and stops", op(lit(0), "&&", boom), false],
    ["and goes on", op(lit(1), "&&", boom), fails("BODY_NUMBER")],
    ["or stops", op(lit("a"), "||", boom), true],
    ["or goes on", op(lit(""), "||", list()), false],
    ["or fails", op(lit(""), "||", boom), fails("BODY_NUMBER")],
  );
});

describe("members and elements", () => {
  cases(
    ["a field", member(point, "y"), 2],
    ["a missing field", member(point, "z"), fails("BODY_MISSING")],
    ["a field of a list", member(abc, "length"), fails("BODY_KIND")],
    ["a field of null", member(lit(null), "a"), fails("BODY_KIND")],
    ["the first", at(abc, lit(0)), "a"],
    ["the last", at(abc, lit(-1)), "c"],
    ["from the end", at(abc, lit(-3)), "a"],
    ["beyond", at(abc, lit(3)), fails("BODY_MISSING")],
    ["before", at(abc, lit(-4)), fails("BODY_MISSING")],
    ["a fraction", at(abc, lit(0.5)), fails("BODY_KIND")],
    ["a text in a list", at(abc, lit("0")), fails("BODY_KIND")],
    ["a number in a record", at(point, lit(0)), fails("BODY_KIND")],
    ["a field by name", at(point, lit("x")), 1],
    ["a character", at(lit("abc"), lit(1)), "b"],
    ["a wide character", at(lit("a👋b"), lit(1)), "👋"],
    ["inside a wide character", at(lit("a👋b"), lit(2)), fails("BODY_MISSING")],
    ["behind a wide character", at(lit("a👋b"), lit(-1)), "b"],
    ["of a number", at(lit(7), lit(0)), fails("BODY_KIND")],
  );
});

describe("conditional expressions", () => {
  cases(
    ["true", when(lit(1), [run(lit("yes"))], [run(lit("no"))]), "yes"],
    ["false", when(lit(0), [run(lit("yes"))], [run(lit("no"))]), "no"],
    ["a block without a value", when(lit(1), [make("a", lit(1))], []), null],
    ["its own variables", when(lit(1), [make("a", lit(4)), run(name("a"))], []), 4],
    ["inside an operation", op(lit(1), "+", when(lit(0), [run(lit(1))], [run(lit(2))])), 3],
    ["return from the middle", op(lit(1), "+", when(lit(1), [ret(lit("out"))], [])), "out"],
  );
});
