import { utf8 } from "#kernel/bytes.ts";
import { isWellFormed, ownValue } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ArgumentsFault } from "#ports/executor.ts";
import type { ToolDescriptor, ToolParameter } from "#protocol/tool-descriptors.ts";
import { runFilePath, runFolderPath, withoutDecoration } from "#sandbox/run-file-path.ts";

/** Longest string of a parameter that names no limit of its own, in UTF-8 bytes. */
const BYTES_MAX_DEFAULT = 64 * 1024;

const LIST_ITEMS_MAX = 1_000;

/**
 * The arguments of a call as they are decided about and executed: as the tool's descriptor has them, and
 * with paths in the one form that rules compare. What is wrong is said so that a model can do better.
 */
export const readToolArguments = (
  descriptor: ToolDescriptor,
  given: JsonObject,
): Result<JsonObject, ArgumentsFault> => {
  const read = argumentsByDescriptor(descriptor, given);
  if (!read.ok) return read;
  const paths: Record<string, JsonValue> = {};
  for (const { name, names } of descriptor.parameters) {
    if (names === undefined) continue;
    const written = ownValue(read.value, name);
    const path = PATHS[names](typeof written === "string" ? written : ".");
    if (!path.ok) return failed(invalid(descriptor, path.fault.message));
    paths[name] = path.value;
  }
  return ok({ ...read.value, ...paths });
};

/** The file that an argument names, with what people and models write around a path taken off. */
export const namedFile = (argument: string): ReturnType<typeof runFilePath> =>
  runFilePath(withoutDecoration(argument));

/** What an argument that is a path names. */
const PATHS: Readonly<
  Record<NonNullable<ToolParameter["names"]>, (argument: string) => Result<string, Fault<string>>>
> = {
  file: namedFile,
  folder: (argument) => runFolderPath(withoutDecoration(argument)),
};

/**
 * None that the descriptor does not know, all that it requires, each of its type and size. An optional
 * one that is null counts as left out. All that is wrong is said at once.
 */
const argumentsByDescriptor = (
  descriptor: ToolDescriptor,
  given: JsonObject,
): Result<JsonObject, ArgumentsFault> => {
  const wrong: string[] = [];
  const read: Record<string, JsonValue> = {};
  for (const name of Object.keys(given)) {
    if (!descriptor.parameters.some((parameter) => parameter.name === name)) {
      wrong.push(`there is no argument \`${visibleExcerpt(name, 60)}\``);
    }
  }
  for (const parameter of descriptor.parameters) {
    const value = Object.hasOwn(given, parameter.name) ? (given[parameter.name] ?? null) : null;
    if (value === null && !parameter.required) continue;
    const objection = value === null ? "is missing" : objectionTo(parameter, value);
    if (objection === null) read[parameter.name] = value;
    else wrong.push(`\`${parameter.name}\` ${objection}`);
  }
  return wrong.length === 0 ? ok(read) : failed(invalid(descriptor, wrong.join(", ")));
};

/** A fault about arguments that shows how the tool is called. */
const invalid = (descriptor: ToolDescriptor, why: string): ArgumentsFault =>
  fault("TOOL_ARGUMENTS_INVALID", `${why}; it is called as ${usage(descriptor)}`);

/** `write_file(path: string, content: string)`. */
const usage = ({ name, parameters }: ToolDescriptor): string =>
  `${name}(${parameters.map((one) => `${one.name}${one.required ? "" : "?"}: ${one.type}`).join(", ")})`;

const objectionTo = (parameter: ToolParameter, value: JsonValue): string | null => {
  const bytesMax = parameter.bytesMax ?? BYTES_MAX_DEFAULT;
  switch (parameter.type) {
    case "string":
      return typeof value === "string" ? objectionToText(value, bytesMax) : "is not a string";
    case "integer":
      return Number.isSafeInteger(value) ? null : "is not an integer";
    case "boolean":
      return typeof value === "boolean" ? null : "is neither true nor false";
    case "string-list":
      if (!isList(value) || !value.every((item) => typeof item === "string"))
        return "is not a list of strings";
      if (value.length > LIST_ITEMS_MAX) return `has more than ${LIST_ITEMS_MAX} items`;
      return objectionToText(value.join(""), bytesMax);
  }
};

const objectionToText = (text: string, bytesMax: number): string | null => {
  if (!isWellFormed(text)) return "holds half of a surrogate pair";
  // A UTF-16 code unit is at least one byte, so the cheap comparison comes first.
  return text.length > bytesMax || utf8(text).length > bytesMax ? `has more than ${bytesMax} bytes` : null;
};

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
