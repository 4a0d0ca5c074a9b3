import type {
  Argument,
  BinaryOperator,
  Block,
  Expression,
  FunctionDefinition,
  MatchArm,
  Parameter,
  PlaceStep,
  Statement,
} from "#protocol/agent-spec.ts";
import type { SourceRange, Span } from "#protocol/source.ts";

/* A short hand for bodies as lowering makes them. Every node has the span [0, 0] unless it is given one. */

const span: Span = [0, 0];
const range: SourceRange = { span, line: 1, column: 1, endLine: 1, endColumn: 1 };

type Plain = string | number | boolean | null;

export const lit = (value: Plain): Expression => ({ k: "literal", value, span });
export const name = (of: string): Expression => ({ k: "name", name: of, span });
export const list = (...items: Expression[]): Expression => ({ k: "list", items, span });
export const record = (fields: Readonly<Record<string, Expression>>): Expression => ({
  k: "record",
  type: null,
  fields: Object.entries(fields).map(([field, value]) => ({ name: field, value })),
  span,
});
export const op = (left: Expression, operator: BinaryOperator, right: Expression): Expression => ({
  k: "binary",
  operator,
  left,
  right,
  span,
});
export const not = (operand: Expression): Expression => ({ k: "unary", operator: "!", operand, span });
export const minus = (operand: Expression): Expression => ({ k: "unary", operator: "-", operand, span });
export const member = (object: Expression, of: string): Expression => ({
  k: "member",
  object,
  name: of,
  span,
});
export const at = (object: Expression, index: Expression): Expression => ({
  k: "index",
  object,
  index,
  span,
});
export const when = (condition: Expression, then: Statement[], otherwise: Statement[]): Expression => ({
  k: "conditional",
  condition,
  then: block(...then),
  otherwise: block(...otherwise),
  span,
});

const positional = (given: readonly Expression[]): Argument[] =>
  given.map((value) => ({ name: null, value }));
const named = (given: Readonly<Record<string, Expression>>): Argument[] =>
  Object.entries(given).map(([of, value]) => ({ name: of, value }));

export const builtin = (of: string, ...given: Expression[]): Expression => ({
  k: "call",
  target: { k: "builtin", name: of },
  arguments: positional(given),
  span,
});
export const method = (of: string, ...given: Expression[]): Expression => ({
  k: "call",
  target: { k: "method", name: of },
  arguments: positional(given),
  span,
});
/** A call of one of the agent's own functions. */
export const call = (
  of: string,
  given: readonly Expression[] = [],
  also: Readonly<Record<string, Expression>> = {},
): Expression => ({
  k: "call",
  target: { k: "function", scope: "agent", name: of },
  arguments: [...positional(given), ...named(also)],
  span,
});
/** A call of a top-level function. */
export const callOfFile = (of: string, given: readonly Expression[] = []): Expression => ({
  k: "call",
  target: { k: "function", scope: "file", name: of },
  arguments: positional(given),
  span,
});
export const tool = (
  of: string,
  given: readonly Expression[] = [],
  also: Readonly<Record<string, Expression>> = {},
): Expression => ({
  k: "call",
  target: { k: "tool", name: of },
  arguments: [...positional(given), ...named(also)],
  span,
});
export const reason = (
  given: readonly Expression[],
  also: Readonly<Record<string, Expression>> = {},
): Expression => ({
  k: "call",
  target: { k: "reason" },
  arguments: [...positional(given), ...named(also)],
  span,
});

export const block = (...statements: Statement[]): Block => ({ statements, span });
export const make = (of: string, value: Expression): Statement => ({ k: "let", name: of, value, span });
export const set = (
  of: string,
  value: Expression,
  path: readonly (string | Expression)[] = [],
  operator: Extract<Statement, { k: "assign" }>["operator"] = "=",
): Statement => ({
  k: "assign",
  target: {
    name: of,
    path: path.map((step): PlaceStep =>
      typeof step === "string" ? { k: "member", name: step } : { k: "index", index: step },
    ),
    span,
  },
  operator,
  value,
  span,
});
export const iff = (condition: Expression, then: Statement[], otherwise?: Statement[]): Statement => ({
  k: "if",
  condition,
  then: block(...then),
  otherwise: otherwise === undefined ? null : block(...otherwise),
  span,
});
export const match = (subject: Expression, ...arms: MatchArm[]): Statement => ({
  k: "match",
  subject,
  arms,
  span,
});
export const arm = (value: Plain, ...body: Statement[]): MatchArm => ({
  pattern: { k: "literal", value },
  body: block(...body),
  span,
});
export const otherwise = (...body: Statement[]): MatchArm => ({
  pattern: { k: "else" },
  body: block(...body),
  span,
});
export const each = (of: string, over: Expression, ...body: Statement[]): Statement => ({
  k: "for",
  name: of,
  over,
  body: block(...body),
  span,
});
export const ret = (value: Expression | null = null): Statement => ({ k: "return", value, span });
export const run = (value: Expression): Statement => ({ k: "expression", value, span });
export const stop: Statement = { k: "break", span };
export const again: Statement = { k: "continue", span };

export const parameter = (of: string, ...labels: string[]): Parameter => ({
  name: of,
  type: { name: "String", arguments: [], span },
  labels,
  range,
});
export const fn = (of: string, parameters: readonly string[], ...body: Statement[]): FunctionDefinition => ({
  name: of,
  parameters: parameters.map((known) => parameter(known)),
  returns: null,
  body: block(...body),
  range,
});
