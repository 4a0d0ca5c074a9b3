import type { JsonValue } from "./json.ts";
import { isWellFormed } from "./json.ts";
import { invariant } from "./invariant.ts";

/**
 * The canonical text of a JSON value (RFC 8785): keys sorted by UTF-16 code units, no white
 * space, numbers as ECMAScript prints them. Equal values have equal texts and different values
 * different ones, which is what digests, signatures and fingerprints rest on.
 *
 * The value comes from our own code or from `readJson`; a number that is not finite, a lone
 * surrogate or an `undefined` is therefore a bug and not an input error.
 */
export const canonicalJson = (value: JsonValue): string => {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "number":
      invariant(Number.isFinite(value), "canonical JSON has finite numbers only");
      return Object.is(value, -0) ? "0" : String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
      const object = value as { readonly [key: string]: JsonValue };
      const members = Object.keys(object)
        .sort(byCodeUnits)
        .map((key) => `${quoted(key)}:${canonicalJson(object[key] as JsonValue)}`);
      return `{${members.join(",")}}`;
    }
    default:
      return invariant(false, `canonical JSON cannot hold ${typeof value}`) as never;
  }
};

/** The order of RFC 8785 section 3.2.3: by UTF-16 code units, never by locale. */
export const byCodeUnits = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;

const quoted = (text: string): string => {
  invariant(isWellFormed(text), "canonical JSON has no lone surrogates");
  return JSON.stringify(text);
};
