import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { ok } from "#kernel/result.ts";
import type { Evaluated } from "./failure.ts";
import { refuse } from "./failure.ts";
import type { BodyLimits } from "./limits.ts";

/*
 * The values of bodies are the JSON values, with well-formed strings and finite numbers that are
 * never negative zero. They do not change; what looks like a change makes a new value.
 */

export type Kind = "null" | "bool" | "number" | "string" | "list" | "record";

export const kindOf = (value: JsonValue): Kind => {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
      return "number";
    case "string":
      return "string";
    default:
      return value === null ? "null" : Array.isArray(value) ? "list" : "record";
  }
};

export const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** `false`, `null`, `0`, `""`, `[]` and `{}` are false, everything else is true. */
export const isTrue = (value: JsonValue): boolean => {
  if (value === null || value === false || value === 0 || value === "") return false;
  if (isList(value)) return value.length > 0;
  return !isJsonObject(value) || Object.keys(value).length > 0;
};

/** Structural equality without conversion; records are sets of fields. */
export const equal = (left: JsonValue, right: JsonValue): boolean => {
  if (left === right) return true;
  if (isList(left)) {
    if (!isList(right) || left.length !== right.length || bytesOf(left) !== bytesOf(right)) return false;
    return left.every((item, index) => equal(item, right[index] as JsonValue));
  }
  if (!isJsonObject(left) || !isJsonObject(right) || bytesOf(left) !== bytesOf(right)) return false;
  return Object.keys(left).every(
    (key) => Object.hasOwn(right, key) && equal(left[key] as JsonValue, right[key] as JsonValue),
  );
};

/** A record of these fields; safe for every name, also `__proto__`. */
export const recordOf = (fields: Iterable<readonly [name: string, value: JsonValue]>): JsonObject =>
  Object.fromEntries(fields);

/** How a value shows inside a text: a string as it is, anything else as canonical JSON. */
export const textOf = (value: JsonValue): string =>
  typeof value === "string" ? value : canonicalJson(value);

interface Measure {
  readonly bytes: number;
  readonly depth: number;
}

// Lists and records do not change, so what was measured once stays true. The cache is lost with a
// restart and measured again: it shortens the way and never changes a result.
const measured = new WeakMap<object, Measure>();

/** What a value takes, counted so that it means the same everywhere: 16 + 2 a code unit, 8 a scalar, 16 a container. */
export const bytesOf = (value: JsonValue): number => {
  if (typeof value === "string") return 16 + 2 * value.length;
  return typeof value === "object" && value !== null ? measure(value).bytes : 8;
};

/** Nesting; a scalar has depth 0. */
const depthOf = (value: JsonValue): number =>
  typeof value === "object" && value !== null ? measure(value).depth : 0;

const nameBytes = (name: string): number => 16 + 2 * name.length;

const measure = (value: readonly JsonValue[] | JsonObject): Measure => {
  const known = measured.get(value);
  if (known !== undefined) return known;
  let bytes = 16;
  let deepest = 0;
  if (isList(value)) {
    for (const item of value) {
      bytes += bytesOf(item);
      if (typeof item === "object") deepest = Math.max(deepest, depthOf(item));
    }
  } else {
    for (const name of Object.keys(value)) {
      const field = value[name] as JsonValue;
      bytes += nameBytes(name) + bytesOf(field);
      deepest = Math.max(deepest, depthOf(field));
    }
  }
  const found: Measure = { bytes, depth: deepest + 1 };
  measured.set(value, found);
  return found;
};

/* ---- copies with a difference; their measure follows from that of the original where it can ---- */

export const concatenated = (
  left: readonly JsonValue[],
  right: readonly JsonValue[],
): readonly JsonValue[] => {
  const joined = left.concat(right);
  measured.set(joined, {
    bytes: bytesOf(left) + bytesOf(right) - 16,
    depth: Math.max(depthOf(left), depthOf(right)),
  });
  return joined;
};

export const withItem = (
  list: readonly JsonValue[],
  position: number,
  item: JsonValue,
): readonly JsonValue[] => {
  const changed = list.with(position, item);
  noteChange(list, changed, list[position] ?? null, item, 0);
  return changed;
};

