import type { ActionPattern, Parameter } from "#protocol/agent-spec.ts";
import { commonForm, type PathForm } from "#protocol/call-path.ts";
import { comparedType, type ConditionType } from "#protocol/agent-spec-condition.ts";
import {
  ACTION_NAMES,
  ACTION_RESOURCES,
  type ActionName,
  CONTEXT_ATTRIBUTES,
  PRINCIPAL_ATTRIBUTES,
  RESOURCE_ATTRIBUTES,
} from "#protocol/policy-vocabulary.ts";
import { type KnownValues, knownValues } from "#protocol/known-values.ts";
import type { ToolDescriptor, ToolParameter } from "#protocol/tool-descriptors.ts";

/** Inputs of the agents that a policy binds. */
export interface ConditionInputs {
  /** By parameter name; null for a type that conditions cannot compare. */
  readonly types: ReadonlyMap<string, ConditionType | null>;
  /** Whether a parameter's bare name may stand for it: only in an agent's own policy. */
  readonly bare: boolean;
}

/** A type, or why there is none. */
export type Found =
  | {
      readonly type: ConditionType;
      /** Which paths it can be, where it is one. */
      readonly path?: PathForm | undefined;
      /** What it can be, or hold, where that is known beforehand. */
      readonly values?: KnownValues | undefined;
    }
  | { readonly why: string; readonly known: readonly string[] };

const TYPE_OF_PARAMETER: Readonly<Record<ToolParameter["type"], ConditionType>> = {
  string: "string",
  integer: "long",
  boolean: "boolean",
  "string-list": "string-list",
};

/** What `args.<name>` is for calls that any of the patterns matches. */
export const argumentType = (
  name: string,
  patterns: readonly ActionPattern[],
  tools: ReadonlyMap<string, ToolDescriptor>,
): Found => {
  const parameters = patterns.map((pattern) =>
    pattern.kind === "tool" ? (tools.get(pattern.name)?.parameters ?? []) : [],
  );
  const found = parameters.map((list) => list.find((one) => one.name === name));
  const first = found[0]?.type;
  if (first !== undefined && found.every((one) => one?.type === first)) {
    return { type: TYPE_OF_PARAMETER[first], path: commonForm(found.map((one) => one?.names)) };
  }
  const known = parameters[0]?.map((one) => one.name) ?? [];
  const unnamed = patterns.find((pattern) => pattern.kind !== "tool");
  if (unnamed !== undefined) {
    return { why: `\`${unnamed.name}\` covers calls without such an argument; name the tools`, known };
  }
  return { why: "not every tool of the rule has such a parameter", known };
};

const PATHS_OF_FILES: ReadonlyMap<string, PathForm> = new Map([
  ["path", "file"],
  ["folded_path", "folded"],
]);

/** What `resource.<name>` is for every action that the patterns match. */
export const resourceType = (
  name: string,
  patterns: readonly ActionPattern[],
  tools: ReadonlyMap<string, ToolDescriptor>,
): Found => {
  const resources = patterns
    .flatMap((pattern) => actionsOf(pattern, tools))
    .flatMap((action) => ACTION_RESOURCES[action]);
  const lists = resources.map((resource) => RESOURCE_ATTRIBUTES[resource]);
  const types = lists.map((list) => list.find((one) => one.name === name)?.type);
  const [first] = types;
  if (first !== undefined && types.every((type) => type === first)) {
    const areFiles = resources.every((resource) => resource === "File");
    return {
      type: first,
      path: areFiles ? PATHS_OF_FILES.get(name) : undefined,
      values: knownValues("resource", name),
    };
  }
  const known = (lists[0] ?? [])
    .map((one) => one.name)
    .filter((other) => lists.every((list) => list.some((one) => one.name === other)));
  return { why: "what the rule is about does not always have this attribute", known };
};

const actionsOf = (
  pattern: ActionPattern,
  tools: ReadonlyMap<string, ToolDescriptor>,
): readonly ActionName[] => {
  if (pattern.kind === "any") return ACTION_NAMES;
  const name = pattern.kind === "tool" ? tools.get(pattern.name)?.action : pattern.name;
  return ACTION_NAMES.filter((action) => action === name);
};

export const principalType = (name: string): Found => attributeType(name, PRINCIPAL_ATTRIBUTES.Agent);

export const contextType = (name: string): Found => {
  const found = attributeType(name, CONTEXT_ATTRIBUTES);
  return "type" in found ? { ...found, values: knownValues("context", name) } : found;
};

const attributeType = (
  name: string,
  list: readonly { readonly name: string; readonly type: ConditionType }[],
): Found => {
  const found = list.find((one) => one.name === name);
  return found === undefined
    ? { why: "there is no such attribute", known: list.map((one) => one.name) }
    : { type: found.type };
};

export const inputType = (name: string, inputs: ConditionInputs): Found => {
  const known = [...inputs.types.keys()];
  const type = inputs.types.get(name);
  if (type === undefined) return { why: "the agent has no such parameter", known };
  if (type === null)
    return { why: "a condition compares parameters of type String, int and bool only", known };
  return { type };
};

/** Inputs of one agent, from its parameters. */
export const inputsOf = (parameters: readonly Parameter[]): ConditionInputs => ({
  types: new Map(parameters.map((parameter) => [parameter.name, comparedType(parameter.type)])),
  bare: true,
});

/** What every agent of a file has in common. */
export const commonInputs = (agents: readonly ConditionInputs[]): ConditionInputs => {
  const [first, ...others] = agents;
  const types = [...(first?.types ?? [])].filter(([name, type]) =>
    others.every((other) => other.types.get(name) === type),
  );
  return { types: new Map(types), bare: false };
};
