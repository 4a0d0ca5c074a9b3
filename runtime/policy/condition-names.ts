import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ActionPattern } from "#protocol/agent-spec.ts";
import type { ActionName, AttributeDescriptor } from "#protocol/policy-vocabulary.ts";
import {
  ACTION_NAMES,
  ACTION_RESOURCES,
  CONTEXT_ATTRIBUTES,
  ON_BEHALF_OF_ATTRIBUTES,
  PRINCIPAL_ATTRIBUTES,
  RESOURCE_ATTRIBUTES,
} from "#protocol/policy-vocabulary.ts";
import type { Span } from "#protocol/source.ts";
import type { ToolDescriptor, ToolParameter } from "#protocol/tool-descriptors.ts";
import { cedarString } from "./cedar-literal.ts";
import type { InputType } from "./compiled-policy.ts";

/** What the names of a condition stand for, given the pattern that the rule is about. */

export type TermType = "string" | "long" | "boolean" | "string-list" | "string-set" | "unknown";

export interface NameMeaning {
  readonly cedar: string;
  readonly type: TermType;
  /** Asks whether the thing is there at all; null where it always is. */
  readonly guard: Guard | null;
}

/** A question whether a thing is there at all. */
export interface Guard {
  readonly cedar: string;
  /** What it asks, for people: ``the call has an argument `path` ``. */
  readonly shown: string;
  /** What is so when it fails: ``the call has no argument `path` ``. */
  readonly fails: string;
}

const UNTRANSLATABLE = "POLICY_UNTRANSLATABLE";

/** Thrown while a condition is translated: it has no exact translation. */
export class Untranslatable extends Error {
  readonly code = UNTRANSLATABLE;
  readonly span: Span;
  readonly help: string | undefined;
  constructor(message: string, span: Span, help?: string) {
    super(message);
    this.span = span;
    this.help = help;
  }
}

export const isUntranslatable = (error: unknown): error is Untranslatable =>
  typeof error === "object" && error !== null && "code" in error && error.code === UNTRANSLATABLE;

/** The actions that a pattern is about, as the closed set names them. */
export const actionsOf = (
  pattern: ActionPattern,
  tools: readonly ToolDescriptor[],
): readonly ActionName[] => {
  if (pattern.kind === "any") return ACTION_NAMES;
  if (pattern.kind === "tool") return toolsOf(pattern, tools).map(({ action }) => action);
  return ACTION_NAMES.filter((action) => action === pattern.name);
};

/** The tools whose calls a pattern matches. */
export const toolsOf = (
  pattern: ActionPattern,
  tools: readonly ToolDescriptor[],
): readonly ToolDescriptor[] => {
  switch (pattern.kind) {
    case "any":
      return tools;
    case "tool":
      return tools.filter((tool) => tool.name === pattern.name);
    case "action":
      return tools.filter((tool) => tool.action === pattern.name);
  }
};

/** Finds the meaning of a dotted name under one pattern. Throws `Untranslatable` for a name without one. */
export const namesUnder = (
  pattern: ActionPattern,
  tools: readonly ToolDescriptor[],
  inputs: readonly InputType[],
): ((path: readonly string[], span: Span) => NameMeaning) => {
  const bound = new Map(
    pattern.arguments.flatMap((one) => (one.k === "bind" ? [[one.as, one.parameter] as const] : [])),
  );
  return (path, span) => {
    const [root = "", ...rest] = path;
    const [first] = rest;
    if (ROOTS.has(root) && first === undefined) {
      throw new Untranslatable(`\`${root}\` is a record; name what of it is meant`, span);
    }
    switch (root) {
      case "args":
        return argument(first ?? "", rest.slice(1), toolsOf(pattern, tools), span);
      case "inputs":
        return input(first ?? "", rest.slice(1), inputs, span);
      case "principal":
        return attribute("principal", rest, PRINCIPAL_ATTRIBUTES.Agent, span);
      case "resource":
        return resource(rest, actionsOf(pattern, tools), span);
      case "context":
        return first === "on_behalf_of"
          ? attribute("context.on_behalf_of", rest.slice(1), ON_BEHALF_OF_ATTRIBUTES, span)
          : attribute("context", rest, CONTEXT_ATTRIBUTES, span);
      default: {
        const parameter = bound.get(root);
        return parameter === undefined
          ? input(root, rest, inputs, span)
          : argument(parameter, rest, toolsOf(pattern, tools), span);
      }
    }
  };
};

