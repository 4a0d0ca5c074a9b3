import { describe, expect, test } from "vitest";
import type { JsonValue } from "#kernel/json.ts";
import {
  again,
  arm,
  at,
  builtin,
  call,
  callOfFile,
  each,
  fn,
  iff,
  lit,
  list,
  make,
  match,
  member,
  name,
  op,
  otherwise,
  record,
  ret,
  run,
  set,
  stop,
  when,
} from "./ir.ts";
import type { BodyProgram } from "./run-body.ts";
import { outcome, ran } from "./run-body.ts";

const fails = (code: string): JsonValue => ({ failed: code });
const add = (to: string, value: Parameters<typeof lit>[0]) => set(to, lit(value), [], "+=");

describe("variables", () => {
  test.each<[string, BodyProgram["body"], JsonValue]>([
    ["let and name", [make("a", lit(1)), ret(name("a"))], 1],
    ["no return is null", [make("a", lit(1))], null],
    ["let again replaces", [make("a", lit(1)), make("a", op(name("a"), "+", lit(1))), ret(name("a"))], 2],
    ["a block hides", [make("a", lit(1)), iff(lit(1), [make("a", lit(2))]), ret(name("a"))], 1],
    ["a block assigns", [make("a", lit(1)), iff(lit(1), [set("a", lit(2))]), ret(name("a"))], 2],
    [
      "a block's variable ends with it",
      [iff(lit(1), [make("a", lit(2))]), ret(name("a"))],
      fails("BODY_MISSING"),
    ],
    [
      "hiding reads the outer one",
      [make("a", lit(1)), iff(lit(1), [make("a", op(name("a"), "+", lit(4))), ret(name("a"))])],
      5,
    ],
    ["assigning to nothing", [set("a", lit(1))], fails("BODY_MALFORMED")],
    ["+=", [make("a", lit("x")), add("a", "y"), ret(name("a"))], "xy"],
    ["-=", [make("a", lit(5)), set("a", lit(3), [], "-="), ret(name("a"))], 2],
    ["*=", [make("a", lit(5)), set("a", lit(3), [], "*="), ret(name("a"))], 15],
    ["/=", [make("a", lit(5)), set("a", lit(2), [], "/="), ret(name("a"))], 2.5],
    ["%=", [make("a", lit(5)), set("a", lit(3), [], "%="), ret(name("a"))], 2],
  ])("%s", (_what, body, expected) => {
    expect(outcome({ body })).toEqual(expected);
  });
});

describe("places", () => {
  const tree = make("t", record({ list: list(lit(1), list(lit(2))), deep: record({ x: lit(1) }) }));
  test.each<[string, BodyProgram["body"], JsonValue]>([
    ["a field", [tree, set("t", lit(9), ["deep"]), ret(member(name("t"), "deep"))], 9],
    ["a new field", [tree, set("t", lit(9), ["fresh"]), ret(member(name("t"), "fresh"))], 9],
    ["a new field by index", [tree, set("t", lit(9), [lit("fresh")]), ret(at(name("t"), lit("fresh")))], 9],
    [
      "a new field named __proto__",
      [tree, set("t", lit(9), ["__proto__"]), ret(builtin("len", name("t")))],
      3,
    ],
    ["a deep field", [tree, set("t", lit(9), ["deep", "x"]), ret(member(name("t"), "deep"))], { x: 9 }],
    ["through a missing field", [tree, set("t", lit(9), ["none", "x"])], fails("BODY_MISSING")],
    [
      "a deep element",
      [tree, set("t", lit(9), ["list", lit(1), lit(0)]), ret(member(name("t"), "list"))],
      [1, [9]],
    ],
    ["from the end", [tree, set("t", lit(9), ["list", lit(-2)]), ret(member(name("t"), "list"))], [9, [2]]],
    ["beyond the end", [tree, set("t", lit(9), ["list", lit(2)])], fails("BODY_MISSING")],
    ["a field of a list", [tree, set("t", lit(9), ["list", "x"])], fails("BODY_KIND")],
    ["a character", [make("t", lit("abc")), set("t", lit("x"), [lit(0)])], fails("BODY_KIND")],
    [
      "+= on an element",
      [tree, set("t", lit(9), ["list", lit(0)], "+="), ret(member(name("t"), "list"))],
      [10, [2]],
    ],
    ["+= on a missing field", [tree, set("t", lit(9), ["fresh"], "+=")], fails("BODY_MISSING")],
    [
      "another variable keeps the old value",
      [
        tree,
        make("u", name("t")),
        set("t", lit(9), ["deep", "x"]),
        ret(member(member(name("u"), "deep"), "x")),
      ],
      1,
    ],
    [
      "an index is evaluated once, before the value",
      [
        make("order", list()),
        make("xs", list(lit(0), lit(0))),
        set(
          "xs",
          when(lit(1), [set("order", list(lit("value")), [], "+="), run(lit(5))], []),
          [when(lit(1), [set("order", list(lit("index")), [], "+="), run(lit(1))], [])],
          "+=",
        ),
        ret(list(name("order"), name("xs"))),
      ],
      [
        ["index", "value"],
        [0, 5],
      ],
    ],
  ])("%s", (_what, body, expected) => {
    expect(outcome({ body })).toEqual(expected);
  });
});

