import { describe, expect, test } from "vitest";
import type { BodyLimits } from "#agent/body/limits.ts";
import { BODY_LIMITS_DEFAULT } from "#agent/body/limits.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Expression, Statement } from "#protocol/agent-spec.ts";
import { builtin, call, each, fn, list, lit, make, name, op, record, ret, run, set } from "./ir.ts";
import { outcome, ran, runBody } from "./run-body.ts";

const BOUND = { failed: "BODY_BOUND" };
const often = (count: number, ...body: Statement[]): Statement =>
  each("i", builtin("range", lit(count)), ...body);
const doubled = (of: string): Statement => set(of, op(name(of), "+", name(of)));

describe("what would never end or fill the memory ends at a bound", () => {
  test.each<[string, readonly Statement[], JsonValue]>([
    ["a text that doubles", [make("s", lit("xx")), often(100, doubled("s"))], BOUND],
    ["a list that doubles", [make("l", list(lit(1))), often(100, doubled("l"))], BOUND],
    ["nesting", [make("l", list()), often(100, set("l", list(name("l"))))], BOUND],
    ["nesting that doubles", [make("l", list()), often(100, set("l", list(name("l"), name("l"))))], BOUND],
    [
      "a record of records that doubles",
      [make("r", record({})), often(30, set("r", record({ a: name("r"), b: name("r") })))],
      BOUND,
    ],
    [
      "a list that contains itself",
      [make("l", list(lit(1))), often(1_000, set("l", name("l"), [lit(0)]))],
      BOUND,
    ],
    ["loops within loops", [often(99_999, often(99_999, often(99_999)))], BOUND],
    ["printing", [often(99_999, run(builtin("print", lit("x"))))], BOUND],
    [
      "a format bomb",
      [
        make("s", lit("0123456789")),
        often(40, set("s", builtin("format", lit("{}{}{}{}"), name("s"), name("s"), name("s"), name("s")))),
      ],
      BOUND,
    ],
    [
      "a replace bomb",
      [make("s", lit("aa")), often(40, set("s", builtin("replace", name("s"), lit("a"), name("s"))))],
      BOUND,
    ],
    [
      "a join bomb",
      [
        make("s", lit("a")),
        often(40, set("s", builtin("join", list(name("s"), name("s"), name("s")), name("s")))),
      ],
      BOUND,
    ],
    [
      "a split bomb",
      [make("s", lit("a,")), often(20, doubled("s")), ret(builtin("split", name("s"), lit(",")))],
      BOUND,
    ],
    [
      "JSON that grows in escapes",
      [make("s", lit('"')), often(30, set("s", builtin("to_json", name("s"))))],
      BOUND,
    ],
    [
      "many large variables",
      [
        make("s", lit("x")),
        often(21, doubled("s")),
        make("l", list()),
        often(50, set("l", list(name("s")), [], "+=")),
      ],
      BOUND,
    ],
    [
      "slow appends",
      [make("l", list()), often(99_999, set("l", builtin("append", name("l"), lit(1))))],
      BOUND,
    ],
  ])("%s", (_what, body, expected) => {
    expect(outcome({ body, limits: { stepsMax: 1_000_000 } })).toEqual(expected);
  });

  test("recursion without an end", () => {
    const program = { functions: [fn("f", [], ret(call("f")))], body: [ret(call("f"))] };
    expect(runBody(program).end).toMatchObject({ k: "failed", fault: { code: "BODY_RECURSION" } });
  });

  test("recursion that doubles, within the depth", () => {
    const twice = call("f", [op(name("n"), "-", lit(1))]);
    const f = fn("f", ["n"], each("i", builtin("range", op(lit(2), "*", lit(1))), run(twice)));
    const { end } = runBody({ functions: [f], body: [ret(call("f", [lit(90)]))] });
    expect(end).toMatchObject({
      k: "failed",
      fault: { code: expect.stringMatching(/^BODY_(RECURSION|BOUND)$/) },
    });
  });
});

