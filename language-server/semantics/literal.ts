import { durationMs } from "#kernel/duration.ts";

/** What a literal token of the language means. Total: what cannot be read says so. */
export type LiteralValue =
  | { readonly k: "string"; readonly value: string }
  | { readonly k: "number"; readonly value: number }
  | { readonly k: "duration"; readonly ms: number }
  | { readonly k: "secret"; readonly reference: string }
  | { readonly k: "unreadable"; readonly why: string };

export const literalValue = (token: string): LiteralValue => {
  switch (token[0]) {
    case '"':
    case "'":
      return textValue(token);
    case "v":
    case "$":
      return { k: "secret", reference: token };
    default:
      return /[A-Za-z]/.test(token) ? measureValue(token) : numberValue(token);
  }
};

/** The text that a quoted token stands for; other words stand for themselves. */
export const keyText = (key: string): string => {
  if (key[0] !== '"') return key;
  const value = textValue(key);
  return value.k === "string" ? value.value : key;
};

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "0": "\0" };

const ESCAPE = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|([^]))/g;

const textValue = (token: string): LiteralValue => {
  if (token.startsWith('"""')) return wellFormed(token.slice(3, -3));
  const inner = token.slice(1, -1);
  if (token[0] === "'" || !inner.includes("\\")) return wellFormed(inner);
  let tooLarge = false;
  const text = inner.replaceAll(
    ESCAPE,
    (_, braced: string | undefined, four: string | undefined, one: string | undefined) => {
      const hexadecimal = braced ?? four;
      if (hexadecimal === undefined) return ESCAPES[one ?? ""] ?? one ?? "";
      const point = Number.parseInt(hexadecimal, 16);
      tooLarge ||= point > 0x10ffff;
      return tooLarge ? "" : braced === undefined ? String.fromCharCode(point) : String.fromCodePoint(point);
    },
  );
  return tooLarge ? { k: "unreadable", why: "a code point ends at `10ffff`" } : wellFormed(text);
};

const wellFormed = (value: string): LiteralValue =>
  value.isWellFormed()
    ? { k: "string", value }
    : { k: "unreadable", why: "the text holds one half of a surrogate pair" };

const numberValue = (token: string): LiteralValue => {
  const value = Number(token.replaceAll("_", ""));
  if (!Number.isFinite(value)) return { k: "unreadable", why: "the number is too large" };
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return { k: "unreadable", why: "a whole number beyond 2^53 - 1 would lose digits" };
  }
  return { k: "number", value };
};

/** Longest text that can be a number with a unit. */
const MEASURE_LENGTH_MAX = 40;

const measureValue = (token: string): LiteralValue => {
  if (token.length > MEASURE_LENGTH_MAX) {
    return { k: "unreadable", why: "it is neither a number nor a duration" };
  }
  const ms = durationMs(token);
  if (ms !== undefined) return { k: "duration", ms };
  if (/^[0-9_]+\.?(?:ms|milliseconds|s|seconds|m|minutes|h|hours|d|days|w|weeks)$/.test(token)) {
    return { k: "unreadable", why: "it is longer than 366 days" };
  }
  if (/(?:months?|years?|y)$/.test(token)) {
    return { k: "unreadable", why: "months and years differ in length; write days" };
  }
  if (/[0-9](?:B|KB|MB|GB|TB)$/.test(token)) {
    return { k: "unreadable", why: "sizes have no place here; write a plain number" };
  }
  if (/^[0-9_]+\.[0-9]/.test(token)) return { k: "unreadable", why: "a duration is a whole number" };
  return { k: "unreadable", why: "it is neither a number nor a duration" };
};
