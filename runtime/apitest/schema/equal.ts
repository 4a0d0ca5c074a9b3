import { isJsonObject, type JsonValue } from "#kernel/json.ts";

/**
 * A text that two JSON values share exactly when they are equal, whatever their names are (`toString`,
 * `constructor`, `__proto__`), in what order they stand and what prototype their objects have. Halves of
 * surrogate pairs are signs like any other: a server may answer them.
 */
export const equalText = (value: JsonValue): string =>
  typeof value === "object" ? JSON.stringify(value, sortedPairs) : JSON.stringify(value);

/** An object as one with a single member, so that no list is equal to it. */
const sortedPairs = (_: string, value: JsonValue): JsonValue =>
  isJsonObject(value)
    ? { "": Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)) }
    : value;
