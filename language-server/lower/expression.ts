import { unreachable } from "#kernel/invariant.ts";
import type { Argument, BinaryOperator, Block, Expression } from "#protocol/agent-spec.ts";
import { BODY_DEPTH_MAX } from "#protocol/agent-spec-bounds.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { type Chain, chainSpan, joined, partSpan, spanOf } from "../parser/tree.ts";
import { keyText, literalValue } from "../semantics/literal.ts";
import { didYouMean, quoted } from "../semantics/reporter.ts";
import { type GivenArgument, resolveCall, resolveMethod } from "./calls.ts";
import { type LowerContext, withinDepth } from "./context.ts";
import { combine, levelsOf } from "./operators.ts";
import { type BodyWorld, CONSTANTS, type Scope } from "./scope.ts";

/** `asValue`: the block's last statement gives its value, so an `if` with `else` there is an expression. */
export type LowerBlock = (
  block: syntax.Block | undefined,
  scope: Scope,
  depth: number,
  asValue: boolean,
) => Block | undefined;

/**
 * Lowers the expressions of bodies. What cannot be lowered is reported once and gives undefined,
 * which travels up to the nearest statement.
 */
export class ExpressionLowering {
  private readonly context: LowerContext;
  private readonly world: BodyWorld;
  private readonly lowerBlock: LowerBlock;

  constructor(context: LowerContext, world: BodyWorld, lowerBlock: LowerBlock) {
    this.context = context;
    this.world = world;
    this.lowerBlock = lowerBlock;
  }

  lower(node: Chain | undefined, scope: Scope, depth: number): Expression | undefined {
    if (node === undefined) return undefined;
    const { operands, operators } = node;
    const below = depth + levelsOf(operators);
    if (!withinDepth(this.context, below, BODY_DEPTH_MAX, chainSpan(node))) return undefined;
    // Every operand is lowered even after one failed, so that all problems are told at once.
    const lowered = operands.map((operand) => this.unary(operand, scope, below));
    if (operands.length !== operators.length + 1 || !lowered.every(isThere)) return undefined;
    return combine(lowered, operators, binary);
  }

  unary(node: syntax.Unary | undefined, scope: Scope, depth: number): Expression | undefined {
    if (node === undefined) return undefined;
    const { prefixes, suffixes } = node;
    const innerDepth = depth + prefixes.length + suffixes.length + 1;
    if (!withinDepth(this.context, innerDepth, BODY_DEPTH_MAX, spanOf(node))) return undefined;
    let value = this.suffixed(node, scope, innerDepth);
    for (let index = prefixes.length - 1; index >= 0 && value !== undefined; index -= 1) {
      const span: Span = [partSpan(node, "prefixes", index)[0], spanOf(node)[1]];
      value = prefixed(prefixes[index] === "-" ? "-" : "!", value, span);
    }
    return value;
  }

  private suffixed(node: syntax.Unary, scope: Scope, depth: number): Expression | undefined {
    const { base, suffixes } = node;
    const start = spanOf(node.base ?? node)[0];
    let used = 0;
    let value: Expression | undefined;
    const free = this.freeName(node, scope);
    if (free !== undefined) {
      // The name is no variable, so what follows it can only be a call of it.
      const call = suffixes[free.suffixes];
      used = free.suffixes + 1;
      value =
        call?.$type === "Call"
          ? this.call(free.name, free.span, call, [start, spanOf(call)[1]], scope, depth)
          : this.unknownName(free.name, free.span, scope);
    } else {
      value = this.base(base, scope, depth);
    }
    for (let index = used; index < suffixes.length; index += 1) {
      const suffix = suffixes[index];
      if (suffix === undefined) return undefined;
      const next = suffixes[index + 1];
      if (suffix.$type === "Member" && next?.$type === "Call") {
        value = this.method(value, suffix, next, [start, spanOf(next)[1]], scope, depth);
        index += 1;
      } else {
        value = this.reached(value, suffix, [start, spanOf(suffix)[1]], scope, depth);
      }
    }
    return value;
  }

