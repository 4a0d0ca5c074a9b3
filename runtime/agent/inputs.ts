import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { isJsonObject, isWellFormed, ownValue, readJson } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Parameter, TypeReference } from "#protocol/agent-spec.ts";
import { comparedType, isOfComparedType } from "#protocol/agent-spec-condition.ts";

/** What someone gave an agent does not fit what the agent asks for. A mistake of usage: nothing has run. */
export type InputsFault = Fault<"AGENT_INPUTS_INVALID">;

/**
 * The inputs of a run: exactly one value for each parameter. `String`, `int`, `float`, `bool` and
 * lists of `String` (with the spellings that agent files use) are checked; another type takes any
 * JSON value, because nothing in a file says more about it and no rule may compare it.
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
    if (!fits(value, type)) return refuse(`the input ${quoted(name)} is no ${typeText(type)}`, parameters);
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
    if (type === undefined || comparedType(type) === "string") {
      given.push([name, text]);
      continue;
    }
    const reading = readJson(text);
    if (!reading.ok) return refuse(`the input ${quoted(name)} is no ${typeText(type)}`, parameters);
    given.push([name, reading.value]);
  }
  return checkInputs(parameters, Object.fromEntries(given));
};

const isFloat = (type: TypeReference): boolean => ["float", "number"].includes(type.name.toLowerCase());

const fits = (value: JsonValue, type: TypeReference): boolean => {
  const compared = comparedType(type);
  if (compared !== null) return isOfComparedType(value, compared);
  return !isFloat(type) || (typeof value === "number" && Number.isFinite(value));
};

const isWholeUnicode = (value: JsonValue): boolean => {
  if (typeof value === "string") return isWellFormed(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).every(isWholeUnicode);
  if (!isJsonObject(value)) return true;
  return Object.entries(value).every(([name, field]) => isWellFormed(name) && isWholeUnicode(field));
};

const refuse = (message: string, parameters: readonly Parameter[]): Result<never, InputsFault> => {
  const wanted = parameters.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ");
  return failed(
    fault("AGENT_INPUTS_INVALID", message, {
      help: wanted === "" ? "it takes no inputs" : `its inputs are ${visibleExcerpt(wanted, 500)}`,
    }),
  );
};

const quoted = (name: string): string => `\`${visibleExcerpt(name, 80)}\``;

const typeText = ({ name, arguments: inner }: TypeReference): string =>
  inner.length === 0 ? name : `${name}<${inner.map(typeText).join(", ")}>`;
