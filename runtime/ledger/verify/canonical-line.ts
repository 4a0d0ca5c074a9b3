import { utf8Text } from "#kernel/bytes.ts";
import { byCodeUnits, canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isWellFormed } from "#kernel/json.ts";
import { LEDGER_DEPTH_MAX, LEDGER_LINE_BYTES_MAX } from "#protocol/ledger-entry.ts";

export type LineReading =
  | { readonly ok: true; readonly text: string; readonly value: JsonValue }
  | { readonly ok: false; readonly kind: "malformed" | "not-canonical"; readonly detail: string };

/** Rows 1 and 2 of the table in section 12: the bytes are JSON, and the canonical ones of their value. */
export const readCanonicalLine = (bytes: Uint8Array): LineReading => {
  if (bytes.length > LEDGER_LINE_BYTES_MAX) {
    return malformed(`longer than ${LEDGER_LINE_BYTES_MAX} bytes`);
  }
  const text = utf8Text(bytes);
  if (text === undefined) return malformed("not well-formed UTF-8");
  let value: JsonValue;
  try {
    // Where parsers differ (duplicate names, odd numbers, odd escapes) the text is not canonical,
    // which the comparison below finds. So the fast parser is as strict as the slow one here.
    value = JSON.parse(text) as JsonValue;
  } catch {
    return malformed("not JSON");
  }
  if (nestsDeeper(value, LEDGER_DEPTH_MAX)) return malformed(TOO_DEEP);
  if (isCanonical(value, text)) return { ok: true, text, value };
  // A name that stands twice hides its first value from the parser, not from the rule.
  if (depthOf(text) > LEDGER_DEPTH_MAX) return malformed(TOO_DEEP);
  return { ok: false, kind: "not-canonical", detail: "not the canonical form of its own value" };
};

const TOO_DEEP = `nested more than ${LEDGER_DEPTH_MAX} levels deep`;

/** How deep a JSON text nests, whatever a parser would keep of it. */
const depthOf = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
};

const malformed = (detail: string): LineReading => ({ ok: false, kind: "malformed", detail });

/** Looks no deeper than `levels` itself, so that no text can exhaust the stack. */
const nestsDeeper = (value: JsonValue, levels: number): boolean => {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner: JsonValue) => nestsDeeper(inner, levels - 1));
};

/**
 * Whether `text` is the canonical JSON of `value`, which was parsed from it. JSON.stringify prints
 * numbers and strings as RFC 8785 wants them and keys in the order of the text, so when it gives the
 * text back only the order is left to check. It orders keys that look like indexes by itself; then,
 * and whenever the two differ, the canonical form is made and compared.
 */
const isCanonical = (value: JsonValue, text: string): boolean => {
  if (JSON.stringify(value) === text && !text.includes("\\ud")) return hasSortedKeys(value);
  return hasCanonicalForm(value) && canonicalJson(value) === text;
};

const hasSortedKeys = (value: JsonValue): boolean => {
  if (typeof value !== "object" || value === null) return true;
  if (!Array.isArray(value)) {
    let before: string | undefined;
    for (const key of Object.keys(value)) {
      if (before !== undefined && byCodeUnits(before, key) >= 0) return false;
      before = key;
    }
  }
  return Object.values(value).every((inner: JsonValue) => hasSortedKeys(inner));
};

/** A parser may have made infinities and lone surrogates, which have no canonical form. */
const hasCanonicalForm = (value: JsonValue): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return isWellFormed(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value as object).every(
    ([key, inner]) => isWellFormed(key) && hasCanonicalForm(inner as JsonValue),
  );
};
