import fc from "fast-check";
import type { BinaryOperator, Expression, FunctionDefinition, Statement } from "#protocol/agent-spec.ts";
import { BUILTINS } from "#protocol/builtins.ts";
import * as ir from "./ir.ts";

/*
 * Bodies as an adversary might write them: well-formed trees, but with no regard for kinds, for
 * names that exist, or for an end. They share few names, so that many of them do mean something.
 */

const names = fc.constantFrom("a", "b", "i", "__proto__");
const OPERATORS: readonly BinaryOperator[] = [
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "+",
  "-",
  "*",
  "/",
  "%",
  "in",
  "&&",
  "||",
];

const literals = fc.oneof(
  fc.constantFrom(null, true, false, 0, 1, -1, 2, 0.5, "", "a", "b", "ab👋", "{} {}", '{"a":[1]}', ","),
  fc.double(),
  fc.string({ unit: "binary", maxLength: 4 }),
);

// An alias, because fast-check wants a type with an index signature.
type Trees = { expression: Expression; statement: Statement };

const trees = fc.letrec<Trees>((tie) => {
  const expression = tie("expression");
  const statements = fc.array(tie("statement"), { maxLength: 3 });
  const few = fc.array(expression, { maxLength: 3 });
  const path = fc.array(fc.oneof(names, expression), { maxLength: 2 });
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: "body" },
      literals.map(ir.lit),
      names.map(ir.name),
      few.map((items) => ir.list(...items)),
      fc.dictionary(names, expression, { maxKeys: 2 }).map(ir.record),
      fc.tuple(expression, fc.constantFrom(...OPERATORS), expression).map(([l, o, r]) => ir.op(l, o, r)),
      expression.map(ir.not),
      expression.map(ir.minus),
      fc.tuple(expression, names).map(([object, name]) => ir.member(object, name)),
      fc.tuple(expression, expression).map(([object, index]) => ir.at(object, index)),
      fc.tuple(expression, statements, statements).map(([c, t, o]) => ir.when(c, t, o)),
      fc
        .tuple(fc.constantFrom(...BUILTINS.map((known) => known.name)), few)
        .map(([name, given]) => ir.builtin(name, ...given)),
      fc.tuple(fc.constantFrom("f", "g", "h"), few).map(([name, given]) => ir.call(name, given)),
      fc.tuple(fc.constantFrom("f", "g", "h"), few).map(([name, given]) => ir.callOfFile(name, given)),
      fc
        .tuple(fc.constantFrom("read_file", "list_files", "rm"), few)
        .map(([name, given]) => ir.tool(name, given)),
      few.map((given) => ir.reason(given)),
    ),
    statement: fc.oneof(
      { maxDepth: 4, depthIdentifier: "body" },
      fc.tuple(names, expression).map(([name, value]) => ir.make(name, value)),
      fc
        .tuple(names, expression, path, fc.constantFrom("=" as const, "+=" as const, "*=" as const))
        .map(([name, value, steps, operator]) => ir.set(name, value, steps, operator)),
      expression.map(ir.run),
      expression.map(ir.ret),
      fc.constantFrom(ir.stop, ir.again),
      fc
        .tuple(expression, statements, fc.option(statements, { nil: undefined }))
        .map(([c, t, o]) => ir.iff(c, t, o)),
      fc.tuple(names, expression, statements).map(([name, over, body]) => ir.each(name, over, ...body)),
      fc
        .tuple(expression, fc.constantFrom(null, 1, "a"), statements, statements)
        .map(([subject, value, body, rest]) =>
          ir.match(subject, ir.arm(value, ...body), ir.otherwise(...rest)),
        ),
    ),
  };
});

export const bodies: fc.Arbitrary<readonly Statement[]> = fc
  .array(trees.statement, { maxLength: 8 })
  // Every body begins with something to work on.
  .map((statements) => [
    ir.make("a", ir.list(ir.lit(1), ir.lit("b"))),
    ir.make("b", ir.record({ a: ir.lit(2) })),
    ir.make("i", ir.lit(0)),
    ...statements,
  ]);

export const functions: fc.Arbitrary<readonly FunctionDefinition[]> = fc
  .tuple(fc.array(trees.statement, { maxLength: 3 }), fc.array(trees.statement, { maxLength: 3 }))
  .map(([f, g]) => [ir.fn("f", ["a"], ...f), ir.fn("g", [], ...g)]);

/*
 * And bodies as people write them: every operation fits its values, so that they run long and come
 * around loops, functions, effects and bounds. `n` is a number, `s` a text, `l` a list of numbers.
 */

type Kinds = { number: Expression; text: Expression; list: Expression; truth: Expression; step: Statement };

