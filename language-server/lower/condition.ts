import type { ActionPattern, BinaryOperator, Expression } from "#protocol/agent-spec.ts";
import { CONDITION_DEPTH_MAX } from "#protocol/agent-spec-bounds.ts";
import { CONDITION_METHODS } from "#protocol/agent-spec-condition.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { joined, partSpan, spanOf } from "../parser/tree.ts";
import { literalValue } from "../semantics/literal.ts";
import { didYouMean, listed, quoted, type ReportOptions } from "../semantics/reporter.ts";
import type { ConditionInputs } from "./condition-names.ts";
import { ASK, ConditionTerms, type Typed } from "./condition-terms.ts";
import { mismatch, nameOf } from "./condition-types.ts";
import { type LowerContext, withinDepth } from "./context.ts";
import { combine, levelsOf } from "./operators.ts";
import { mayCompare } from "./path-literal.ts";
import type { Comparison } from "./text-comparison.ts";
import { mayBeValue } from "./value-literal.ts";

/**
 * Lowers the condition of one rule. Everything in it has a type that is known here, so that the
 * policy engine never has to guess: what cannot be typed is an enforcement problem.
 */
export class ConditionLowering {
  private readonly context: LowerContext;
  private readonly terms: ConditionTerms;

  constructor(context: LowerContext, inputs: ConditionInputs, patterns: readonly ActionPattern[]) {
    this.context = context;
    this.terms = new ConditionTerms(context, inputs, patterns);
  }

  lower(node: syntax.Expression): Expression | undefined {
    const condition = this.typed(node, 1);
    if (condition === undefined) return undefined;
    if (condition.type === "boolean") return condition.expression;
    this.refuse(spanOf(node), `a condition is true or false, and this is ${nameOf(condition.type)}`, {
      help: "Compare it with something.",
    });
    return undefined;
  }

  private typed(node: syntax.Expression | undefined, depth: number): Typed | undefined {
    if (node === undefined) return undefined;
    const { operands, operators } = node;
    const below = depth + levelsOf(operators);
    if (!withinDepth(this.context, below, CONDITION_DEPTH_MAX, spanOf(node))) return undefined;
    const parts = operands.map((operand) => this.operand(operand, below));
    if (operands.length !== operators.length + 1 || !parts.every((part) => part !== undefined))
      return undefined;
    // A combination that failed was reported; null keeps its place, so that it is told about once.
    const result = combine<Typed | null>(parts, operators, (left, operator, right) =>
      left === null || right === null ? null : (this.binary(left, operator, right) ?? null),
    );
    return result ?? undefined;
  }

  private binary(left: Typed, operator: BinaryOperator | "not in", right: Typed): Typed | undefined {
    const span = joined(left.expression.span, right.expression.span);
    const why = mismatch(left.type, operator, right.type);
    if (why !== undefined) {
      this.refuse(span, why);
      return undefined;
    }
    if (!this.mayBeEqual(left, operator, right)) return undefined;
    const plain: BinaryOperator = operator === "not in" ? "in" : operator;
    const expression: Expression = {
      k: "binary",
      operator: plain,
      left: left.expression,
      right: right.expression,
      span,
    };
    if (operator !== "not in") return { expression, type: "boolean" };
    return { expression: { k: "unary", operator: "!", operand: expression, span }, type: "boolean" };
  }

  /** Whether things can be what they are compared with; each text that one cannot be is reported. */
  private mayBeEqual(left: Typed, operator: BinaryOperator | "not in", right: Typed): boolean {
    if (operator === "==" || operator === "!=") {
      return this.mayBe(left, right.expression) && this.mayBe(right, left.expression);
    }
    if (operator !== "in" && operator !== "not in") return true;
    const items = right.expression.k === "list" ? right.expression.items : [];
    // What is searched may be a set of values that are known beforehand.
    return items.map((item) => this.mayBe(left, item)).every(Boolean) && this.mayBe(right, left.expression);
  }

  private mayBe(
    { path: form, values, expression: { span: subject } }: Typed,
    expression: Expression,
    compared: Comparison = "whole",
  ): boolean {
    if (expression.k !== "literal" || typeof expression.value !== "string") return true;
    const { value: text, span } = expression;
    if (values !== undefined) return mayBeValue(this.context, { text, span, values, compared });
    return form === undefined || mayCompare(this.context, { text, span, form, compared, subject });
  }

  private operand(node: syntax.Unary, depth: number): Typed | undefined {
    // A field is a level above its name, a method one above what it is asked of.
    const inner = depth + node.prefixes.length + node.suffixes.length;
    if (!withinDepth(this.context, inner, CONDITION_DEPTH_MAX, spanOf(node))) return undefined;
    let value = this.suffixed(node, inner);
    for (let index = node.prefixes.length - 1; index >= 0 && value !== undefined; index -= 1) {
      const span: Span = [partSpan(node, "prefixes", index)[0], spanOf(node)[1]];
      value = this.prefixed(node.prefixes[index] === "-", value, span);
    }
    return value;
  }

  private prefixed(minus: boolean, { expression, type }: Typed, span: Span): Typed | undefined {
    if (minus && expression.k === "literal" && typeof expression.value === "number") {
      return { expression: { k: "literal", value: 0 - expression.value, span }, type };
    }
    if (minus || type !== "boolean") {
      this.refuse(
        span,
        minus
          ? "only a number written out can be negative here"
          : `\`!\` negates true and false, and this is ${nameOf(type)}`,
      );
      return undefined;
    }
    return { expression: { k: "unary", operator: "!", operand: expression, span }, type };
  }

