import { isWellFormed } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { BinaryOperator, Expression } from "#protocol/agent-spec.ts";
import { CONDITION_DEPTH_MAX } from "#protocol/agent-spec-bounds.ts";
import type { Span } from "#protocol/source.ts";
import { cedarPattern, cedarString } from "./cedar-literal.ts";
import type { Guard, NameMeaning } from "./condition-names.ts";
import { Untranslatable } from "./condition-names.ts";
import type { Term } from "./condition-terms.ts";
import {
  Level,
  bracketed,
  containing,
  fits,
  literalTerm,
  mismatch,
  operandsOf,
  pathOf,
  requireType,
} from "./condition-terms.ts";

/*
 * Conditions of agent files as Cedar text. The translation is exact or refused: a condition that
 * Cedar cannot say, or whose types do not fit, becomes a problem of the rule and never a guess.
 */

export interface CompiledCondition {
  /** The operands that the condition joins by "and", in order. */
  readonly conjuncts: readonly Conjunct[];
  /** What must be there for the condition to mean anything. */
  readonly guards: readonly Guard[];
}

export interface Conjunct {
  readonly cedar: string;
  readonly span: Span;
}

/** Translates a condition; `meaning` says what its names stand for. Throws `Untranslatable`. */
export const compileCondition = (
  condition: Expression,
  meaning: (path: readonly string[], span: Span) => NameMeaning,
): CompiledCondition => {
  const compiler = new ConditionCompiler(meaning);
  const conjuncts = operandsOf(condition, "&&").map((operand) => ({
    cedar: compiler.boolean(operand, 0, Level.and),
    span: operand.span,
  }));
  return { conjuncts, guards: [...compiler.guards.values()] };
};

class ConditionCompiler {
  readonly guards = new Map<string, Guard>();
  private readonly meaning: (path: readonly string[], span: Span) => NameMeaning;

  constructor(meaning: (path: readonly string[], span: Span) => NameMeaning) {
    this.meaning = meaning;
  }

  boolean(expression: Expression, depth: number, level: Level): string {
    const term = this.term(expression, depth);
    requireType(term, "boolean", expression);
    return bracketed(term, level);
  }

  private term(expression: Expression, depth: number): Term {
    if (depth > CONDITION_DEPTH_MAX)
      throw new Untranslatable("the condition nests too deep", expression.span);
    switch (expression.k) {
      case "literal":
        return literalTerm(expression.value, expression.span);
      case "duration":
        return literalTerm(expression.ms, expression.span);
      case "name":
      case "member":
      case "index":
        return this.named(expression);
      case "unary":
        return this.unary(expression, depth);
      case "binary":
        return this.binary(expression, depth);
      case "call":
        return this.call(expression, depth);
      case "secret":
        throw new Untranslatable("a rule cannot look at a secret", expression.span);
      case "list":
        throw new Untranslatable("a list stands only behind `in`", expression.span);
      case "record":
      case "conditional":
        throw new Untranslatable("this cannot stand in a condition of a rule", expression.span);
    }
  }

  private named(expression: Extract<Expression, { k: "name" | "member" | "index" }>): Term {
    const { cedar, type, guard } = this.meaning(pathOf(expression), expression.span);
    if (guard !== null) this.guards.set(guard.cedar, guard);
    return { cedar, type, level: Level.primary };
  }

  private unary(expression: Extract<Expression, { k: "unary" }>, depth: number): Term {
    const { operator, operand } = expression;
    if (operator === "!") {
      return {
        cedar: `!${this.boolean(operand, depth + 1, Level.primary)}`,
        type: "boolean",
        level: Level.relation,
      };
    }
    if (operand.k === "literal" && typeof operand.value === "number") {
      return literalTerm(-operand.value, expression.span);
    }
    throw new Untranslatable("only a number can be negative in a condition", expression.span);
  }

  private binary(expression: Extract<Expression, { k: "binary" }>, depth: number): Term {
    const { operator } = expression;
    switch (operator) {
      case "&&":
        return {
          cedar: operandsOf(expression, "&&")
            .map((operand) => this.boolean(operand, depth + 1, Level.and))
            .join(" && "),
          type: "boolean",
          level: Level.and,
        };
      case "||":
        return this.anyOf(expression, depth);
      case "in":
        return this.contained(expression, depth);
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.compared(expression, operator, depth);
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
        throw new Untranslatable(`a rule cannot calculate with \`${operator}\``, expression.span);
    }
  }

  /**
   * Neighbours that compare one thing with literals become one set, which does not nest. What stands
   * between others stays there: Cedar evaluates from left to right, and what would err must not be
   * jumped over.
   */
  private anyOf(expression: Expression, depth: number): Term {
    const runs: (string | Equality)[] = [];
    for (const operand of operandsOf(expression, "||")) {
      const equality = this.equality(operand, depth + 1);
      const before = runs.at(-1);
      if (equality === null) {
        runs.push(this.boolean(operand, depth + 1, Level.relation));
      } else if (typeof before === "object" && before.subject === equality.subject) {
        before.values.push(...equality.values);
      } else {
        runs.push(equality);
      }
    }
    const texts = runs.map((run) => (typeof run === "string" ? run : equalityText(run)));
    const [only, ...others] = texts;
    return others.length === 0
      ? { cedar: only ?? "false", type: "boolean", level: Level.relation }
      : { cedar: texts.join(" || "), type: "boolean", level: Level.or };
  }