const kinds = fc.letrec<Kinds>((tie) => {
  const [number, text, list, truth] = [tie("number"), tie("text"), tie("list"), tie("truth")];
  const steps = fc.array(tie("step"), { minLength: 1, maxLength: 4 });
  const both = <L, R>(left: fc.Arbitrary<L>, right: fc.Arbitrary<R>): fc.Arbitrary<[L, R]> =>
    fc.tuple(left, right);
  const depth = { maxDepth: 3, depthIdentifier: "kinds" } as const;
  return {
    number: fc.oneof(
      depth,
      fc.integer({ min: -9, max: 9 }).map(ir.lit),
      fc.constant(ir.name("n")),
      both(number, number).map(([left, right]) => ir.op(left, "+", right)),
      both(number, number).map(([left, right]) =>
        ir.op(left, "%", ir.op(ir.builtin("abs", right), "+", ir.lit(1))),
      ),
      text.map((value) => ir.builtin("len", value)),
      list.map((value) => ir.method("len", value)),
      list.map((value) => ir.at(ir.op(ir.list(ir.lit(7)), "+", value), ir.lit(-1))),
      number.map((value) => ir.call("f", [value])),
      fc
        .tuple(truth, steps, number)
        .map(([c, body, value]) => ir.when(c, [...body, ir.run(value)], [ir.run(ir.lit(1))])),
    ),
    text: fc.oneof(
      depth,
      fc.constantFrom("", "a", "b,c", "👋").map(ir.lit),
      fc.constant(ir.name("s")),
      both(text, text).map(([left, right]) => ir.op(left, "+", right)),
      text.map((value) => ir.builtin("upper", value)),
      both(text, text).map(([whole, by]) => ir.builtin("replace", whole, ir.lit("a"), by)),
      number.map((value) => ir.builtin("format", ir.lit("<{}>"), value)),
      list.map((value) => ir.builtin("to_json", value)),
      text.map((value) => ir.builtin("to_string", ir.tool("read_file", [value]))),
      text.map((value) => ir.member(ir.reason([value, value]), "response")),
    ),
    list: fc.oneof(
      depth,
      fc.constant(ir.name("l")),
      fc.array(number, { maxLength: 3 }).map((items) => ir.list(...items)),
      both(list, number).map(([items, item]) => ir.builtin("append", items, item)),
      both(list, list).map(([left, right]) => ir.op(left, "+", right)),
      list.map((items) => ir.builtin("sort", items)),
      number.map((end) => ir.builtin("range", ir.op(end, "%", ir.lit(6)))),
    ),
    truth: fc.oneof(
      depth,
      fc.boolean().map(ir.lit),
      both(number, number).map(([left, right]) => ir.op(left, "<", right)),
      both(list, list).map(([left, right]) => ir.op(left, "==", right)),
      both(truth, truth).map(([left, right]) => ir.op(left, "&&", right)),
      both(truth, text).map(([left, right]) => ir.op(left, "||", right)),
      both(number, list).map(([item, items]) => ir.op(item, "in", items)),
      truth.map(ir.not),
    ),
    step: fc.oneof(
      depth,
      fc.oneof(
        number.map((value) => ir.set("n", value)),
        text.map((value) => ir.set("s", value)),
        list.map((value) => ir.set("l", value)),
        text.map((value) => ir.set("s", value, [], "+=")),
        number.map((value) => ir.make("n", value)),
      ),
      text.map((value) => ir.run(ir.builtin("print", value))),
      both(number, number).map(([at, value]) =>
        // An element that is there for certain, and the name of a field that need not be.
        ir.iff(ir.name("l"), [ir.set("l", value, [ir.op(at, "%", ir.builtin("len", ir.name("l")))])]),
      ),
      both(text, number).map(([key, value]) => ir.set("r", value, [key])),
      fc.tuple(truth, steps, steps).map(([c, body, rest]) => ir.iff(c, body, rest)),
      fc.tuple(list, steps).map(([over, body]) => ir.each("n", over, ...body)),
      fc
        .tuple(list, steps, truth, fc.constantFrom(ir.stop, ir.again))
        .map(([over, body, c, leave]) => ir.each("n", over, ...body, ir.iff(c, [leave]), ...body)),
      fc
        .tuple(number, steps)
        .map(([subject, body]) => ir.match(subject, ir.arm(0, ...body), ir.arm(1), ir.otherwise())),
    ),
  };
});

const variables = [
  ir.make("n", ir.lit(3)),
  ir.make("s", ir.name("p")),
  ir.make("l", ir.list(ir.lit(1), ir.lit(2))),
  ir.make("r", ir.record({})),
];

/** With one parameter `p`, a text. */
export const calmBodies: fc.Arbitrary<readonly Statement[]> = fc
  .array(kinds.step, { minLength: 3, maxLength: 10 })
  .map((steps) => [
    ...variables,
    ...steps,
    ir.ret(ir.list(ir.name("n"), ir.name("s"), ir.name("l"), ir.name("r"))),
  ]);

export const calmFunctions: fc.Arbitrary<readonly FunctionDefinition[]> = fc
  .array(kinds.step, { minLength: 1, maxLength: 4 })
  .map((steps) => [
    ir.fn("f", ["n"], ir.make("p", ir.lit("p")), ...variables.slice(1), ...steps, ir.ret(ir.name("n"))),
  ]);
