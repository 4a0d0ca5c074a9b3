import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { type Path, pointer, type SpecMistake } from "./agent-spec-json.ts";

/**
 * The first span of a spec that ends behind its source. A file has at least one byte for each of its
 * UTF-16 code units, so the size bounds what an offset can be.
 */
export const spanMistake = (spec: JsonValue, sizeBytes: number): SpecMistake | undefined => {
  const path = spanBeyond(spec, [], sizeBytes);
  return path === undefined ? undefined : { where: pointer(path), why: "ends behind the source" };
};

const spanBeyond = (value: JsonValue, path: (string | number)[], sizeBytes: number): Path | undefined => {
  if (!isJsonObject(value) && !Array.isArray(value)) return undefined;
  for (const [key, member] of Object.entries(value)) {
    path.push(key);
    // What a file keeps as data may call anything a span.
    const isData =
      (path[0] === "metadata" && key === "value") || (path[0] === "triggers" && key === "attributes");
    if (!isData) {
      if (key === "span" && Array.isArray(member) && Number(member[1]) > sizeBytes) return path;
      const found = spanBeyond(member, path, sizeBytes);
      if (found !== undefined) return found;
    }
    path.pop();
  }
  return undefined;
};