const ROOTS: ReadonlySet<string> = new Set(["args", "inputs", "principal", "resource", "context"]);

const argument = (
  name: string,
  fields: readonly string[],
  tools: readonly ToolDescriptor[],
  span: Span,
): NameMeaning => {
  const types = new Set(
    tools.flatMap(({ parameters }) => parameters.filter((one) => one.name === name).map(({ type }) => type)),
  );
  const [type] = types;
  if (type === undefined) {
    throw new Untranslatable(
      `no call that the rule is about has an argument \`${visibleExcerpt(name, 80)}\``,
      span,
    );
  }
  if (types.size > 1) {
    throw new Untranslatable(
      `the argument \`${visibleExcerpt(name, 80)}\` has another type in another tool`,
      span,
      "write one rule for each tool",
    );
  }
  return parameterOf("context.args", name, fields, PARAMETER_TYPES[type], ["the call", "argument"], span);
};

const input = (
  name: string,
  fields: readonly string[],
  inputs: readonly InputType[],
  span: Span,
): NameMeaning => {
  // An input that the agent does not have is in no request, so only its guard is ever asked.
  const type = inputs.find((one) => one.name === name)?.type ?? "unknown";
  if (type === "other") {
    throw new Untranslatable(
      `a rule cannot read the input \`${visibleExcerpt(name, 80)}\`, whose type is not one of those that rules compare`,
      span,
      "rules read inputs of the types `String`, `int`, `bool` and `Array<String>`",
    );
  }
  return parameterOf("context.inputs", name, fields, type, ["the run", "input"], span);
};

const parameterOf = (
  record: string,
  name: string,
  fields: readonly string[],
  type: TermType,
  [owner, thing]: readonly [string, string],
  span: Span,
): NameMeaning => {
  if (fields.length > 0) throw new Untranslatable("rules cannot look into the fields of a value", span);
  const key = cedarString(name.startsWith("__") ? `__${name}` : name);
  return {
    cedar: `${record}[${key}]`,
    type,
    guard: {
      cedar: `${record} has ${key}`,
      shown: `${owner} has an ${thing} \`${visibleExcerpt(name, 80)}\``,
      fails: `${owner} has no ${thing} \`${visibleExcerpt(name, 80)}\``,
    },
  };
};

const PARAMETER_TYPES: Readonly<Record<ToolParameter["type"], TermType>> = {
  string: "string",
  integer: "long",
  boolean: "boolean",
  "string-list": "string-list",
};

const attribute = (
  record: string,
  path: readonly string[],
  known: readonly AttributeDescriptor[],
  span: Span,
): NameMeaning => {
  const [name = "", ...more] = path;
  const found = known.find((one) => one.name === name);
  if (found === undefined || more.length > 0) {
    throw new Untranslatable(
      `\`${visibleExcerpt([record, ...path].join("."), 120)}\` is not known`,
      span,
      `known are ${known.map((one) => `\`${one.name}\``).join(", ")}`,
    );
  }
  const cedar = `${record}.${name}`;
  return {
    cedar,
    type: found.type,
    guard:
      found.from === "optional"
        ? {
            cedar: `${record} has ${name}`,
            shown: `the ${record} has \`${name}\``,
            fails: `the ${record} has no \`${name}\``,
          }
        : null,
  };
};

/** An attribute of every resource that the rule's actions have; with another the rule would mean nothing for some of them. */
const resource = (path: readonly string[], actions: readonly ActionName[], span: Span): NameMeaning => {
  const types = [...new Set(actions.flatMap((action) => ACTION_RESOURCES[action]))];
  const meanings = types.map((type) => attribute("resource", path, RESOURCE_ATTRIBUTES[type], span));
  const [first] = meanings;
  if (first === undefined) throw new Untranslatable("the rule is about nothing that has a resource", span);
  return meanings.find(({ guard }) => guard !== null) ?? first;
};
