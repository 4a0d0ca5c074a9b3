import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, isWellFormed } from "#kernel/json.ts";

/**
 * A deeply frozen copy of `value`, or undefined when it is not JSON all the way: a number that is
 * not finite, half of a surrogate pair, `undefined`, a function, a class instance, or nesting
 * deeper than `depthMax` (which is how a cycle ends).
 *
 * Whatever is decided about is such a copy, so nobody who still holds the original can change it
 * between decision and act. Negative zero becomes zero, because canonical JSON cannot tell them
 * apart and different values must have different fingerprints. Objects have no prototype.
 */
export const frozenJson = (value: unknown, depthMax: number): JsonValue | undefined => {
  switch (typeof value) {
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value + 0 : undefined;
    case "string":
      return isWellFormed(value) ? value : undefined;
    case "object":
      if (value === null) return null;
      if (depthMax <= 0) return undefined;
      return Array.isArray(value) ? frozenArray(value, depthMax) : frozenObject(value, depthMax);
    default:
      return undefined;
  }
};

/** `frozenJson` of something that must be an object. */
export const frozenJsonObject = (value: unknown, depthMax: number): JsonObject | undefined => {
  const copy = frozenJson(value, depthMax);
  return isJsonObject(copy) ? copy : undefined;
};

const frozenArray = (items: readonly unknown[], depthMax: number): JsonValue | undefined => {
  const copies: JsonValue[] = [];
  for (const item of items) {
    const copy = frozenJson(item, depthMax - 1);
    if (copy === undefined) return undefined;
    copies.push(copy);
  }
  return Object.freeze(copies);
};

const frozenObject = (object: object, depthMax: number): JsonValue | undefined => {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && prototype !== Object.prototype) return undefined;
  const copies = Object.create(null) as { [key: string]: JsonValue };
  for (const [key, item] of Object.entries(object)) {
    const copy = isWellFormed(key) ? frozenJson(item, depthMax - 1) : undefined;
    if (copy === undefined) return undefined;
    copies[key] = copy;
  }
  return Object.freeze(copies);
};

/** One of our own interfaces whose values are JSON throughout, as JSON: the types cannot say that by themselves. */
export const asJson = (value: object): JsonObject => value as JsonObject;
