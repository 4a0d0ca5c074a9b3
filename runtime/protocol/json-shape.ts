import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";

/*
 * Whether data of unknown origin has exactly the members that a format names: none more, none less,
 * each of its type. Never throws, whatever the value is.
 */

/** Whether something is a value of a format. */
export type Shape = (value: JsonValue | undefined) => boolean;

/** An object with exactly these members. */
export const exactly = (members: Readonly<Record<string, Shape>>): Shape => {
  const names = Object.keys(members);
  const shapes = Object.entries(members);
  return (value) =>
    isJsonObject(value) &&
    Object.keys(value).length === names.length &&
    shapes.every(([name, shape]) => Object.hasOwn(value, name) && shape(value[name]));
};

/** A list of at most so many, each of one shape; a hole, which JSON does not have, is no item. */
export const listOf =
  (shape: Shape, itemsMax: number = Infinity): Shape =>
  (value) =>
    isList(value) && value.length <= itemsMax && [...value].every(shape);

/** A well-formed text of at most so many UTF-16 code units. */
export const textOf =
  (charactersMax: number = Infinity): Shape =>
  (value) =>
    typeof value === "string" && value.length <= charactersMax && value.isWellFormed();

/** A whole number within bounds, which a double holds exactly. */
export const wholeFrom =
  (least: number, greatest: number = Number.MAX_SAFE_INTEGER): Shape =>
  (value) =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= greatest;

/** One of some values. */
export const oneOf = (values: readonly (string | number | null)[]): Shape => {
  const known = new Set<JsonValue | undefined>(values);
  return (value) => known.has(value);
};

export const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);

export const isBoolean: Shape = (value) => typeof value === "boolean";

/** An object, whatever it holds. */
export const isObject: Shape = (value): value is JsonObject => isJsonObject(value);

/** Texts in the order of their UTF-16 code units, none of them twice. */
export const isSortedSet = (texts: readonly JsonValue[]): boolean =>
  texts.every((text, index) => {
    const before = index === 0 ? undefined : texts[index - 1];
    return (
      typeof text === "string" && (before === undefined || (typeof before === "string" && before < text))
    );
  });

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
