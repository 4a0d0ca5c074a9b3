/**
 * Makes untrusted text safe to print and honest to read: whatever would move a cursor, change a
 * colour, reorder the line or stay invisible is shown as an escape instead. Line feeds and tabs
 * are kept only when `multiline` asks for it.
 */
export const visibleText = (text: string, options: { readonly multiline?: boolean } = {}): string => {
  const pattern = options.multiline === true ? UNSAFE_KEEPING_LINES : UNSAFE;
  return text.toWellFormed().replace(pattern, escapeOne);
};

/** `visibleText` cut to a number of characters, with the number left out said. */
export const visibleExcerpt = (
  text: string,
  charactersMax: number,
  options: { readonly multiline?: boolean } = {},
): string => {
  if (text.length <= charactersMax) return visibleText(text, options);
  return `${visibleText(text.slice(0, charactersMax), options)}… (${text.length - charactersMax} more characters)`;
};

/**
 * JSON text in which whatever `visibleText` escapes is written as JSON escapes it: the same value, but a
 * terminal that shows the text obeys none of it. Line feeds between tokens stay.
 */
export const visibleJson = (json: string): string =>
  json.replace(UNSAFE_KEEPING_LINES, (character) =>
    Array.from({ length: character.length }, (_, unit) => {
      return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    }).join(""),
  );

// C0 and C1 controls, soft hyphen, Arabic letter mark, zero-width and bidirectional controls
// (UAX #9), line and paragraph separators, invisible operators, variation selectors, interlinear
// annotations, the byte order mark and the tag characters that can smuggle hidden text.
const HIDDEN =
  "\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e0fff}";
const UNSAFE = new RegExp(`[\\u0000-\\u001f${HIDDEN}]`, "gu");
const UNSAFE_KEEPING_LINES = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f${HIDDEN}]`, "gu");

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\e" };

const escapeOne = (character: string): string =>
  NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
