import { isJsonObject, type JsonValue } from "#kernel/json.ts";

/**
 * Which of two alternatives holds where they say nothing more than that a value may be null too, as
 * `anyOf: [{ type: integer }, { type: "null" }]` does; undefined for all others.
 */
export const branchBesideNull = (branches: JsonValue | undefined): number | undefined => {
  if (!Array.isArray(branches) || branches.length !== 2) return undefined;
  const isNull = (branches as readonly JsonValue[]).map(isNullAlone);
  return isNull.includes(true) && isNull.includes(false) ? isNull.indexOf(false) : undefined;
};

const isNullAlone = (branch: JsonValue): boolean => {
  if (!isJsonObject(branch)) return false;
  const { type, const: constant } = branch;
  const [only, ...more] = Array.isArray(type) ? (type as readonly JsonValue[]) : [type];
  return constant === null || (only === "null" && more.length === 0);
};
