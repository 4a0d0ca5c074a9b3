import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { isJsonObject, isWellFormed, ownValue, readJson } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Parameter, TypeReference } from "#protocol/agent-spec.ts";

/** What someone gave an agent does not fit what the agent asks for. A mistake of usage: nothing has run. */
export type InputsFault = Fault<"AGENT_INPUTS_INVALID">;

/**
 * The inputs of a run: exactly one value for each parameter. `String`, `int`, `float` and `bool`
 * (with the spellings that agent files use) are checked; another type takes any JSON value,
 * because nothing in a file says more about it.
 */
export const checkInputs = (
  parameters: readonly Parameter[],
  given: JsonObject,
): Result<JsonObject, InputsFault> => {
  const unknown = Object.keys(given).find((name) => parameters.every((known) => known.name !== name));
  if (unknown !== undefined) return refuse(`the agent has no input ${quoted(unknown)}`, parameters);
  const inputs: [string, JsonValue][] = [];
  for (const { name, type } of parameters) {
    const value = ownValue(given, name);
    if (value === undefined) return refuse(`the input ${quoted(name)} is missing`, parameters);
    if (!fits(value, type)) return refuse(`the input ${quoted(name)} is no ${type.name}`, parameters);
    if (!isWholeUnicode(value)) {
      return refuse(`the input ${quoted(name)} holds half of a surrogate pair`, parameters);
    }
    inputs.push([name, value]);
  }
  return ok(Object.fromEntries(inputs));
};

/** Inputs as a command line has them: texts, read by the type of their parameter. */
export const inputsFromTexts = (
  parameters: readonly Parameter[],
  texts: ReadonlyMap<string, string>,
): Result<JsonObject, InputsFault> => {
  const given: [string, JsonValue][] = [];
  for (const [name, text] of texts) {
    const type = parameters.find((known) => known.name === name)?.type;
    if (type === undefined || kindOf(type) === "text") {
      given.push([name, text]);
      continue;
    }
    const reading = readJson(text);
    if (!reading.ok) return refuse(`the input ${quoted(name)} is no ${type.name}`, parameters);
    given.push([name, reading.value]);
  }
  return checkInputs(parameters, Object.fromEntries(given));
};

type Kind = "text" | "whole" | "number" | "truth" | "any";

const kindOf = (type: TypeReference): Kind => {
  switch (type.name.toLowerCase()) {
    case "string":
      return "text";
    case "int":
    case "integer":
      return "whole";
    case "float":
    case "number":
      return "number";
    case "bool":
    case "boolean":
      return "truth";
    default:
      return "any";
  }
};

const fits = (value: JsonValue, type: TypeReference): boolean => {
  switch (kindOf(type)) {
    case "text":
      return typeof value === "string";
    case "whole":
      return Number.isSafeInteger(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "truth":
      return typeof value === "boolean";
    case "any":
      return true;
  }
};

const isWholeUnicode = (value: JsonValue): boolean => {
  if (typeof value === "string") return isWellFormed(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).every(isWholeUnicode);
  if (!isJsonObject(value)) return true;
  return Object.entries(value).every(([name, field]) => isWellFormed(name) && isWholeUnicode(field));
};

const refuse = (message: string, parameters: readonly Parameter[]): Result<never, InputsFault> => {
  const wanted = parameters.map(({ name, type }) => `${name}: ${type.name}`).join(", ");
  return failed(
    fault("AGENT_INPUTS_INVALID", message, {
      help: wanted === "" ? "it takes no inputs" : `its inputs are ${visibleExcerpt(wanted, 500)}`,
    }),
  );
};

const quoted = (name: string): string => `\`${visibleExcerpt(name, 80)}\``;