  /** The dotted name that a chain begins with when its first word is not a value. */
  private freeName(
    node: syntax.Unary,
    scope: Scope,
  ): { readonly name: string; readonly span: Span; readonly suffixes: number } | undefined {
    const { base, suffixes } = node;
    if (base?.$type !== "NameExpression" || base.record !== undefined || base.lambda !== undefined) {
      return undefined;
    }
    const called = suffixes[0]?.$type === "Call";
    if (!called && (scope.has(base.name) || CONSTANTS.has(base.name))) return undefined;
    let name = base.name;
    let span = spanOf(base);
    let count = 0;
    if (!scope.has(base.name)) {
      for (const suffix of suffixes) {
        if (suffix.$type !== "Member") break;
        name += `${suffix.access}${suffix.name}`;
        span = joined(span, spanOf(suffix));
        count += 1;
      }
    }
    return { name, span, suffixes: count };
  }

  private base(node: syntax.Unary["base"] | undefined, scope: Scope, depth: number): Expression | undefined {
    if (node === undefined) return undefined;
    const span = spanOf(node);
    switch (node.$type) {
      case "Literal":
        return this.literal(node.text, span);
      case "NameExpression":
        if (node.lambda !== undefined) return this.notExecuted(span, "a lambda");
        if (node.record !== undefined) return this.record(node.record, node.name, span, scope, depth);
        return CONSTANTS.has(node.name)
          ? { k: "literal", value: CONSTANTS.get(node.name) ?? null, span }
          : { k: "name", name: node.name, span };
      case "Group":
        return this.group(node, scope, depth);
      case "List": {
        const items = node.items.map((item) => this.lower(item, scope, depth));
        return items.every(isThere) ? { k: "list", items, span } : undefined;
      }
      case "Record":
        return this.record(node, null, span, scope, depth);
      case "If":
        return this.conditional(node, scope, depth);
      case "Match":
        return this.notExecuted(span, "a `match` as a value", "Assign to a variable in each arm.");
      default:
        return unreachable(node);
    }
  }

  private literal(token: string, span: Span): Expression | undefined {
    const literal = literalValue(token);
    switch (literal.k) {
      case "string":
      case "number":
        return { k: "literal", value: literal.value, span };
      case "duration":
        return { k: "duration", ms: literal.ms, span };
      case "secret":
        return this.notExecuted(
          span,
          "a secret in a body",
          "Secrets never reach a body or its sandbox; the host uses them for calls that name them.",
        );
      case "unreadable":
        this.context.reporter.report("WRIT071", span, `${quoted(token)} cannot be read: ${literal.why}`);
        return undefined;
      default:
        return unreachable(literal);
    }
  }

  private group(node: syntax.Group, scope: Scope, depth: number): Expression | undefined {
    if (node.lambda !== undefined) return this.notExecuted(spanOf(node), "a lambda");
    const [only, second] = node.items;
    if (only === undefined || second !== undefined) {
      return this.notExecuted(spanOf(node), "a list in round brackets", "Write `[` and `]`.");
    }
    return this.lower(only, scope, depth);
  }

  /** `type` is the name before the braces; `span` covers it. */
  record(
    node: syntax.Record,
    type: string | null,
    span: Span,
    scope: Scope,
    depth: number,
  ): Expression | undefined {
    const fields = node.fields.map((field) => {
      const value = this.lower(field, scope, depth);
      return value === undefined ? undefined : { name: keyText(field.key), value };
    });
    return fields.every(isThere) ? { k: "record", type, fields, span } : undefined;
  }

  /** An `if` as a value; each branch gives the value of its last statement. */
  conditional(node: syntax.If, scope: Scope, depth: number): Expression | undefined {
    const span = spanOf(node);
    if (node.isLet || node.elseIfs.some((branch) => branch.isLet)) return this.notExecuted(span, "`if let`");
    if (node.otherwise === undefined) {
      return this.notExecuted(span, "an `if` without `else` as a value", "Add an `else` block.");
    }
    // An `else if` is a block with an expression in it, so each goes two levels down.
    const last = depth + 2 * node.elseIfs.length + 1;
    if (!withinDepth(this.context, last, BODY_DEPTH_MAX, span)) return undefined;
    const branches = [node, ...node.elseIfs].map((branch, index) => ({
      condition: this.lower(branch.condition, scope, depth + 2 * index + 1),
      then: this.lowerBlock(branch.then, scope, depth + 2 * index + 1, true),
      start: spanOf(branch)[0],
    }));
    let otherwise = this.lowerBlock(node.otherwise, scope, last, true);
    let result: Expression | undefined;
    for (const { condition, then, start } of branches.reverse()) {
      if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
      result = { k: "conditional", condition, then, otherwise, span: [start, span[1]] };
      otherwise = { statements: [{ k: "expression", value: result, span: result.span }], span: result.span };
    }
    return result;
  }

