import type { Expression } from "#protocol/agent-spec.ts";
import { CONDITION_METHODS } from "#protocol/agent-spec-condition.ts";

/*
 * Conditions that are false whatever is asked. Sound and not complete: what is found is false for every
 * request, but only where literals alone decide, or parts that are joined by "and" ask one name for
 * values that exclude each other.
 */

/** Whether no request meets the condition. Each node is looked at a bounded number of times. */
export const neverHolds = (condition: Expression): boolean => neverIs(condition, true);

type Value = string | number | boolean;

/** One name compared with values that are written out. */
type Fact = { readonly subject: string } & (
  | { readonly k: "one-of"; readonly values: readonly Value[] }
  | { readonly k: "none-of"; readonly values: readonly Value[] }
  | { readonly k: "bound"; readonly operator: Bound; readonly value: number }
  | { readonly k: "text"; readonly method: Method; readonly text: string; readonly wanted: boolean }
);

type Method = (typeof CONDITION_METHODS)[number];
type Bound = "<" | "<=" | ">" | ">=";

/** Whether the condition can never be `wanted`. */
const neverIs = (condition: Expression, wanted: boolean): boolean => {
  const facts = new Map<string, Fact[]>();
  for (const part of partsOf(condition, wanted)) {
    const found = factOf(part.expression, part.wanted);
    if (found === "never") return true;
    if (found === undefined) continue;
    facts.set(found.subject, [...(facts.get(found.subject) ?? []), found]);
  }
  return [...facts.values()].some(contradict);
};

interface Part {
  readonly expression: Expression;
  readonly wanted: boolean;
}

/** What must be so together for the condition to be `wanted`. */
const partsOf = (condition: Expression, wanted: boolean): readonly Part[] => {
  const parts: Part[] = [];
  const waiting: Part[] = [{ expression: condition, wanted }];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { expression } = part;
    if (expression.k === "unary" && expression.operator === "!") {
      waiting.push({ expression: expression.operand, wanted: !part.wanted });
    } else if (expression.k === "binary" && expression.operator === (part.wanted ? "&&" : "||")) {
      waiting.push({ expression: expression.left, wanted: part.wanted });
      waiting.push({ expression: expression.right, wanted: part.wanted });
    } else parts.push(part);
  }
  return parts;
};

/** What a part says about one name, "never" where it cannot be so, or undefined where nothing is known. */
const factOf = (expression: Expression, wanted: boolean): Fact | "never" | undefined => {
  switch (expression.k) {
    case "literal":
      return expression.value === wanted ? undefined : "never";
    case "name":
    case "member":
      return equality(expression, [wanted], true);
    case "call": {
      const { target } = expression;
      const method = CONDITION_METHODS.find((one) => target.k === "method" && one === target.name);
      const [receiver, part] = expression.arguments;
      const subject = receiver === undefined ? undefined : subjectOf(receiver.value);
      const text = part === undefined ? undefined : valueOf(part.value);
      return method === undefined || subject === undefined || typeof text !== "string"
        ? undefined
        : { subject, k: "text", method, text, wanted };
    }
    case "binary":
      return comparison(expression, wanted);
    default:
      return undefined;
  }
};

const comparison = (
  { operator, left, right }: Extract<Expression, { k: "binary" }>,
  wanted: boolean,
): Fact | "never" | undefined => {
  const [one, other] = [valueOf(left), valueOf(right)];
  switch (operator) {
    case "&&":
    case "||": {
      // Here "and" is not wanted, or "or" is: one of the two is enough.
      return neverIs(left, wanted) && neverIs(right, wanted) ? "never" : undefined;
    }
    case "==":
    case "!=": {
      const same = (operator === "==") === wanted;
      if (other !== undefined) return equality(left, [other], same);
      return one === undefined ? undefined : equality(right, [one], same);
    }
    case "in": {
      const items = right.k === "list" ? right.items.map(valueOf) : [undefined];
      return items.every((item) => item !== undefined) ? equality(left, items, wanted) : undefined;
    }
    case "<":
    case "<=":
    case ">":
    case ">=": {
      const bound = wanted ? operator : OPPOSITE[operator];
      if (typeof other === "number") return bounded(left, bound, other);
      return typeof one === "number" ? bounded(right, MIRRORED[bound], one) : undefined;
    }
    default:
      return undefined;
  }
};

const OPPOSITE: Readonly<Record<Bound, Bound>> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<" };
const MIRRORED: Readonly<Record<Bound, Bound>> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

const equality = (
  expression: Expression,
  values: readonly Value[],
  same: boolean,
): Fact | "never" | undefined => {
  const written = valueOf(expression);
  if (written !== undefined) return values.includes(written) === same ? undefined : "never";
  const subject = subjectOf(expression);
  return subject === undefined ? undefined : { subject, k: same ? "one-of" : "none-of", values };
};

const bounded = (expression: Expression, operator: Bound, value: number): Fact | "never" | undefined => {
  const written = valueOf(expression);
  if (typeof written === "number") return isWithin(written, operator, value) ? undefined : "never";
  const subject = subjectOf(expression);
  return subject === undefined ? undefined : { subject, k: "bound", operator, value };
};

const valueOf = (expression: Expression): Value | undefined => {
  if (expression.k === "duration") return expression.ms;
  return expression.k === "literal" && expression.value !== null ? expression.value : undefined;
};

/** One text for each thing that has a name; names of the same thing may differ. */
const subjectOf = (expression: Expression): string | undefined => {
  if (expression.k === "name") return expression.name;
  return expression.k === "member" && expression.object.k === "name"
    ? `${expression.object.name}.${expression.name}`
    : undefined;
};

/** Whether no value meets all of what is asked of one name. */
const contradict = (facts: readonly Fact[]): boolean => {
  const candidates = facts.find((fact) => fact.k === "one-of");
  if (candidates !== undefined) {
    return !candidates.values.some((value) => facts.every((fact) => meets(value, fact)));
  }
  // Only whole numbers are compared, so nothing lies between two neighbours.
  let [least, most] = [-Infinity, Infinity];
  for (const fact of facts) {
    if (fact.k !== "bound") continue;
    const { operator, value } = fact;
    if (operator === ">" || operator === ">=") least = Math.max(least, operator === ">" ? value + 1 : value);
    else most = Math.min(most, operator === "<" ? value - 1 : value);
  }
  return least > most;
};

const meets = (value: Value, fact: Fact): boolean => {
  switch (fact.k) {
    case "one-of":
      return fact.values.includes(value);
    case "none-of":
      return !fact.values.includes(value);
    case "bound":
      return typeof value !== "number" || isWithin(value, fact.operator, fact.value);
    case "text":
      return typeof value !== "string" || holds(value, fact.method, fact.text) === fact.wanted;
  }
};

const isWithin = (value: number, operator: Bound, bound: number): boolean => {
  switch (operator) {
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
  }
};

const holds = (value: string, method: Method, text: string): boolean => {
  switch (method) {
    case "starts_with":
      return value.startsWith(text);
    case "ends_with":
      return value.endsWith(text);
    case "contains":
      return value.includes(text);
  }
};
