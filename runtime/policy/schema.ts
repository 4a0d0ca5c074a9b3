import type { AttributeDescriptor, AttributeType } from "#protocol/policy-vocabulary.ts";
import {
  ACTION_NAMES,
  ACTION_RESOURCES,
  CONTEXT_ATTRIBUTES,
  ON_BEHALF_OF_ATTRIBUTES,
  PRINCIPAL_ATTRIBUTES,
  PRINCIPAL_TYPES,
  RESOURCE_ATTRIBUTES,
  RESOURCE_TYPES,
} from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor, ToolParameter } from "#protocol/tool-descriptors.ts";
import { cedarString } from "./cedar-literal.ts";
import type { InputType } from "./compiled-policy.ts";

/**
 * The Cedar schema of the vocabulary, the tools and an agent's inputs, in Cedar's own schema
 * syntax. Policies are checked against it when they are loaded: a name that it does not hold is a
 * mistake, and what may be absent has to be asked for with `has` first.
 */
export const cedarSchema = (tools: readonly ToolDescriptor[], inputs: readonly InputType[]): string => {
  const context = (parameters: readonly ToolParameter[]): string =>
    record([
      `args: ${record(parameters.map((one) => field(one.name, CEDAR_TYPES[one.type], one.required)))}`,
      `inputs: ${record(inputs.flatMap(({ name, type }) => (type === "other" ? [] : field(name, CEDAR_TYPES[type], false))))}`,
      `on_behalf_of: ${record(attributes(ON_BEHALF_OF_ATTRIBUTES))}`,
      ...attributes(CONTEXT_ATTRIBUTES),
    ]);
  const applies = (resources: readonly string[], parameters: readonly ToolParameter[]): string =>
    `appliesTo { principal: [${PRINCIPAL_TYPES.join(", ")}], resource: [${resources.join(", ")}], context: ${context(parameters)} }`;

  return [
    "entity AgentName;",
    "entity AgentFolder in [AgentFolder];",
    ...PRINCIPAL_TYPES.filter((type) => type !== "Agent").map(
      (type) => `entity ${type} ${record(attributes(PRINCIPAL_ATTRIBUTES[type]))};`,
    ),
    ...RESOURCE_TYPES.map(
      (type) =>
        `entity ${type}${type === "Agent" ? " in [AgentName, AgentFolder]" : ""} ${record(attributes(RESOURCE_ATTRIBUTES[type]))};`,
    ),
    ...ACTION_NAMES.map((action) =>
      action === "tool_call"
        ? "action tool_call;"
        : `action ${action} ${applies(ACTION_RESOURCES[action], parametersOf(action, tools))};`,
    ),
    ...tools
      .filter((tool) => tool.action === "tool_call")
      .map(
        (tool) =>
          `action ${cedarString(`tool_call::${tool.name}`)} in [Action::"tool_call"] ${applies(ACTION_RESOURCES.tool_call, tool.parameters)};`,
      ),
  ].join("\n");
};

/** The arguments that a call can have, by its action and its tool. */
export const parametersOfCall = (
  action: string,
  tool: string | null,
  tools: readonly ToolDescriptor[],
): readonly ToolParameter[] =>
  action === "tool_call"
    ? (tools.find(({ name }) => name === tool)?.parameters ?? [])
    : parametersOf(action, tools);

/** An action other than `tool_call` has the arguments of the tools that are it, each of them optional when there are several. */
const parametersOf = (action: string, tools: readonly ToolDescriptor[]): readonly ToolParameter[] => {
  const performers = tools.filter((tool) => tool.action === action);
  const [only, ...others] = performers;
  if (only === undefined) return [];
  if (others.length === 0) return only.parameters;
  const all = new Map<string, ToolParameter>();
  const clashing = new Set<string>();
  for (const parameter of performers.flatMap((tool) => tool.parameters)) {
    const known = all.get(parameter.name);
    if (known !== undefined && known.type !== parameter.type) clashing.add(parameter.name);
    all.set(parameter.name, { ...parameter, required: false });
  }
  return [...all.values()].filter((parameter) => !clashing.has(parameter.name));
};

/** A list arrives as the record that `jsonToCedar` makes of it. */
const LIST_OF_STRINGS = "{ __array: String, items: Set<String>, length: Long }";

const CEDAR_TYPES: Readonly<Record<ToolParameter["type"] | Exclude<InputType["type"], "other">, string>> = {
  string: "String",
  integer: "Long",
  long: "Long",
  boolean: "Bool",
  "string-list": LIST_OF_STRINGS,
};

const ATTRIBUTE_TYPES: Readonly<Record<AttributeType, string>> = {
  string: "String",
  long: "Long",
  boolean: "Bool",
  "string-set": "Set<String>",
};

const attributes = (descriptors: readonly AttributeDescriptor[]): readonly string[] =>
  descriptors.map(({ name, type, from }) => field(name, ATTRIBUTE_TYPES[type], from !== "optional"));

const field = (name: string, type: string, always: boolean): string =>
  `${cedarString(escapedKey(name))}${always ? "" : "?"}: ${type}`;

/** The key under which `jsonToCedar` puts an argument of that name. */
const escapedKey = (name: string): string => (name.startsWith("__") ? `__${name}` : name);

const record = (fields: readonly string[]): string =>
  fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
