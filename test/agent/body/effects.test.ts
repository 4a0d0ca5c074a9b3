import { describe, expect, test } from "vitest";
import type { BodyEvent } from "#agent/body/event.ts";
import { textOf } from "#agent/body/values.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Expression } from "#protocol/agent-spec.ts";
import {
  builtin,
  list,
  lit,
  make,
  member,
  name,
  op,
  parameter,
  reason,
  record,
  ret,
  run,
  tool,
  when,
} from "./ir.ts";
import type { BodyProgram } from "./run-body.ts";
import { outcome, ran, runBody } from "./run-body.ts";

const KIND = { failed: "BODY_KIND" };
const MALFORMED = { failed: "BODY_MALFORMED" };

/** What a body asks for, without the places it asks from. */
const wanted = (expression: Expression): readonly JsonValue[] =>
  runBody({ body: [run(expression)] }).events.map((event: BodyEvent) =>
    event.k === "tool-wanted"
      ? [event.tool, event.arguments]
      : event.k === "reason-wanted"
        ? { ...event.reason }
        : event.k,
  );

describe("tool calls", () => {
  test.each<[string, Expression, JsonValue]>([
    ["positional", tool("write_file", [lit("a"), lit("b")]), ["write_file", { path: "a", content: "b" }]],
    [
      "named",
      tool("write_file", [], { content: lit("b"), path: lit("a") }),
      ["write_file", { path: "a", content: "b" }],
    ],
    [
      "both",
      tool("write_file", [lit("a")], { content: lit("b") }),
      ["write_file", { path: "a", content: "b" }],
    ],
    ["optional left out", tool("list_files"), ["list_files", {}]],
    ["optional null left out", tool("list_files", [lit(null)]), ["list_files", {}]],
    ["required null stays", tool("read_file", [lit(null)]), ["read_file", { path: null }]],
    ["required left out, for the gate to refuse", tool("read_file"), ["read_file", {}]],
    [
      "whatever value, for the gate to refuse",
      tool("read_file", [list(lit(1))]),
      ["read_file", { path: [1] }],
    ],
  ])("%s", (_what, expression, expected) => {
    expect(wanted(expression)).toEqual([expected]);
  });

  test.each<[string, Expression]>([
    ["one too many", tool("read_file", [lit("a"), lit("b")])],
    ["an unknown name", tool("read_file", [], { file: lit("a") })],
    ["one twice", tool("read_file", [lit("a")], { path: lit("b") })],
    ["an unknown tool", tool("rm", [lit("a")])],
  ])("%s ends the body", (_what, expression) => {
    expect(ran(run(expression))).toEqual(MALFORMED);
  });

  test("the value comes back into the middle of an expression", () => {
    const read = (path: string): Expression => tool("read_file", [lit(path)]);
    const program: BodyProgram = {
      body: [ret(op(op(read("a"), "+", lit("-")), "+", read("b")))],
      world: (event) => ({
        value: event.k === "tool-wanted" ? `<${textOf(event.arguments)}>` : null,
      }),
    };
    expect(outcome(program)).toBe('<{"path":"a"}>-<{"path":"b"}>');
  });

  test("a value that no body can hold ends it", () => {
    const body = [ret(tool("read_file", [lit("a")]))];
    let deep: JsonValue = 0;
    for (let depth = 0; depth < 10_000; depth += 1) deep = [deep];
    for (const value of [deep, Number.NaN, "\ud800", "x".repeat(5_000_000)]) {
      expect(runBody({ body, world: () => ({ value }) }).end).toMatchObject({ k: "failed" });
    }
    expect(outcome({ body, world: () => ({ value: [-0] }) })).toEqual([0]);
  });
});

describe("reason", () => {
  const limits = { iterationsMax: null, tokensMax: null };
  test.each<[string, Expression, JsonValue]>([
    ["both texts", reason([lit("s"), lit("u")]), { system: "s", user: "u", ...limits }],
    ["user alone", reason([], { user: lit("u") }), { system: null, user: "u", ...limits }],
    [
      "limits",
      reason([lit("s"), lit("u")], { max_iterations: lit(3), max_tokens: lit(500) }),
      { system: "s", user: "u", iterationsMax: 3, tokensMax: 500 },
    ],
    [
      "all positional",
      reason([lit("s"), lit("u"), lit(3), lit(5)]),
      { system: "s", user: "u", iterationsMax: 3, tokensMax: 5 },
    ],
  ])("%s", (_what, expression, expected) => {
    expect(wanted(expression)).toEqual([expected]);
  });

  test.each<[string, Expression, JsonValue]>([
    ["no user", reason([lit("s")]), MALFORMED],
    ["an unknown name", reason([lit("s"), lit("u")], { model: lit("x") }), MALFORMED],
    ["one too many", reason([lit("s"), lit("u"), lit(1), lit(1), lit(1)]), MALFORMED],
    ["a number for a text", reason([lit(1), lit("u")]), KIND],
    ["null for a text", reason([lit("s"), lit(null)]), KIND],
    ["no iterations", reason([lit("s"), lit("u")], { max_iterations: lit(0) }), KIND],
    ["half an iteration", reason([lit("s"), lit("u")], { max_iterations: lit(0.5) }), KIND],
    ["tokens as text", reason([lit("s"), lit("u")], { max_tokens: lit("5") }), KIND],
  ])("%s ends the body", (_what, expression, expected) => {
    expect(ran(run(expression))).toEqual(expected);
  });

  test("the record comes back", () => {
    const value = { response: "hi", iterations: 1, total_tokens: 5, termination_reason: "completed" };
    const body = [make("r", reason([lit("s"), lit("u")])), ret(member(name("r"), "response"))];
    expect(outcome({ body, world: () => ({ value }) })).toBe("hi");
  });
});

