import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { unreachable } from "#kernel/invariant.ts";
import { ok } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { BinaryOperator } from "#protocol/agent-spec.ts";
import type { Evaluated } from "./failure.ts";
import { refuse } from "./failure.ts";
import { concatenated, equal, isList, isTrue, kindOf, withField, withItem } from "./values.ts";

/** The operators that evaluate both sides; the other two are branches. */
export type EagerOperator = Exclude<BinaryOperator, "&&" | "||">;

export const binary = (operator: EagerOperator, left: JsonValue, right: JsonValue): Evaluated<JsonValue> => {
  switch (operator) {
    case "==":
      return ok(equal(left, right));
    case "!=":
      return ok(!equal(left, right));
    case "<":
    case "<=":
    case ">":
    case ">=":
      return ordered(operator, left, right);
    case "in":
      return within(left, right);
    case "+":
      return sum(left, right);
    case "-":
    case "*":
    case "/":
    case "%":
      return typeof left === "number" && typeof right === "number"
        ? arithmetic(operator, left, right)
        : unfit(operator, left, right);
    default:
      return unreachable(operator);
  }
};

export const unary = (operator: "!" | "-", operand: JsonValue): Evaluated<JsonValue> => {
  if (operator === "!") return ok(!isTrue(operand));
  return typeof operand === "number"
    ? ok(0 - operand)
    : refuse("BODY_KIND", `\`-\` takes a number, not a ${kindOf(operand)}`);
};

const unfit = (operator: EagerOperator, left: JsonValue, right: JsonValue): Evaluated<never> =>
  refuse("BODY_KIND", `\`${operator}\` does not go between a ${kindOf(left)} and a ${kindOf(right)}`);

const sum = (left: JsonValue, right: JsonValue): Evaluated<JsonValue> => {
  if (typeof left === "number" && typeof right === "number") return arithmetic("+", left, right);
  if (typeof left === "string" && typeof right === "string") return ok(left + right);
  if (isList(left) && isList(right)) return ok(concatenated(left, right));
  return unfit("+", left, right);
};

const arithmetic = (
  operator: "+" | "-" | "*" | "/" | "%",
  left: number,
  right: number,
): Evaluated<number> => {
  if ((operator === "/" || operator === "%") && right === 0) {
    return refuse("BODY_NUMBER", "division by zero");
  }
  const result = computed(operator, left, right);
  if (!Number.isFinite(result)) return refuse("BODY_NUMBER", "a result beyond the range of numbers");
  const exact = operator !== "/" && operator !== "%";
  if (exact && Number.isInteger(left) && Number.isInteger(right) && !Number.isSafeInteger(result)) {
    return refuse("BODY_NUMBER", "a whole number beyond 2^53 - 1, which would lose digits");
  }
  // Adding zero turns negative zero, which bodies do not have, into zero.
  return ok(result + 0);
};

const computed = (operator: "+" | "-" | "*" | "/" | "%", left: number, right: number): number => {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    default:
      return unreachable(operator);
  }
};

const ordered = (
  operator: "<" | "<=" | ">" | ">=",
  left: JsonValue,
  right: JsonValue,
): Evaluated<boolean> => {
  const comparable =
    (typeof left === "number" && typeof right === "number") ||
    (typeof left === "string" && typeof right === "string");
  if (!comparable) return unfit(operator, left, right);
  switch (operator) {
    case "<":
      return ok(left < right);
    case "<=":
      return ok(left <= right);
    case ">":
      return ok(left > right);
    case ">=":
      return ok(left >= right);
    default:
      return unreachable(operator);
  }
};

const within = (part: JsonValue, whole: JsonValue): Evaluated<boolean> => {
  if (isList(whole)) return ok(whole.some((item) => equal(item, part)));
  if (typeof whole === "string" && typeof part === "string") return ok(whole.includes(part));
  if (isJsonObject(whole) && typeof part === "string") return ok(Object.hasOwn(whole, part));
  return unfit("in", part, whole);
};

