import type { BinaryOperator } from "#protocol/agent-spec.ts";
import type { ConditionType } from "#protocol/agent-spec-condition.ts";

/** Types of the parts of a condition; `literals` are lists of them that are written out. */
export type TermType = ConditionType | "string-literals" | "long-literals";

const NAMES: Readonly<Record<TermType, string>> = {
  string: "a text",
  long: "a number",
  boolean: "true or false",
  "string-set": "a set of texts",
  "string-list": "a list of texts",
  "string-literals": "a list of texts",
  "long-literals": "a list of numbers",
};

/** What a value of the type is, for messages. */
export const nameOf = (type: TermType): string => NAMES[type];

const ELEMENT: Partial<Readonly<Record<TermType, TermType>>> = {
  "string-set": "string",
  "string-list": "string",
  "string-literals": "string",
  "long-literals": "long",
};

/** Why an operator cannot stand between two types, or undefined when it can. */
export const mismatch = (
  left: TermType,
  operator: BinaryOperator | "not in",
  right: TermType,
): string | undefined => {
  switch (operator) {
    case "&&":
    case "||":
      return left === "boolean" && right === "boolean"
        ? undefined
        : `\`${operator}\` joins two conditions, and this is ${nameOf(left === "boolean" ? right : left)}`;
    case "==":
    case "!=":
      if (ELEMENT[left] !== undefined || ELEMENT[right] !== undefined) {
        return "lists are not compared; ask with `in` or `contains`";
      }
      return left === right ? undefined : `${nameOf(left)} is never the same as ${nameOf(right)}`;
    case "<":
    case "<=":
    case ">":
    case ">=":
      return left === "long" && right === "long"
        ? undefined
        : `\`${operator}\` compares whole numbers, and this is ${nameOf(left === "long" ? right : left)}`;
    case "in":
    case "not in":
      return ELEMENT[right] === left
        ? undefined
        : ELEMENT[right] === undefined
          ? `\`in\` asks about a list, and this is ${nameOf(right)}`
          : `${nameOf(left)} is never an element of ${nameOf(right)}`;
    default:
      return `a condition does not calculate with \`${operator}\``;
  }
};