export const withField = (record: JsonObject, name: string, value: JsonValue): JsonObject => {
  const changed: JsonObject = { ...record, [name]: value };
  const before = ownValue(record, name);
  if (before === undefined) noteChange(record, changed, 0, value, nameBytes(name) + 8);
  else noteChange(record, changed, before, value, 0);
  return changed;
};

/** A part that made the whole deep and is now less deep leaves the measure open: it is taken anew when wanted. */
const noteChange = (
  whole: readonly JsonValue[] | JsonObject,
  changed: readonly JsonValue[] | JsonObject,
  before: JsonValue,
  after: JsonValue,
  moreBytes: number,
): void => {
  if (depthOf(after) < depthOf(before)) return;
  measured.set(changed, {
    bytes: bytesOf(whole) - bytesOf(before) + bytesOf(after) + moreBytes,
    depth: Math.max(depthOf(whole), depthOf(after) + 1),
  });
};

/** Items of a list or fields of a record, characters of a string, else 0. */
export const lengthOf = (value: JsonValue): number => {
  if (typeof value === "string" || isList(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : 0;
};

/** A value that an operation made, when it keeps within the bounds. */
export const bounded = (value: JsonValue, limits: BodyLimits): Evaluated<JsonValue> => {
  if (typeof value === "string") {
    return value.length <= limits.stringLengthMax
      ? ok(value)
      : refuse("BODY_BOUND", `a text of more than ${limits.stringLengthMax} characters`);
  }
  if (typeof value !== "object" || value === null) return ok(value);
  if (lengthOf(value) > limits.itemsMax) {
    return refuse("BODY_BOUND", `a ${kindOf(value)} of more than ${limits.itemsMax} items`);
  }
  const { bytes, depth } = measure(value);
  if (depth > limits.depthMax)
    return refuse("BODY_BOUND", `a value nested more than ${limits.depthMax} deep`);
  if (bytes > limits.valueBytesMax) {
    return refuse("BODY_BOUND", `a value of more than ${limits.valueBytesMax} bytes`);
  }
  return ok(value);
};

/**
 * A copy of a value from outside (an input, a tool's result), when it is one that bodies can
 * hold. Looks no deeper and no further than the bounds, so nothing it is given can exhaust it.
 */
export const admitted = (value: JsonValue, limits: BodyLimits): Evaluated<JsonValue> => {
  const copied = copy(value, {
    depthLeft: limits.depthMax,
    limits,
    room: { bytesLeft: limits.valueBytesMax },
  });
  return copied.ok ? bounded(copied.value, limits) : copied;
};

interface Copying {
  readonly depthLeft: number;
  readonly limits: BodyLimits;
  /** Shared by the whole copy. */
  readonly room: { bytesLeft: number };
}

const copy = (value: JsonValue, copying: Copying): Evaluated<JsonValue> => {
  const { limits, room, depthLeft } = copying;
  room.bytesLeft -= typeof value === "string" ? 16 + 2 * value.length : 8;
  if (room.bytesLeft < 0) return refuse("BODY_BOUND", `a value of more than ${limits.valueBytesMax} bytes`);
  if (typeof value === "number") {
    return Number.isFinite(value) ? ok(value + 0) : refuse("BODY_NUMBER", "a number that is not finite");
  }
  if (typeof value === "string") {
    return value.isWellFormed()
      ? bounded(value, limits)
      : refuse("BODY_TEXT", "a text that is not well-formed Unicode");
  }
  if (typeof value !== "object" || value === null) return ok(value);
  if (depthLeft === 0) return refuse("BODY_BOUND", `a value nested more than ${limits.depthMax} deep`);
  const inside = { ...copying, depthLeft: depthLeft - 1 };
  if (isList(value)) {
    const items: JsonValue[] = [];
    for (const item of value) {
      const copied = copy(item, inside);
      if (!copied.ok) return copied;
      items.push(copied.value);
    }
    return ok(items);
  }
  const fields: [string, JsonValue][] = [];
  for (const [name, field] of Object.entries(value)) {
    if (!name.isWellFormed()) return refuse("BODY_TEXT", "a field whose name is not well-formed Unicode");
    const copied = copy(field, inside);
    if (!copied.ok) return copied;
    fields.push([name, copied.value]);
  }
  return ok(recordOf(fields));
};
