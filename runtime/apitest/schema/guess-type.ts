import { type Facets, rulesOf } from "./facets.ts";

/** Without a `type` every type is allowed; the one that the other rules speak of is worth sending. */
export const guessType = (facets: Facets): string => {
  const says = (...keywords: readonly string[]): boolean =>
    keywords.some((keyword) => rulesOf(facets, keyword).length > 0);
  if (says("properties", "required", "additionalProperties", "minProperties")) return "object";
  if (says("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")) return "array";
  return says("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")
    ? "number"
    : "string";
};
