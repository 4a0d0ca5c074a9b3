import type { JsonValue } from "#kernel/json.ts";

/**
 * Everything that some server reads of a text in a URL, a header or a form. A text breaks a rule only if
 * every reading does: `1e0` is one, `yes` is true and an empty text is nothing, somewhere.
 */
export const readingsOfText = (text: string): readonly JsonValue[] => {
  const readings: JsonValue[] = [text];
  const trimmed = text.trim();
  if (trimmed !== text) readings.push(trimmed);
  const plus = text.replaceAll("+", " ");
  if (plus !== text) readings.push(plus);
  const number = numberIn(trimmed);
  if (number !== undefined) readings.push(number);
  const lower = trimmed.toLowerCase();
  if (TRUE.includes(lower)) readings.push(true);
  if (FALSE.includes(lower)) readings.push(false);
  if (NOTHING.includes(lower)) readings.push(null);
  return readings;
};

const TRUE: readonly string[] = ["1", "t", "true", "y", "yes", "on"];
const FALSE: readonly string[] = ["0", "f", "false", "n", "no", "off"];
const NOTHING: readonly string[] = ["", "null", "nil", "none", "undefined"];

const LENIENT_NUMBER = /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Also other ways to write one: sign, exponent, bare point, hexadecimal, digits of other scripts. */
const numberIn = (text: string): number | undefined => {
  const ascii = text.replace(/\p{Nd}/gu, (digit) => String(digitOf(digit)));
  if (/^[+-]?0[xob][0-9a-f]+$/i.test(ascii)) return Number(ascii.replace(/^[+-]/, ""));
  if (!LENIENT_NUMBER.test(ascii)) return undefined;
  const value = Number(ascii.replaceAll("_", ""));
  return Number.isFinite(value) ? value : undefined;
};

/** Decimal digits of a script stand in one row of ten, which begins at a multiple of ten from some digit zero. */
const digitOf = (digit: string): number => {
  const point = digit.codePointAt(0) ?? 0;
  if (point < 0x80) return point - 0x30;
  let zero = point;
  while (point - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return point - zero;
};

/** The one text of a value, or undefined where a text cannot say it without being taken for something else. */
export const textOfScalar = (value: JsonValue): string | undefined => {
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
      return String(value);
    case "number": {
      const text = String(value);
      // An exponent is a number to some readers and a text to others.
      return text.includes("e") ? undefined : text;
    }
    default:
      return undefined;
  }
};