  private suffixed(node: syntax.Unary, depth: number): Typed | undefined {
    const { base, suffixes } = node;
    const span = spanOf(node);
    if (base === undefined) return undefined;
    const last = suffixes.at(-1);
    const method = suffixes.at(-2);
    if (last?.$type === "Call" && method?.$type === "Member") {
      const receiver = this.reached(node, suffixes.slice(0, -2), depth);
      return receiver === undefined ? undefined : this.method(receiver, method, last, span);
    }
    return this.reached(node, suffixes, depth);
  }

  /** A literal, a group, a list, or a name with the fields behind it. */
  private reached(node: syntax.Unary, suffixes: syntax.Unary["suffixes"], depth: number): Typed | undefined {
    const { base } = node;
    const span: Span = [spanOf(base)[0], spanOf(suffixes.at(-1) ?? base)[1]];
    if (base.$type === "NameExpression" && base.record === undefined && base.lambda === undefined) {
      const path: string[] = [];
      for (const suffix of suffixes) {
        if (suffix.$type !== "Member" || suffix.access !== ".") return this.notDecidable(span);
        path.push(suffix.name);
      }
      return this.terms.named(base.name, path, spanOf(base), span);
    }
    if (suffixes.length > 0) return this.notDecidable(span);
    switch (base.$type) {
      case "Literal":
        return this.literal(base.text, span);
      case "Group": {
        const [only, second] = base.items;
        const isGroup = only !== undefined && second === undefined && base.lambda === undefined;
        return isGroup ? this.typed(only, depth) : this.notDecidable(span);
      }
      case "List":
        return this.list(base, depth);
      default:
        return this.notDecidable(span);
    }
  }

  private literal(token: string, span: Span): Typed | undefined {
    const literal = literalValue(token);
    if (literal.k === "string") {
      return { expression: { k: "literal", value: literal.value, span }, type: "string" };
    }
    if (literal.k === "duration")
      return { expression: { k: "duration", ms: literal.ms, span }, type: "long" };
    if (literal.k === "number" && Number.isInteger(literal.value)) {
      return { expression: { k: "literal", value: literal.value, span }, type: "long" };
    }
    if (literal.k === "unreadable") {
      this.context.reporter.report("WRIT071", span, `${quoted(token)} cannot be read: ${literal.why}`);
    } else {
      this.refuse(
        span,
        literal.k === "number"
          ? "a condition compares whole numbers only"
          : "a condition never sees a secret",
      );
    }
    return undefined;
  }

  private list(node: syntax.List, depth: number): Typed | undefined {
    const items = node.items.map((item) => this.typed(item, depth + 1));
    const [first] = items;
    const span = spanOf(node);
    if (!items.every((item) => item !== undefined)) return undefined;
    const duration = items.find((item) => item.expression.k === "duration");
    if (duration !== undefined) {
      this.refuse(duration.expression.span, "a list in a condition holds no durations", {
        help: "Write its milliseconds, or compare with `==` and join with `||`.",
      });
      return undefined;
    }
    const isLiteral = items.every(({ expression: { k } }) => k === "literal");
    const sameType = items.every((item) => item.type === first?.type);
    if (!isLiteral || !sameType || (first?.type !== "string" && first?.type !== "long")) {
      this.refuse(
        span,
        "a list in a condition holds texts or whole numbers written out, not both and at least one",
      );
      return undefined;
    }
    return {
      expression: { k: "list", items: items.map((item) => item.expression), span },
      type: first.type === "string" ? "string-literals" : "long-literals",
    };
  }

  private method(receiver: Typed, member: syntax.Member, call: syntax.Call, span: Span): Typed | undefined {
    const method = CONDITION_METHODS.find((one) => one === member.name);
    const [argument, second] = call.arguments;
    if (method === undefined) {
      this.refuse(partSpan(member, "name"), `conditions have no method ${quoted(member.name)}`, {
        help: `They have ${listed(CONDITION_METHODS, "and")}.`,
        ...didYouMean(
          this.context.reporter.nearest(member.name, CONDITION_METHODS),
          partSpan(member, "name"),
        ),
      });
      return undefined;
    }
    const isSet = receiver.type === "string-set" || receiver.type === "string-list";
    if (receiver.type !== "string" && !(isSet && method === "contains")) {
      this.refuse(span, `\`${method}\` cannot be asked of ${nameOf(receiver.type)}`);
      return undefined;
    }
    const operand = argument?.name === undefined && second === undefined ? argument?.operands : undefined;
    const base = operand?.length === 1 && operand[0]?.prefixes.length === 0 ? operand[0].base : undefined;
    const literal =
      base?.$type === "Literal" && operand?.[0]?.suffixes.length === 0 ? literalValue(base.text) : undefined;
    if (argument === undefined || literal?.k !== "string") {
      this.refuse(span, `\`${method}\` takes one text that is written out`);
      return undefined;
    }
    const part: Expression = { k: "literal", value: literal.value, span: spanOf(argument) };
    // A set holds a value whole or not at all.
    if (!this.mayBe(receiver, part, isSet ? "whole" : method)) return undefined;
    return {
      expression: {
        k: "call",
        target: { k: "method", name: method },
        arguments: [
          { name: null, value: receiver.expression },
          { name: null, value: part },
        ],
        span,
      },
      type: "boolean",
    };
  }

  private notDecidable(span: Span): undefined {
    this.refuse(span, "a condition cannot be decided with this", { help: ASK });
    return undefined;
  }

  private refuse(span: Span, message: string, options: ReportOptions = {}): void {
    this.context.reporter.report("WRIT069", span, message, options);
  }
}
