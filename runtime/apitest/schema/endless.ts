import { isJsonObject, type JsonValue } from "#kernel/json.ts";

/** Keywords whose schemas are about the same value as the schema that they stand in. */
const SAME_VALUE = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"] as const;

/**
 * Names of schemas that lead back to themselves without ever looking at a part of the value, such as
 * `A: { allOf: [{ $ref: A }] }`: whoever follows them never ends. One of each circle is named.
 */
export const endlessOnes = (schemas: ReadonlyMap<string, JsonValue>): readonly string[] => {
  const found: string[] = [];
  const done = new Set<string>();
  for (const start of schemas.keys()) {
    const path = new Set<string>();
    const stack: { readonly name: string; readonly next: string[] }[] = [];
    const enter = (name: string): void => {
      path.add(name);
      stack.push({ name, next: [...referencesOf(schemas.get(name) ?? true)] });
    };
    if (!done.has(start)) enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const name = top.next.pop();
      if (name === undefined) {
        stack.pop();
        path.delete(top.name);
        done.add(top.name);
      } else if (path.has(name)) found.push(top.name);
      else if (!done.has(name)) enter(name);
    }
  }
  return found;
};

const referencesOf = (schema: JsonValue): ReadonlySet<string> => {
  const found = new Set<string>();
  const waiting = [schema];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!isJsonObject(next)) continue;
    const { $ref: reference } = next;
    if (typeof reference === "string") found.add(reference.slice("#/$defs/".length));
    for (const keyword of SAME_VALUE) {
      const value = next[keyword];
      if (value === undefined) continue;
      const isMap = keyword === "dependentSchemas" && isJsonObject(value);
      waiting.push(...(isMap ? Object.values(value) : [value].flat()));
    }
  }
  return found;
};
