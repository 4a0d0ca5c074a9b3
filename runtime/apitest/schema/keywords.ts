import { isJsonObject, type JsonValue } from "#kernel/json.ts";

/** Versions of OpenAPI that are read. 3.0 has a JSON Schema dialect of its own, 3.1 is JSON Schema 2020-12. */
export type Dialect = "3.0" | "3.1";

/** What the value of a keyword has to be; one that is anything else constrains nothing and is a problem. */
export type KeywordForm =
  | "number"
  | "count"
  | "flag"
  | "text"
  | "texts"
  | "type"
  | "list"
  | "any"
  | "schema"
  | "schemas"
  | "schema-map"
  | "texts-map";

const BOTH: Readonly<Record<string, KeywordForm>> = {
  type: "type",
  enum: "list",
  multipleOf: "number",
  minimum: "number",
  maximum: "number",
  minLength: "count",
  maxLength: "count",
  pattern: "text",
  format: "text",
  items: "schema",
  minItems: "count",
  maxItems: "count",
  uniqueItems: "flag",
  properties: "schema-map",
  required: "texts",
  additionalProperties: "schema",
  minProperties: "count",
  maxProperties: "count",
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
  not: "schema",
};

const ONLY_3_1: Readonly<Record<string, KeywordForm>> = {
  const: "any",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  prefixItems: "schemas",
  contains: "schema",
  minContains: "count",
  maxContains: "count",
  patternProperties: "schema-map",
  propertyNames: "schema",
  dependentRequired: "texts-map",
  dependentSchemas: "schema-map",
  if: "schema",
  then: "schema",
  else: "schema",
  unevaluatedProperties: "schema",
  unevaluatedItems: "schema",
};

export const KEYWORDS: Readonly<Record<Dialect, ReadonlyMap<string, KeywordForm>>> = {
  "3.0": new Map(Object.entries(BOTH)),
  "3.1": new Map([...Object.entries(BOTH), ...Object.entries(ONLY_3_1)]),
};

/** Say nothing that a value could break, or are read in another place. */
export const SILENT_KEYWORDS: ReadonlySet<string> = new Set([
  "$comment",
  "$defs",
  "$ref",
  "$schema",
  "default",
  "definitions",
  "deprecated",
  "description",
  "example",
  "examples",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "externalDocs",
  "nullable",
  "readOnly",
  "title",
  "writeOnly",
]);

/**
 * Rules that every value made keeps and that no request breaks on purpose yet, with what is not broken.
 * What stands inside of them is obeyed as well.
 */
export const UNBROKEN_KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["oneOf", "no request breaks `oneOf` or a rule inside it"],
  ["anyOf", "no request breaks `anyOf` or a rule inside it"],
  ["not", "no request breaks `not`"],
  ["if", "no request breaks `if` with its `then` and `else`"],
  ["minProperties", "no request breaks `minProperties`"],
  ["maxProperties", "no request breaks `maxProperties`"],
  ["patternProperties", "no request breaks `patternProperties` or a rule inside it"],
  ["propertyNames", "no request breaks `propertyNames`"],
  ["dependentRequired", "no request breaks `dependentRequired`"],
  ["dependentSchemas", "no request breaks `dependentSchemas` or a rule inside it"],
  ["prefixItems", "no request breaks a rule of `prefixItems` but those of the first item"],
  ["contains", "no request breaks `contains`"],
  ["unevaluatedProperties", "no request breaks `unevaluatedProperties`"],
  ["unevaluatedItems", "no request breaks `unevaluatedItems`"],
]);

const TYPES: readonly string[] = ["null", "boolean", "integer", "number", "string", "array", "object"];

export const hasForm = (value: JsonValue, form: KeywordForm): boolean => {
  switch (form) {
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "count":
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    case "flag":
      return typeof value === "boolean";
    case "text":
      return typeof value === "string";
    case "texts":
      return isTexts(value);
    case "type":
      return isType(value) || (Array.isArray(value) && value.length > 0 && value.every(isType));
    case "list":
      return Array.isArray(value) && value.length > 0;
    case "any":
      return true;
    case "schema":
      return typeof value === "boolean" || isJsonObject(value);
    case "schemas":
      return Array.isArray(value) && value.length > 0 && value.every((each) => hasForm(each, "schema"));
    case "schema-map":
      return isJsonObject(value) && Object.values(value).every((each) => hasForm(each, "schema"));
    case "texts-map":
      return isJsonObject(value) && Object.values(value).every(isTexts);
  }
};

const isType = (value: JsonValue): boolean => typeof value === "string" && TYPES.includes(value);

const isTexts = (value: JsonValue): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