  /** `subject == literal`, or null for any other expression. The subject's type is part of its key. */
  private equality(expression: Expression, depth: number): Equality | null {
    if (expression.k !== "binary" || expression.operator !== "==" || expression.right.k !== "literal")
      return null;
    const { left, right } = expression;
    if (left.k !== "name" && left.k !== "member" && left.k !== "index") return null;
    const subject = this.term(left, depth);
    const value = this.term(right, depth);
    return subject.type === value.type ? { subject: subject.cedar, values: [value.cedar] } : null;
  }

  private contained({ left, right, span }: Extract<Expression, { k: "binary" }>, depth: number): Term {
    const item = this.term(left, depth + 1);
    if (right.k === "list") {
      const items = right.items.map((one) => this.term(one, depth + 1));
      for (const [index, one] of items.entries()) {
        const { span: at } = right.items[index] ?? right;
        if (right.items[index]?.k !== "literal")
          throw new Untranslatable("the list holds more than literals", at);
        if (!fits(one.type, item.type)) throw new Untranslatable(mismatch(item.type, one.type), at);
      }
      // Cedar has no type for an empty set, and nothing is in it.
      if (items.length === 0) return { cedar: "false", type: "boolean", level: Level.primary };
      const set = `[${[...new Set(items.map(({ cedar }) => cedar))].join(", ")}]`;
      return { cedar: `${set}.contains(${item.cedar})`, type: "boolean", level: Level.primary };
    }
    const list = this.term(right, depth + 1);
    if (!fits(item.type, "string")) throw new Untranslatable(mismatch("string", item.type), left.span);
    return containing(list, item.cedar, span);
  }

  private compared(
    { left, right }: Extract<Expression, { k: "binary" }>,
    operator: BinaryOperator,
    depth: number,
  ): Term {
    const one = this.term(left, depth + 1);
    const other = this.term(right, depth + 1);
    if (operator === "==" || operator === "!=") {
      for (const [term, { span }] of [
        [one, left],
        [other, right],
      ] as const) {
        if (term.type === "string-list" || term.type === "string-set") {
          throw new Untranslatable("a list is compared with `in` or `.contains(…)`", span);
        }
      }
      if (!fits(one.type, other.type)) throw new Untranslatable(mismatch(one.type, other.type), right.span);
    } else {
      requireType(one, "long", left);
      requireType(other, "long", right);
    }
    return {
      cedar: `${bracketed(one, Level.primary)} ${operator} ${bracketed(other, Level.primary)}`,
      type: "boolean",
      level: Level.relation,
    };
  }

  private call(expression: Extract<Expression, { k: "call" }>, depth: number): Term {
    const { target, span } = expression;
    const [receiver, part, ...more] = expression.arguments.map(({ value }) => value);
    if (
      (target.k !== "method" && target.k !== "builtin") ||
      receiver === undefined ||
      part === undefined ||
      more.length > 0
    ) {
      throw new Untranslatable("a rule can ask only `starts_with`, `ends_with` and `contains`", span);
    }
    const term = this.term(receiver, depth + 1);
    if (part.k !== "literal" || typeof part.value !== "string" || !isWellFormed(part.value)) {
      throw new Untranslatable("what is searched for must be a literal text", part.span);
    }
    if (target.name === "contains" && (term.type === "string-list" || term.type === "string-set")) {
      return containing(term, cedarString(part.value), span);
    }
    const wildcard = WILDCARDS.get(target.name);
    if (wildcard === undefined) {
      throw new Untranslatable(
        `a rule cannot ask \`${visibleExcerpt(target.name, 60)}\``,
        span,
        "`starts_with`, `ends_with` and `contains` can be asked",
      );
    }
    requireType(term, "string", receiver);
    return {
      cedar: `${bracketed(term, Level.primary)} like ${cedarPattern(part.value, wildcard)}`,
      type: "boolean",
      level: Level.relation,
    };
  }
}

/** A thing and the literals that it is compared with, one after the other. */
interface Equality {
  readonly subject: string;
  readonly values: string[];
}

const equalityText = ({ subject, values: [first, ...more] }: Equality): string =>
  more.length === 0 ? `${subject} == ${first}` : `[${[first, ...more].join(", ")}].contains(${subject})`;

const WILDCARDS: ReadonlyMap<string, { readonly before: boolean; readonly after: boolean }> = new Map([
  ["starts_with", { before: false, after: true }],
  ["ends_with", { before: true, after: false }],
  ["contains", { before: true, after: true }],
]);
