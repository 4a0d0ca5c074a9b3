import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { ObservedEntry } from "#host/run-observer.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

/*
 * Reading the fields of events for people. A field that is not there or of another type reads as
 * nothing: a view must not fail on a run that a later release recorded.
 */

export const textField = (fields: JsonObject, name: string): string => {
  const value = ownValue(fields, name);
  return typeof value === "string" ? value : "";
};

export const numberField = (fields: JsonObject, name: string): number => {
  const value = ownValue(fields, name);
  return typeof value === "number" ? value : 0;
};

/** A part of an entry's content. */
export const contentPart = (content: ObservedEntry["content"], name: string): JsonValue | undefined =>
  Object.hasOwn(content, name) ? content[name] : undefined;

/** A part that is an object; an empty one when it is not. */
export const contentObject = (content: ObservedEntry["content"], name: string): JsonObject => {
  const value = contentPart(content, name);
  return isJsonObject(value) ? value : {};
};

/** The words of the part `explanation`, whichever of its two forms it has. */
export const explanationOf = (content: ObservedEntry["content"]): string => {
  const value = contentPart(content, "explanation");
  return typeof value === "string" ? value : textField(contentObject(content, "explanation"), "text");
};

const ARGUMENT_CHARACTERS_MAX = 400;
const LONG_TEXT_CHARACTERS = 60;

/** A value on one line, safe to print; a long text by its size. */
export const briefValue = (value: JsonValue): string => {
  if (isLongText(value)) {
    const lines = value.split("\n").length;
    return `(text, ${lines} ${lines === 1 ? "line" : "lines"}, ${value.length} characters)`;
  }
  return visibleExcerpt(typeof value === "string" ? value : canonicalJson(value), ARGUMENT_CHARACTERS_MAX);
};

const isLongText = (value: JsonValue): value is string =>
  typeof value === "string" && value.length > LONG_TEXT_CHARACTERS;

/**
 * Arguments of a tool on one line, safe to print: a lone one as it is, several by name, in the order
 * in which the tool describes them, because what says most stands first there. Others come last.
 */
export const briefArguments = (tool: string, value: JsonValue | undefined): string => {
  if (!isJsonObject(value)) return value === undefined ? "" : briefValue(value);
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return briefValue(only[1]);
  const known = BUILTIN_TOOLS.find(({ name }) => name === tool)?.parameters.map(({ name }) => name) ?? [];
  const described = known.flatMap((name) => entries.filter(([given]) => given === name));
  return [...described, ...entries.filter(([given]) => !known.includes(given))]
    .map(([name, each]) => `${visibleText(name)}=${briefValue(each)}`)
    .join(" ");
};

/** A rule that a decision names. */
export interface CitedRule {
  /** As written, on one line. */
  readonly text: string;
  /** `file:line:column (layer, rule)`. */
  readonly place: string;
}

export const citedRules = (decision: JsonObject): readonly CitedRule[] => {
  const rules = ownValue(decision, "rules");
  if (!Array.isArray(rules)) return [];
  return (rules as readonly JsonValue[]).filter(isJsonObject).map((rule) => {
    const range = ownValue(rule, "range");
    const at = isJsonObject(range) ? `:${numberField(range, "line")}:${numberField(range, "column")}` : "";
    return {
      text: textField(rule, "text").replaceAll(/\s+/g, " "),
      place: `${textField(rule, "file")}${at} (${textField(rule, "layer")} layer, rule ${textField(rule, "rule")})`,
    };
  });
};