  private reached(
    object: Expression | undefined,
    suffix: syntax.Unary["suffixes"][number],
    span: Span,
    scope: Scope,
    depth: number,
  ): Expression | undefined {
    switch (suffix.$type) {
      case "Member":
        if (suffix.access === "::") return this.notExecuted(span, "a path with `::`");
        return object === undefined ? undefined : { k: "member", object, name: suffix.name, span };
      case "Index": {
        const index = this.lower(suffix.index, scope, depth);
        if (object === undefined || index === undefined) return undefined;
        return { k: "index", object, index, span };
      }
      case "Call":
        this.arguments(suffix, scope, depth);
        if (object !== undefined) {
          this.context.reporter.report("WRIT070", span, "a value is called, but only names can be");
        }
        return undefined;
      default:
        return unreachable(suffix);
    }
  }

  private method(
    receiver: Expression | undefined,
    member: syntax.Member,
    call: syntax.Call,
    span: Span,
    scope: Scope,
    depth: number,
  ): Expression | undefined {
    const given = this.arguments(call, scope, depth);
    const fits = resolveMethod(this.context, member.name, partSpan(member, "name"), given, span);
    if (!fits || receiver === undefined || !given.every(isLowered)) return undefined;
    return {
      k: "call",
      target: { k: "method", name: member.name },
      arguments: [{ name: null, value: receiver }, ...given.map(argument)],
      span,
    };
  }

  private call(
    name: string,
    nameSpan: Span,
    call: syntax.Call,
    span: Span,
    scope: Scope,
    depth: number,
  ): Expression | undefined {
    const given = this.arguments(call, scope, depth);
    const target = resolveCall(this.context, this.world, scope, name, nameSpan, given, span);
    if (target === undefined || !given.every(isLowered)) return undefined;
    return { k: "call", target, arguments: given.map(argument), span };
  }

  private arguments(call: syntax.Call, scope: Scope, depth: number): readonly GivenArgument[] {
    return call.arguments.map((node) => ({
      name: node.name ?? null,
      span: spanOf(node),
      value: this.lower(node, scope, depth),
    }));
  }

  private unknownName(name: string, span: Span, scope: Scope): undefined {
    const [first = name] = name.split(/\.|::/);
    const guess = this.context.reporter.nearest(first, scope.all());
    this.context.reporter.report(
      "WRIT070",
      span,
      `nothing here is called ${quoted(name)}`,
      didYouMean(guess, [span[0], span[0] + first.length]),
    );
    return undefined;
  }

  private notExecuted(span: Span, what: string, help?: string): undefined {
    this.context.reporter.report("WRIT072", span, `${what} is not executed by this version`, { help });
    return undefined;
  }
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

const isLowered = (given: GivenArgument): given is GivenArgument & { readonly value: Expression } =>
  given.value !== undefined;

const argument = ({ name, value }: GivenArgument & { readonly value: Expression }): Argument => ({
  name,
  value,
});

const prefixed = (operator: "!" | "-", operand: Expression, span: Span): Expression =>
  operator === "-" && operand.k === "literal" && typeof operand.value === "number"
    ? { k: "literal", value: 0 - operand.value, span }
    : { k: "unary", operator, operand, span };

const binary = (left: Expression, operator: BinaryOperator | "not in", right: Expression): Expression => {
  const span = joined(left.span, right.span);
  if (operator !== "not in") return { k: "binary", operator, left, right, span };
  return { k: "unary", operator: "!", operand: { k: "binary", operator: "in", left, right, span }, span };
};
