import { invariant } from "#kernel/invariant.ts";
import { isWellFormed } from "#kernel/json.ts";

/*
 * Cedar text for values of unknown origin. Everything but plain printable ASCII becomes a numeric
 * escape, so whatever a value holds, it stays inside its quotes.
 */

/** A string literal with exactly this value. A lone surrogate has none and is a bug of the caller. */
export const cedarString = (text: string): string => `"${escaped(text, PLAIN_IN_STRING)}"`;

/** The pattern behind `like` that matches `text` between optional wildcards; a `*` of the text is itself. */
export const cedarPattern = (
  text: string,
  wildcard: { readonly before: boolean; readonly after: boolean },
): string => `"${wildcard.before ? "*" : ""}${escaped(text, PLAIN_IN_PATTERN)}${wildcard.after ? "*" : ""}"`;

/** `Type::"id"`; the type is one of the vocabulary's own names. */
export const cedarEntity = (type: string, id: string): string => `${type}::${cedarString(id)}`;

const PLAIN_IN_STRING = /^[ !#-[\]-~]$/;
const PLAIN_IN_PATTERN = /^[ !#-)+-[\]-~]$/;

const escaped = (text: string, plain: RegExp): string => {
  invariant(isWellFormed(text), "a Cedar literal holds no lone surrogate");
  let out = "";
  for (const character of text) out += plain.test(character) ? character : escapeOne(character);
  return out;
};

const escapeOne = (character: string): string => {
  switch (character) {
    case '"':
      return '\\"';
    case "\\":
      return "\\\\";
    case "*":
      return "\\*";
    case "\n":
      return "\\n";
    default:
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  }
};