describe("each bound is kept exactly", () => {
  const within = (limits: Partial<BodyLimits>, value: Expression): JsonValue => {
    const { end } = runBody({ limits, body: [make("v", value), ret(lit("ok"))] });
    return end.k === "returned" ? end.value : { failed: end.fault.code };
  };
  const numbers = (count: number): Expression =>
    list(...Array.from({ length: count }, (_, index) => lit(index)));
  test.each<[string, Partial<BodyLimits>, Expression, Expression]>([
    ["string length", { stringLengthMax: 4 }, op(lit("ab"), "+", lit("cd")), op(lit("ab"), "+", lit("cde"))],
    ["literal length", { stringLengthMax: 4 }, lit("abcd"), lit("abcde")],
    ["items of a list", { itemsMax: 3 }, numbers(3), numbers(4)],
    ["fields of a record", { itemsMax: 1 }, record({ a: lit(1) }), record({ a: lit(1), b: lit(2) })],
    [
      "parts of a text",
      { itemsMax: 2 },
      builtin("split", lit("a,b"), lit(",")),
      builtin("split", lit("a,b,c"), lit(",")),
    ],
    ["depth", { depthMax: 2 }, list(list()), list(list(list()))],
    ["bytes of a value", { valueBytesMax: 16 + 2 * 8 }, numbers(2), numbers(3)],
    ["operands", { operandsMax: 3 }, numbers(3), numbers(4)],
    [
      "depth of parsed JSON",
      { depthMax: 2 },
      builtin("parse_json", lit("[[]]")),
      builtin("parse_json", lit("[[[]]]")),
    ],
  ])("%s", (_what, limits, fits, exceeds) => {
    expect(within(limits, fits)).toBe("ok");
    expect(within(limits, exceeds)).toEqual(BOUND);
  });

  test("steps", () => {
    const body = [often(10, make("x", lit(1)))];
    const { steps } = runBody({ body });
    expect(runBody({ body, limits: { stepsMax: steps } }).end.k).toBe("returned");
    expect(runBody({ body, limits: { stepsMax: steps - 1 } }).end).toMatchObject({
      fault: { code: "BODY_BOUND" },
    });
  });

  test("bytes of all variables", () => {
    // Each variable holds 16 + 2 * 100 bytes, and each waits once among the operands.
    const hold = (count: number) => ({
      limits: { heldBytesMax: 3 * 216 },
      body: Array.from({ length: count }, (_, index) => make(`v${index}`, lit("x".repeat(100)))),
    });
    expect(runBody(hold(2)).end.k).toBe("returned");
    expect(runBody(hold(4)).end).toMatchObject({ fault: { code: "BODY_BOUND" } });
  });

  test("printed texts", () => {
    const body = (count: number) => [often(count, run(builtin("print", lit("x"))))];
    expect(runBody({ body: body(3), limits: { printsMax: 3 } }).end.k).toBe("returned");
    expect(runBody({ body: body(4), limits: { printsMax: 3 } }).end).toMatchObject({
      fault: { code: "BODY_BOUND" },
    });
  });

  test("the length of a printed text cuts it and says so", () => {
    const { events } = runBody({
      body: [run(builtin("print", lit("abcdef"), lit("g")))],
      limits: { printLengthMax: 4 },
    });
    expect(events).toMatchObject([{ printed: { text: "abcd…" } }]);
  });
});

describe("trees that lowering does not make", () => {
  test("nested ten thousand deep end with the reason", () => {
    let expression: Expression = lit(1);
    for (let depth = 0; depth < 10_000; depth += 1) expression = op(expression, "+", lit(1));
    expect(ran(ret(expression))).toEqual({ failed: "BODY_MALFORMED" });
    let statement: Statement = run(lit(1));
    for (let depth = 0; depth < 10_000; depth += 1) statement = each("x", list(lit(1)), statement);
    expect(ran(statement)).toEqual({ failed: "BODY_MALFORMED" });
  });

  test("a parameter without an input", () => {
    const parameters = [{ ...fn("f", ["p"]).parameters[0], name: "__proto__" }] as never;
    expect(runBody({ parameters, body: [] }).end).toMatchObject({ fault: { code: "BODY_MISSING" } });
  });
});

test("a slice of steps stops the body and changes nothing else", () => {
  const body = [make("n", lit(0)), often(1_000, set("n", name("i"), [], "+=")), ret(name("n"))];
  for (const sliceSteps of [1, 7, 1_000]) {
    expect(runBody({ body, sliceSteps })).toEqual(runBody({ body }));
  }
  expect(BODY_LIMITS_DEFAULT.stepsMax).toBeGreaterThan(1_000_000);
});
