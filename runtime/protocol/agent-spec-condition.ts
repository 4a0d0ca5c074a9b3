import type { JsonValue } from "#kernel/json.ts";
import type { ActionPattern, Expression, Parameter, TypeReference } from "./agent-spec.ts";
import type { Mistake, Path } from "./agent-spec-json.ts";
import type { ActionName, AttributeDescriptor, AttributeType } from "./policy-vocabulary.ts";
import {
  ACTION_NAMES,
  ACTION_RESOURCES,
  CONTEXT_ATTRIBUTES,
  PRINCIPAL_ATTRIBUTES,
  RESOURCE_ATTRIBUTES,
} from "./policy-vocabulary.ts";

/** Names under which a condition finds everything it may ask about. */
export const CONDITION_ROOTS: readonly string[] = ["args", "principal", "resource", "context", "inputs"];

/** Methods of conditions; each takes one text that is written out. */
export const CONDITION_METHODS = ["starts_with", "ends_with", "contains"] as const;

/** What a condition can compare. */
export type ConditionType = AttributeType | "string-list";

/** The types of inputs that conditions compare. */
export type ComparedType = "string" | "long" | "boolean" | "string-list";

/** The type of an input as conditions compare it, or null for a type that they cannot compare. */
export const comparedType = (type: TypeReference): ComparedType | null => {
  switch (type.name.toLowerCase()) {
    case "string":
      return "string";
    case "int":
    case "integer":
      return "long";
    case "bool":
    case "boolean":
      return "boolean";
    case "array":
    case "list":
    case "vec":
      return type.arguments.length === 1 && type.arguments[0]?.name.toLowerCase() === "string"
        ? "string-list"
        : null;
    default:
      return null;
  }
};

/** Whether a value is of a type that conditions compare. */
export const isOfComparedType = (value: JsonValue | undefined, type: ComparedType): boolean => {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "long":
      return Number.isSafeInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "string-list":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
  }
};

/** Whom the policies of a place bind: the parameters of each agent, and whether a bare name may mean one. */
export interface ConditionPlace {
  readonly agents: readonly (readonly Parameter[])[];
  readonly bare: boolean;
}

/**
 * What no condition of version 1 holds, of a condition whose shape is right: other kinds of nodes, and
 * names that nothing gives a meaning. Its types rest on the table of tools and are not asked about here.
 */
export const conditionMistake = (
  condition: Expression,
  patterns: readonly ActionPattern[],
  place: ConditionPlace,
): Mistake | undefined => new ConditionCheck(patterns, place).boolean(condition, []);

const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "in"]);

class ConditionCheck {
  private readonly patterns: readonly ActionPattern[];
  private readonly place: ConditionPlace;

  constructor(patterns: readonly ActionPattern[], place: ConditionPlace) {
    this.patterns = patterns;
    this.place = place;
  }

  /** A part that has to be true or false. */
  boolean(node: Expression, path: Path): Mistake | undefined {
    if (node.k === "unary" && node.operator === "!") return this.boolean(node.operand, [...path, "operand"]);
    if (node.k === "binary" && (node.operator === "&&" || node.operator === "||")) {
      return this.boolean(node.left, [...path, "left"]) ?? this.boolean(node.right, [...path, "right"]);
    }
    if (node.k === "literal" && typeof node.value !== "boolean") return [path, "is not true or false"];
    if (node.k === "duration") return [path, "is not true or false"];
    return this.value(node, path);
  }

  private value(node: Expression, path: Path): Mistake | undefined {
    switch (node.k) {
      case "literal":
        return node.value === null || (typeof node.value === "number" && !Number.isInteger(node.value))
          ? [path, "a condition holds texts, whole numbers, `true` and `false`"]
          : undefined;
      case "duration":
        return undefined;
      case "name":
        return this.name(node.name, path);
      case "member":
        return this.member(node, path);
      case "unary":
      case "binary":
        return this.operation(node, path);
      case "call":
        return this.method(node, path);
      default:
        return [path, `a condition holds no \`${node.k}\``];
    }
  }