describe("print, log and error", () => {
  const printed = (...expressions: Expression[]): readonly unknown[] =>
    runBody({ body: expressions.map(run) }).events.map((event) =>
      event.k === "printed" ? event.printed : event,
    );

  test("print shows texts as they are and other values as canonical JSON", () => {
    expect(
      printed(builtin("print", lit("a"), lit(1), record({ b: lit(null), a: lit("x") })), builtin("print")),
    ).toEqual([
      { level: null, text: 'a 1 {"a":"x","b":null}' },
      { level: null, text: "" },
    ]);
  });

  test("log shows its level", () => {
    expect(printed(builtin("log", lit("WARNING"), lit("careful")))).toEqual([
      { level: "WARNING", text: "careful" },
    ]);
  });

  test("both give null", () => {
    expect(ran(ret(list(builtin("print", lit(1)), builtin("log", lit("INFO"), lit("x")))))).toEqual([
      null,
      null,
    ]);
  });

  test.each<[string, Expression, JsonValue]>([
    ["an unknown level", builtin("log", lit("info"), lit("x")), { failed: "BODY_TEXT" }],
    ["a log of a number", builtin("log", lit("INFO"), lit(1)), KIND],
    ["error", builtin("error", lit("enough")), { failed: "BODY_ERROR" }],
    ["error of a number", builtin("error", lit(1)), KIND],
  ])("%s ends the body", (_what, expression, expected) => {
    expect(ran(run(expression))).toEqual(expected);
  });

  test("error carries its text", () => {
    expect(runBody({ body: [run(builtin("error", lit("enough")))] }).end).toMatchObject({
      fault: { code: "BODY_ERROR", message: "enough" },
    });
  });
});

describe("a failure names its place", () => {
  test("the innermost expression that erred", () => {
    const missing: Expression = { k: "member", object: record({}), name: "x", span: [17, 23] };
    expect(runBody({ body: [ret(op(lit(1), "+", missing))] }).end).toMatchObject({
      k: "failed",
      fault: { code: "BODY_MISSING", message: "the record has no field `x`" },
      span: [17, 23],
    });
  });

  test("with hidden characters made visible", () => {
    expect(runBody({ body: [ret(member(record({}), "a\u202eb"))] }).end).toMatchObject({
      fault: { message: "the record has no field `a\\u{202e}b`" },
    });
  });
});

describe("labels", () => {
  const secret = { parameters: [parameter("s", "secret"), parameter("p", "personal"), parameter("n")] };
  const inputs = { s: "x", p: "y", n: "z" };
  const labelsOf = (...body: BodyProgram["body"]): readonly string[] => {
    const { end } = runBody({ ...secret, inputs, body, world: () => ({ value: "r", labels: ["read"] }) });
    return end.labels;
  };
  test.each<[string, BodyProgram["body"], readonly string[]]>([
    ["an input's", [ret(name("s"))], ["secret"]],
    ["none", [ret(name("n"))], []],
    ["of both sides", [ret(op(name("s"), "+", name("p")))], ["personal", "secret"]],
    ["of every part", [ret(list(name("n"), record({ a: name("s") })))], ["secret"]],
    [
      "of a part's whole",
      [make("r", record({ a: name("s"), b: name("n") })), ret(member(name("r"), "b"))],
      ["secret"],
    ],
    ["through a builtin", [ret(builtin("len", name("s")))], ["secret"]],
    ["of a condition, inside", [ret(when(name("s"), [run(lit(1))], [run(lit(2))]))], ["secret"]],
    ["of a condition, for good", [run(when(name("s"), [], [])), ret(name("n"))], ["secret"]],
    ["of what settles an and", [ret(op(name("s"), "&&", name("n")))], ["secret"]],
    ["of a tool's result", [ret(tool("read_file", [name("n")]))], ["read"]],
    ["not of what was overwritten", [make("a", name("s")), make("a", name("n")), ret(name("a"))], []],
    ["of an error's text", [run(builtin("error", name("s")))], ["secret"]],
    ["of what failed", [run(member(name("s"), "a"))], ["secret"]],
  ])("%s", (_what, body, expected) => {
    expect(labelsOf(...body)).toEqual(expected);
  });

  test("go with what leaves the body", () => {
    const body = [
      run(tool("read_file", [name("s")])),
      run(builtin("print", name("p"))),
      run(reason([name("s"), name("p")])),
    ];
    const labels = runBody({ ...secret, inputs, body }).events.map((event) =>
      "labels" in event ? event.labels : [],
    );
    expect(labels).toEqual([["secret"], ["personal"], ["personal", "secret"]]);
  });
});