describe("if and match", () => {
  const text = (value: Parameters<typeof lit>[0]) =>
    ran(
      match(
        lit(value),
        otherwise(ret(lit("else"))),
        arm("a", ret(lit("is a"))),
        arm(1, ret(lit("is 1"))),
        arm(null, ret(lit("is null"))),
        arm(1, ret(lit("never"))),
      ),
    );
  test.each<[string, JsonValue, JsonValue]>([
    ["text", text("a"), "is a"],
    ["number", text(1), "is 1"],
    ["null", text(null), "is null"],
    ["else, wherever it stands", text("1"), "else"],
    ["no arm", ran(match(lit(2), arm(1, ret(lit("one")))), ret(lit("after"))), "after"],
    ["goes on behind the arm", ran(match(lit(1), arm(1, run(lit(1)))), ret(lit("after"))), "after"],
    ["else without arms before", ran(match(lit(2), otherwise(ret(lit("x"))), otherwise(ret(lit("y"))))), "x"],
    ["if", ran(iff(lit(1), [ret(lit("then"))], [ret(lit("else"))])), "then"],
    ["else", ran(iff(lit(0), [ret(lit("then"))], [ret(lit("else"))])), "else"],
    ["no else", ran(iff(lit(0), [ret(lit("then"))]), ret(lit("after"))), "after"],
  ])("%s", (_what, actual, expected) => {
    expect(actual).toEqual(expected);
  });
});

describe("for", () => {
  const sum = make("sum", lit(0));
  const numbers = builtin("range", lit(1), lit(6));
  test.each<[string, BodyProgram["body"], JsonValue]>([
    ["a list", [sum, each("n", numbers, set("sum", name("n"), [], "+=")), ret(name("sum"))], 15],
    [
      "a record gives its names in order",
      [
        make("names", list()),
        each("n", record({ b: lit(1), a: lit(2), B: lit(3) }), set("names", list(name("n")), [], "+=")),
        ret(name("names")),
      ],
      ["B", "a", "b"],
    ],
    ["nothing", [each("n", list(), ret(lit("never"))), ret(lit("after"))], "after"],
    ["a text", [each("n", lit("abc"))], fails("BODY_KIND")],
    ["a number", [each("n", lit(3))], fails("BODY_KIND")],
    [
      "break",
      [
        sum,
        each("n", numbers, iff(op(name("n"), ">", lit(2)), [stop]), set("sum", name("n"), [], "+=")),
        ret(name("sum")),
      ],
      3,
    ],
    [
      "continue",
      [
        sum,
        each("n", numbers, iff(op(name("n"), "<", lit(4)), [again]), set("sum", name("n"), [], "+=")),
        ret(name("sum")),
      ],
      9,
    ],
    [
      "break leaves the inner one only",
      [
        sum,
        each(
          "a",
          numbers,
          each("b", numbers, iff(op(name("b"), "==", lit(2)), [stop]), add("sum", 1)),
          add("sum", 10),
        ),
        ret(name("sum")),
      ],
      55,
    ],
    [
      "break out of the middle of an expression leaves nothing behind",
      [
        sum,
        each(
          "n",
          numbers,
          set("sum", op(lit(1), "+", when(op(name("n"), "==", lit(3)), [stop], [run(name("n"))]))),
        ),
        ret(list(name("sum"), lit("end"))),
      ],
      [3, "end"],
    ],
    [
      "continue out of the middle of a list",
      [
        make("seen", list()),
        each(
          "n",
          numbers,
          set(
            "seen",
            list(lit("x"), lit("y"), when(op(name("n"), "<", lit(5)), [again], [run(name("n"))])),
            [],
            "+=",
          ),
        ),
        ret(name("seen")),
      ],
      ["x", "y", 5],
    ],
    [
      "the list is evaluated once",
      [
        make("xs", list(lit(1), lit(2))),
        each("x", name("xs"), set("xs", list(name("x")), [], "+=")),
        ret(name("xs")),
      ],
      [1, 2, 1, 2],
    ],
    ["return from inside", [each("n", numbers, iff(op(name("n"), "==", lit(4)), [ret(name("n"))]))], 4],
    ["the variable is gone behind it", [each("n", numbers), ret(name("n"))], fails("BODY_MISSING")],
    ["break outside", [stop], fails("BODY_MALFORMED")],
    ["continue outside", [again], fails("BODY_MALFORMED")],
  ])("%s", (_what, body, expected) => {
    expect(outcome({ body })).toEqual(expected);
  });
});