  private operation(node: Extract<Expression, { k: "unary" | "binary" }>, path: Path): Mistake | undefined {
    if (node.k === "binary" && COMPARISONS.has(node.operator)) {
      const { left, right } = node;
      const first = this.value(left, [...path, "left"]);
      if (first !== undefined) return first;
      return node.operator === "in" && right.k === "list"
        ? literalsMistake(right.items, [...path, "right"])
        : this.value(right, [...path, "right"]);
    }
    const isLogic =
      node.k === "unary" ? node.operator === "!" : node.operator === "&&" || node.operator === "||";
    return isLogic ? this.boolean(node, path) : [path, `a condition has no operator \`${node.operator}\``];
  }

  private name(name: string, path: Path): Mistake | undefined {
    if (CONDITION_ROOTS.includes(name)) return [path, "a root alone is no value"];
    const bound = this.patterns.filter((pattern) =>
      pattern.arguments.some((argument) => argument.k === "bind" && argument.as === name),
    );
    if (bound.length === this.patterns.length) return undefined;
    if (bound.length > 0) return [path, "a name that not every pattern binds"];
    return this.place.bare ? this.input(name, path) : [path, "a name that nothing binds"];
  }

  private member(node: Extract<Expression, { k: "member" }>, path: Path): Mistake | undefined {
    const { object, name } = node;
    const root = object.k === "name" ? object.name : "";
    switch (root) {
      case "args":
        return this.patterns.every((pattern) => pattern.kind === "tool")
          ? undefined
          : [path, "`args` of a pattern that is no tool"];
      case "principal":
        return attributeMistake(name, [PRINCIPAL_ATTRIBUTES.Agent], path);
      case "context":
        return attributeMistake(name, [CONTEXT_ATTRIBUTES], path);
      case "resource":
        return attributeMistake(name, this.patterns.flatMap(attributesOf), path);
      case "inputs":
        return this.input(name, path);
      default:
        return [[...path, "object"], "a field of something else than a root"];
    }
  }

  /** Every agent that is bound has the parameter, of the same type that can be compared. */
  private input(name: string, path: Path): Mistake | undefined {
    const types = this.place.agents.map((parameters) => {
      const parameter = parameters.find((one) => one.name === name);
      return parameter === undefined ? null : comparedType(parameter.type);
    });
    const [first = null] = types;
    return first !== null && types.every((type) => type === first)
      ? undefined
      : [path, "a name that nothing binds, or an input that is not compared"];
  }

  private method(call: Extract<Expression, { k: "call" }>, path: Path): Mistake | undefined {
    const { target } = call;
    const isMethod = target.k === "method" && CONDITION_METHODS.some((method) => method === target.name);
    if (!isMethod) return [[...path, "target"], "a condition calls nothing but its three methods"];
    const [receiver, text, third] = call.arguments;
    const isText = text?.value.k === "literal" && typeof text.value.value === "string";
    if (receiver === undefined || !isText || third !== undefined) {
      return [[...path, "arguments"], "a method takes one text that is written out"];
    }
    if (receiver.name !== null || text.name !== null) {
      return [[...path, "arguments"], "the arguments of a method have no names"];
    }
    return this.value(receiver.value, [...path, "arguments", 0, "value"]);
  }
}

const literalsMistake = (items: readonly Expression[], path: Path): Mistake | undefined => {
  const values = items.map((item) => (item.k === "literal" ? item.value : null));
  const isFine =
    values.length > 0 &&
    (values.every((value) => typeof value === "string") || values.every((value) => Number.isInteger(value)));
  return isFine
    ? undefined
    : [path, "a list holds texts or whole numbers, written out, not both and at least one"];
};

const attributeMistake = (
  name: string,
  lists: readonly (readonly AttributeDescriptor[])[],
  path: Path,
): Mistake | undefined => {
  const types = lists.map((list) => list.find((one) => one.name === name)?.type);
  return types.every((type) => type !== undefined && type === types[0])
    ? undefined
    : [path, "an attribute that what the rule is about does not have"];
};

/** What a pattern's resource may be; nothing is known of a tool's without the table of tools. */
const attributesOf = (pattern: ActionPattern): readonly (readonly AttributeDescriptor[])[] => {
  if (pattern.kind === "tool") return [];
  const actions: readonly ActionName[] =
    pattern.kind === "any" ? ACTION_NAMES : ACTION_NAMES.filter((action) => action === pattern.name);
  return actions
    .flatMap((action) => ACTION_RESOURCES[action])
    .map((resource) => RESOURCE_ATTRIBUTES[resource]);
};
