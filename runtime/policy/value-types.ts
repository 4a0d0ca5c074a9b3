import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { ownValue } from "#kernel/json.ts";
import type { Parameter } from "#protocol/agent-spec.ts";
import { comparedType, isOfComparedType } from "#protocol/agent-spec-condition.ts";
import type { ToolParameter } from "#protocol/tool-descriptors.ts";
import type { InputType } from "./compiled-policy.ts";

/*
 * Which types the values have that rules compare. A request whose arguments or inputs have others is
 * not decided at all: `inputs["mode"] != "safe"` would hold for a list that says the opposite.
 */

/** The parameters of an agent by their written types. */
export const inputTypes = (parameters: readonly Parameter[]): readonly InputType[] =>
  parameters.map(({ name, type }) => ({ name, type: comparedType(type) ?? "other" }));

/** The name of an input that nobody declared or that has another type than it was declared with, or undefined. */
export const strangeInput = (inputs: JsonObject, declared: readonly InputType[]): string | undefined =>
  Object.keys(inputs).find((name) => {
    const type = declared.find((one) => one.name === name)?.type;
    return type === undefined || !isOfType(ownValue(inputs, name), type);
  });

/** The name of an argument that has another type than its parameter, or undefined. */
export const strangeArgument = (
  given: JsonObject,
  parameters: readonly ToolParameter[],
): string | undefined =>
  parameters.find(({ name, type }) => Object.hasOwn(given, name) && !isOfType(ownValue(given, name), type))
    ?.name;

const isOfType = (value: JsonValue | undefined, type: InputType["type"] | ToolParameter["type"]): boolean =>
  type === "other" || isOfComparedType(value, type === "integer" ? "long" : type);