describe("functions", () => {
  const twice = fn("twice", ["x"], ret(op(name("x"), "*", lit(2))));
  const pair = fn("pair", ["a", "b"], ret(list(name("a"), name("b"))));
  test.each<[string, Omit<BodyProgram, "body">, BodyProgram["body"], JsonValue]>([
    ["a call", { functions: [twice] }, [ret(call("twice", [lit(4)]))], 8],
    ["inside an expression", { functions: [twice] }, [ret(op(lit(1), "+", call("twice", [lit(4)])))], 9],
    ["without return", { functions: [fn("none", [])] }, [ret(call("none"))], null],
    ["named arguments", { functions: [pair] }, [ret(call("pair", [], { b: lit(2), a: lit(1) }))], [1, 2]],
    ["both kinds", { functions: [pair] }, [ret(call("pair", [lit(1)], { b: lit(2) }))], [1, 2]],
    ["one too few", { functions: [pair] }, [ret(call("pair", [lit(1)]))], fails("BODY_MALFORMED")],
    ["one too many", { functions: [twice] }, [ret(call("twice", [lit(1), lit(2)]))], fails("BODY_MALFORMED")],
    [
      "one twice",
      { functions: [twice] },
      [ret(call("twice", [lit(1)], { x: lit(2) }))],
      fails("BODY_MALFORMED"),
    ],
    ["an unknown one", {}, [ret(call("none"))], fails("BODY_MALFORMED")],
    [
      "sees nothing of its caller",
      { functions: [fn("peek", [], ret(name("a")))] },
      [make("a", lit(1)), ret(call("peek"))],
      fails("BODY_MISSING"),
    ],
    [
      "gets values, not variables",
      { functions: [fn("change", ["xs"], set("xs", lit(9), [lit(0)]))] },
      [make("xs", list(lit(1))), run(call("change", [name("xs")])), ret(name("xs"))],
      [1],
    ],
    ["of the file", { shared: [twice] }, [ret(callOfFile("twice", [lit(4)]))], 8],
    [
      "the agent's own, which a call names",
      { functions: [fn("f", [], ret(lit("own")))], shared: [fn("f", [], ret(lit("shared")))] },
      [ret(call("f"))],
      "own",
    ],
    [
      "a top-level one sees only its like",
      {
        functions: [fn("f", [], ret(lit("own")))],
        shared: [fn("f", [], ret(lit("shared"))), fn("g", [], ret(callOfFile("f")))],
      },
      [ret(callOfFile("g"))],
      "shared",
    ],
    [
      "a top-level one cannot call an agent's",
      { functions: [fn("f", [])], shared: [fn("g", [], ret(call("f")))] },
      [ret(callOfFile("g"))],
      fails("BODY_MALFORMED"),
    ],
    [
      "an agent's may call a top-level one",
      { functions: [fn("f", [], ret(callOfFile("g")))], shared: [fn("g", [], ret(lit("top")))] },
      [ret(call("f"))],
      "top",
    ],
    [
      "a call of the other scope is of another function",
      { functions: [fn("f", [])], shared: [fn("g", [])] },
      [ret(callOfFile("f"))],
      fails("BODY_MALFORMED"),
    ],
    [
      "recursion",
      {
        functions: [
          fn(
            "fib",
            ["n"],
            iff(op(name("n"), "<", lit(2)), [ret(name("n"))]),
            ret(
              op(call("fib", [op(name("n"), "-", lit(1))]), "+", call("fib", [op(name("n"), "-", lit(2))])),
            ),
          ),
        ],
      },
      [ret(call("fib", [lit(15)]))],
      610,
    ],
  ])("%s", (_what, program, body, expected) => {
    expect(outcome({ ...program, body })).toEqual(expected);
  });

  const down = fn(
    "down",
    ["n"],
    iff(op(name("n"), ">", lit(1)), [ret(call("down", [op(name("n"), "-", lit(1))]))]),
    ret(lit("bottom")),
  );
  test("100 calls within each other are open at most", () => {
    expect(outcome({ functions: [down], body: [ret(call("down", [lit(100)]))] })).toBe("bottom");
    expect(outcome({ functions: [down], body: [ret(call("down", [lit(101)]))] })).toEqual(
      fails("BODY_RECURSION"),
    );
  });
});
