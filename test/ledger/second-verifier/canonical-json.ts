/** RFC 8785 as a verifier needs it: bytes either are the one canonical text of a value, or they are not. */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export type Reading =
  | { readonly kind: "canonical"; readonly value: JsonValue }
  | { readonly kind: "not-canonical" }
  | { readonly kind: "malformed" };

export const LEVELS_MAX = 64;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Tells text that is no JSON, or nests too deep, from JSON that is merely written otherwise than RFC 8785 says. */
export const readCanonicalJson = (bytes: Uint8Array): Reading => {
  let text: string;
  let value: JsonValue;
  try {
    text = strictUtf8.decode(bytes);
    value = JSON.parse(text) as JsonValue;
  } catch {
    return { kind: "malformed" };
  }
  if (levelsOf(text) > LEVELS_MAX) return { kind: "malformed" };
  return canonicalJson(value) === text ? { kind: "canonical", value } : { kind: "not-canonical" };
};

/**
 * The canonical text of a value. What has none is printed as something that no JSON text contains at that
 * place: U+FFFD for a lone surrogate, which JSON in UTF-8 can only hold escaped, and `Infinity` for a number
 * beyond a double. A value that a parser read with a duplicate name prints one member less than was read. So
 * comparing with the text that was read finds all of them.
 */
export const canonicalJson = (value: JsonValue): string => {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return value === 0 ? "0" : String(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  let members = "";
  for (const name of Object.keys(value).sort()) {
    members += `${members === "" ? "" : ","}${quoted(name)}:${canonicalJson(value[name] ?? null)}`;
  }
  return `{${members}}`;
};

/** Text of which every character stands for itself. */
const PLAIN = /^[ !#-[\]-~]*$/;
const quoted = (text: string): string =>
  PLAIN.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed());

export const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !isList(value);

/** The object without some of its members. */
export const without = (object: JsonObject, ...names: readonly string[]): JsonObject => {
  const rest: Record<string, JsonValue> = { ...object };
  for (const name of names) delete rest[name];
  return rest;
};

/** Counted in the text and not in the value, which has lost members whose name stands there twice. */
const levelsOf = (text: string): number => {
  let level = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text[index];
    if (quoted && unit === "\\") index += 1;
    else if (unit === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (unit === "{" || unit === "[") deepest = Math.max(deepest, (level += 1));
    else if (unit === "}" || unit === "]") level -= 1;
  }
  return deepest;
};