/* ---- fields and elements ---- */

/** One step of a path into a value. */
export type Step =
  | { readonly k: "member"; readonly name: string }
  | { readonly k: "index"; readonly at: JsonValue };

export const member = (object: JsonValue, name: string): Evaluated<JsonValue> => {
  if (!isJsonObject(object)) {
    return refuse("BODY_KIND", `a ${kindOf(object)} has no fields, so no ${quoted(name)}`);
  }
  const value = ownValue(object, name);
  return value === undefined ? refuse("BODY_MISSING", `the record has no field ${quoted(name)}`) : ok(value);
};

export const element = (object: JsonValue, at: JsonValue): Evaluated<JsonValue> => {
  if (isJsonObject(object)) {
    return typeof at === "string"
      ? member(object, at)
      : refuse("BODY_KIND", `a field of a record is named by a string, not by a ${kindOf(at)}`);
  }
  if (typeof object !== "string" && !isList(object)) {
    return refuse("BODY_KIND", `a ${kindOf(object)} has no elements`);
  }
  const position = positionIn(object, at);
  if (!position.ok) return position;
  return isList(object) ? ok(object[position.value] as JsonValue) : characterAt(object, position.value);
};

/** A copy of `root` whose value at the end of the path is another one. An empty path gives that one itself. */
export const replaced = (root: JsonValue, path: readonly Step[], value: JsonValue): Evaluated<JsonValue> => {
  const [step, ...rest] = path;
  if (step === undefined) return ok(value);
  const isLast = rest.length === 0;
  if (isJsonObject(root) && isLast && fieldOf(step) !== undefined) {
    return ok(withField(root, fieldOf(step) as string, value));
  }
  const inner = read(root, step);
  if (!inner.ok) return inner;
  const changed = replaced(inner.value, rest, value);
  if (!changed.ok) return changed;
  if (isList(root)) {
    const position = positionIn(root, step.k === "index" ? step.at : null);
    return position.ok ? ok(withItem(root, position.value, changed.value)) : position;
  }
  if (isJsonObject(root)) return ok(withField(root, fieldOf(step) as string, changed.value));
  return refuse("BODY_KIND", `a part of a ${kindOf(root)} cannot be assigned`);
};

/** The value at the end of a path. */
export const reached = (root: JsonValue, path: readonly Step[]): Evaluated<JsonValue> => {
  let value = root;
  for (const step of path) {
    const inner = read(value, step);
    if (!inner.ok) return inner;
    value = inner.value;
  }
  return ok(value);
};

const read = (value: JsonValue, step: Step): Evaluated<JsonValue> =>
  step.k === "member" ? member(value, step.name) : element(value, step.at);

const fieldOf = (step: Step): string | undefined => {
  if (step.k === "member") return step.name;
  return typeof step.at === "string" ? step.at : undefined;
};

/** The position from the start that an index means; a negative index counts from the end. */
const positionIn = (sequence: string | readonly JsonValue[], at: JsonValue): Evaluated<number> => {
  if (typeof at !== "number" || !Number.isInteger(at)) {
    const given = typeof at === "number" ? "a fraction" : `a ${kindOf(at)}`;
    return refuse("BODY_KIND", `an element is chosen by a whole number, not by ${given}`);
  }
  const { length } = sequence;
  const position = at < 0 ? at + length : at;
  return position >= 0 && position < length
    ? ok(position)
    : refuse("BODY_MISSING", `there is no element ${at} among ${length}`);
};

const characterAt = (text: string, position: number): Evaluated<string> => {
  const code = text.codePointAt(position) ?? 0;
  return code >= 0xdc00 && code <= 0xdfff
    ? refuse("BODY_MISSING", `element ${position} of the text lies inside a character`)
    : ok(String.fromCodePoint(code));
};

const quoted = (name: string): string => `\`${visibleExcerpt(name, 80)}\``;
