import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";

import { pointerTo } from "../load/pointer.ts";
import { KEYWORDS } from "./keywords.ts";

/** Where each schema object of a view stands, by identity: `{ "$defs": … }` as `SchemaRegistry.root` has it. */
export const schemaPointers = (root: JsonObject): ReadonlyMap<object, string> => {
  const found = new Map<object, string>();
  const walkMap = (map: JsonValue | undefined, pointer: string): void => {
    if (!isJsonObject(map)) return;
    for (const [name, schema] of Object.entries(map)) walk(schema, pointerTo(pointer, name));
  };
  const walk = (schema: JsonValue, pointer: string): void => {
    if (!isJsonObject(schema)) return;
    found.set(schema, pointer);
    for (const [keyword, value] of Object.entries(schema)) {
      const at = pointerTo(pointer, keyword);
      const form = KEYWORDS["3.1"].get(keyword);
      if (form === "schema") walk(value, at);
      else if (form === "schema-map") walkMap(value, at);
      else if (form === "schemas" && Array.isArray(value)) {
        for (const [index, each] of (value as readonly JsonValue[]).entries())
          walk(each, pointerTo(at, index));
      }
    }
  };
  walkMap(root["$defs"], "/$defs");
  return found;
};
