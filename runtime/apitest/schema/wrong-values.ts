import type { JsonValue } from "#kernel/json.ts";

import { type Facets, typesOf } from "./facets.ts";
import type { ABSENT } from "./replaced.ts";

/**
 * One value for each way to be of another type. None of them is what a lenient reader would convert: no
 * `"123"` for a number, no `1` for a flag.
 */
export const wrongTypes = (facets: Facets): readonly JsonValue[] => {
  const types = typesOf(facets) ?? [];
  const isOf = (...names: readonly string[]): boolean => names.some((name) => types.includes(name));
  const wrong: JsonValue[] = [];
  if (!isOf("string"))
    wrong.push(isOf("object", "array") ? "neither list nor object" : "not a value of this type");
  if (isOf("integer") && !isOf("number")) wrong.push(1.5);
  if (!isOf("object")) wrong.push({ unexpected: "object" });
  if (!isOf("null")) wrong.push(null);
  return wrong;
};

/**
 * Values that are most likely none of those that are listed, beginning with the one that says so. The others are
 * near to a listed one, as bounds and patterns beside the list want it.
 */
export const unlisted = (value: JsonValue): readonly JsonValue[] => {
  switch (typeof value) {
    case "string":
      return ["none-of-these", ...mutantsOf(value)];
    case "number":
      return [Math.round(Math.abs(value)) + 4711, ...STEPS.flatMap((step) => [value + step, value - step])];
    case "boolean":
      return [!value];
    default:
      return [];
  }
};

const STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0.5] as const;

/** The same length each, so that no rule about lengths is touched. */
export const mutantsOf = (text: string): readonly string[] => {
  const signs = Array.from(text);
  return ["!", "Z", "z", "7", "_", "~", "-"].flatMap((sign) => [
    [sign, ...signs.slice(1)].join(""),
    [...signs.slice(0, -1), sign].join(""),
    sign.repeat(signs.length),
  ]);
};

export const different = (item: JsonValue, index: number): JsonValue =>
  typeof item === "number" ? item + index : typeof item === "string" ? `${item}${index}` : item;

export const nameOf = (part: JsonValue | typeof ABSENT): string => {
  if (part === null) return "null";
  if (Array.isArray(part)) return "a list";
  if (part === 1.5) return "1.5";
  return typeof part === "object" ? "an object" : typeof part === "string" ? "a text" : `a ${typeof part}`;
};
