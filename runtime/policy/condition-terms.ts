import { isWellFormed } from "#kernel/json.ts";
import type { Expression } from "#protocol/agent-spec.ts";
import type { Span } from "#protocol/source.ts";
import { cedarString } from "./cedar-literal.ts";
import type { TermType } from "./condition-names.ts";
import { Untranslatable } from "./condition-names.ts";

/** Pieces of conditions as Cedar text, with their types and how tightly they bind. */

/** How tightly a piece of Cedar text binds; a looser piece gets brackets. */
export const Level = { or: 0, and: 1, relation: 2, primary: 3 } as const;
export type Level = (typeof Level)[keyof typeof Level];

export interface Term {
  readonly cedar: string;
  readonly type: TermType;
  readonly level: Level;
}

/** The operands of a chain, however long, without recursion: the parser nests chains to the left. */
export const operandsOf = (expression: Expression, operator: "&&" | "||"): readonly Expression[] => {
  const operands: Expression[] = [];
  let rest = expression;
  while (rest.k === "binary" && rest.operator === operator) {
    operands.push(rest.right);
    rest = rest.left;
  }
  return [...operands, rest].reverse();
};

/** `a.b["c"]` as its names. */
export const pathOf = (expression: Expression): readonly string[] => {
  const names: string[] = [];
  let rest = expression;
  for (;;) {
    if (rest.k === "name") return [...names, rest.name].reverse();
    if (rest.k === "member") {
      names.push(rest.name);
      rest = rest.object;
    } else if (rest.k === "index" && rest.index.k === "literal" && typeof rest.index.value === "string") {
      names.push(rest.index.value);
      rest = rest.object;
    } else {
      throw new Untranslatable("only a named thing has fields in a condition", rest.span);
    }
  }
};

export const literalTerm = (value: string | number | boolean | null, span: Span): Term => {
  switch (typeof value) {
    case "string":
      if (!isWellFormed(value)) throw new Untranslatable("the text holds half of a surrogate pair", span);
      return { cedar: cedarString(value), type: "string", level: Level.primary };
    case "number":
      if (!Number.isSafeInteger(value)) throw new Untranslatable("a rule compares whole numbers only", span);
      // Behind another operator a sign needs brackets.
      return {
        cedar: value < 0 ? `(${value})` : String(Math.abs(value)),
        type: "long",
        level: Level.primary,
      };
    case "boolean":
      return { cedar: String(value), type: "boolean", level: Level.primary };
    default:
      throw new Untranslatable(
        "a rule cannot ask for null",
        span,
        "what is left out makes the condition fail",
      );
  }
};

export const containing = (list: Term, item: string, span: Span): Term => {
  if (list.type !== "string-list" && list.type !== "string-set") {
    throw new Untranslatable("what is searched is no list", span);
  }
  const set = list.type === "string-list" ? `${list.cedar}.items` : list.cedar;
  return { cedar: `${set}.contains(${item})`, type: "boolean", level: Level.primary };
};

export const bracketed = ({ cedar, level }: Term, needed: Level): string =>
  level < needed ? `(${cedar})` : cedar;

/** `unknown` is the type of an input that the agent does not have. */
export const fits = (one: TermType, other: TermType): boolean =>
  one === other || one === "unknown" || other === "unknown";

export const requireType = (term: Term, type: TermType, { span }: Expression): void => {
  if (!fits(term.type, type)) throw new Untranslatable(mismatch(type, term.type), span);
};

export const mismatch = (expected: TermType, found: TermType): string =>
  `${TYPE_NAMES[expected]} is expected here, and this is ${TYPE_NAMES[found]}`;

const TYPE_NAMES: Readonly<Record<TermType, string>> = {
  string: "a text",
  long: "a whole number",
  boolean: "true or false",
  "string-list": "a list",
  "string-set": "a list",
  unknown: "an input that the agent does not have",
};
