import { isJsonObject, type JsonValue, ownValue } from "#kernel/json.ts";

import { childOf, itemsOf, textAt } from "../load/document-set.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";

/**
 * Index of the branch that a value names by the `discriminator` beside it (OpenAPI 3.1, 4.8.25): over its
 * `mapping`, or by the name of the schema that the branch refers to. Undefined where it names none.
 */
export const namedBranch = (
  schemas: SchemaRegistry,
  schema: SchemaRef,
  keyword: string,
  value: JsonValue,
): number | undefined => {
  const node = schemas.sourceOf(schema);
  const discriminator = node === undefined ? undefined : childOf(node, "discriminator");
  const property = textAt(discriminator, "propertyName");
  if (node === undefined || discriminator === undefined || property === undefined) return undefined;
  const said = isJsonObject(value) ? ownValue(value, property) : undefined;
  if (typeof said !== "string") return undefined;
  const wanted = textAt(childOf(discriminator, "mapping"), said) ?? said;
  const index = itemsOf(childOf(node, keyword)).findIndex((branch) => {
    const reference = textAt(branch, "$ref");
    return reference !== undefined && (reference === wanted || reference.split("/").at(-1) === wanted);
  });
  return index < 0 ? undefined : index;
};
