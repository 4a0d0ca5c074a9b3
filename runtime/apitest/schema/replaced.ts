import { isJsonObject, type JsonValue } from "#kernel/json.ts";

/** Stands for a part that is taken away. */
export const ABSENT = Symbol("absent");

/** The value with one part changed or taken away; undefined when that part has no parent. */
export const replaced = (
  value: JsonValue,
  path: readonly (string | number)[],
  part: JsonValue | typeof ABSENT,
): JsonValue | undefined => {
  const [key, ...rest] = path;
  if (key === undefined) return part === ABSENT ? undefined : part;
  if (Array.isArray(value)) {
    const items = [...(value as readonly JsonValue[])];
    const inner = replaced(items[Number(key)] ?? null, rest, part);
    if (inner === undefined) return undefined;
    items[Number(key)] = inner;
    return items;
  }
  if (!isJsonObject(value)) return undefined;
  const copy = Object.assign(Object.create(null) as Record<string, JsonValue>, value);
  if (rest.length === 0 && part === ABSENT) {
    delete copy[key];
    return copy;
  }
  const inner = replaced(copy[key] ?? null, rest, part);
  if (inner === undefined) return undefined;
  copy[key] = inner;
  return copy;
};
