/*
 * A linear reader of Cedar text that needs no Cedar: it finds words, strings and marks as Cedar's
 * own lexer does (white space, `//` comments to the end of the line, strings with backslash
 * escapes), and never recurses. What it does not know becomes an `unknown` token for Cedar to refuse.
 */

export interface CedarToken {
  readonly kind: "word" | "number" | "string" | "slot" | "mark" | "unknown";
  /** The text as written, quotes included. */
  readonly text: string;
  /** UTF-16 offsets into the text. */
  readonly start: number;
  readonly end: number;
}

/** All tokens in order. Linear in the text; never throws. */
export const cedarTokens = (text: string): readonly CedarToken[] => {
  const tokens: CedarToken[] = [];
  // Cedar gives up at a string that never ends. What follows is still looked through for brackets,
  // with no more strings in it: looking for the end of each anew would take quadratic time.
  let stringsEnd = true;
  let at = 0;
  while (at < text.length) {
    const start = at;
    const found = kindAt(text, start);
    const kind = found === "string" && !stringsEnd ? "unknown" : found;
    const end = endOf(text, start, kind);
    if (end === undefined) stringsEnd = false;
    at = end ?? start + 1;
    if (kind === "blank") continue;
    tokens.push({ kind: end === undefined ? "unknown" : kind, text: text.slice(start, at), start, end: at });
  }
  return tokens;
};

type Kind = CedarToken["kind"] | "blank";

const WHITE = /\s/;
const WORD_START = /[A-Za-z_]/;
const WORD_PART = /[A-Za-z0-9_]/;
const DIGIT = /[0-9]/;
const MARK = /[()[\]{},;:.@<>=!&|+\-*]/;
const PAIRS: readonly string[] = ["::", "&&", "||", "==", "!=", "<=", ">="];

const kindAt = (text: string, at: number): Kind => {
  const character = text[at] ?? "";
  // The byte order mark is white space to JavaScript and not to Cedar.
  if (character === "\ufeff") return "unknown";
  if (WHITE.test(character) || (character === "/" && text[at + 1] === "/")) return "blank";
  if (WORD_START.test(character)) return "word";
  if (DIGIT.test(character)) return "number";
  if (character === '"') return "string";
  if (character === "?") return "slot";
  return MARK.test(character) ? "mark" : "unknown";
};

/** Undefined for a string that never ends. */
const endOf = (text: string, start: number, kind: Kind): number | undefined => {
  switch (kind) {
    case "blank":
      return text[start] === "/" ? endOfLine(text, start) : start + 1;
    case "word":
      return endWhile(text, start + 1, WORD_PART);
    case "number":
      return endWhile(text, start + 1, DIGIT);
    case "slot":
      return endWhile(text, start + 1, WORD_PART);
    case "string":
      return endOfString(text, start);
    case "mark":
      return start + (PAIRS.includes(text.slice(start, start + 2)) ? 2 : 1);
    case "unknown":
      return start + 1;
  }
};

const endWhile = (text: string, from: number, part: RegExp): number => {
  let at = from;
  while (at < text.length && part.test(text[at] ?? "")) at += 1;
  return at;
};

const endOfLine = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at += 1;
  return at;
};

const endOfString = (text: string, start: number): number | undefined => {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at + 1;
    if (text[at] === "\\") {
      at += 1;
      if (text[at] === "\n") return undefined;
    }
  }
  return undefined;
};

/**
 * The value of a string token, or undefined where an escape is not a plain one. Enough for
 * annotations, entity ids and attribute names; Cedar itself knows the rest.
 */
export const stringValue = (token: CedarToken): string | undefined => {
  if (token.kind !== "string" || token.text.length < 2) return undefined;
  let bad = false;
  const value = token.text
    .slice(1, -1)
    .replace(
      /\\(?:u\{([0-9A-Fa-f]{1,6})\}|x([0-7][0-9A-Fa-f])|([^]?))/g,
      (_whole, long, short, one: string | undefined) => {
        const hex = (long ?? short) as string | undefined;
        const known = hex === undefined ? SIMPLE.get(one ?? "") : characterOf(Number.parseInt(hex, 16));
        if (known === undefined) bad = true;
        return known ?? "";
      },
    );
  return bad ? undefined : value;
};

const characterOf = (codePoint: number): string | undefined =>
  codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)
    ? undefined
    : String.fromCodePoint(codePoint);

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["0", "\0"],
  ["\\", "\\"],
  ['"', '"'],
  ["'", "'"],
]);
