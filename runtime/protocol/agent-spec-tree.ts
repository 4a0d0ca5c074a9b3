import { unreachable } from "#kernel/invariant.ts";
import type { Block, Expression, Statement } from "./agent-spec.ts";
import type { Path } from "./agent-spec-json.ts";

/** What stands directly inside a node of a body, with the way to it. */
export interface Inside {
  readonly expressions: readonly (readonly [path: Path, expression: Expression])[];
  readonly blocks: readonly (readonly [path: Path, block: Block])[];
}

const expressionsOnly = (...expressions: Inside["expressions"]): Inside => ({ expressions, blocks: [] });

const NOTHING = expressionsOnly();

/** The expressions and blocks of which an expression is made, in the order of its members. */
export const insideExpression = (expression: Expression): Inside => {
  switch (expression.k) {
    case "literal":
    case "duration":
    case "secret":
    case "name":
      return NOTHING;
    case "member":
      return expressionsOnly([["object"], expression.object]);
    case "index":
      return expressionsOnly([["object"], expression.object], [["index"], expression.index]);
    case "unary":
      return expressionsOnly([["operand"], expression.operand]);
    case "binary":
      return expressionsOnly([["left"], expression.left], [["right"], expression.right]);
    case "list":
      return expressionsOnly(...expression.items.map((item, index) => [["items", index], item] as const));
    case "record":
      return expressionsOnly(
        ...expression.fields.map(({ value }, index) => [["fields", index, "value"], value] as const),
      );
    case "conditional":
      return {
        expressions: [[["condition"], expression.condition]],
        blocks: [
          [["then"], expression.then],
          [["otherwise"], expression.otherwise],
        ],
      };
    case "call":
      return expressionsOnly(
        ...expression.arguments.map(({ value }, index) => [["arguments", index, "value"], value] as const),
      );
    default:
      return unreachable(expression);
  }
};

/** The expressions and blocks of which a statement is made. */
export const insideStatement = (statement: Statement): Inside => {
  switch (statement.k) {
    case "let":
    case "expression":
      return expressionsOnly([["value"], statement.value]);
    case "assign":
      return expressionsOnly(
        ...statement.target.path.flatMap((step, index) =>
          step.k === "index" ? [[["target", "path", index, "index"], step.index] as const] : [],
        ),
        [["value"], statement.value],
      );
    case "if":
      return {
        expressions: [[["condition"], statement.condition]],
        blocks: [
          [["then"], statement.then],
          ...(statement.otherwise === null ? [] : [[["otherwise"], statement.otherwise] as const]),
        ],
      };
    case "match":
      return {
        expressions: [[["subject"], statement.subject]],
        blocks: statement.arms.map(({ body }, index) => [["arms", index, "body"], body] as const),
      };
    case "for":
      return { expressions: [[["over"], statement.over]], blocks: [[["body"], statement.body]] };
    case "return":
      return statement.value === null ? NOTHING : expressionsOnly([["value"], statement.value]);
    case "break":
    case "continue":
      return NOTHING;
    default:
      return unreachable(statement);
  }
};
