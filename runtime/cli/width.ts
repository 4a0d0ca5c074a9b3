/** Fitting text into columns. Widths follow the terminal's: wide characters take two columns. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const COMBINING = /\p{Mark}/u;
// Colour sequences of our own making; untrusted text was made visible long before.
const COLOUR = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes, our own colour sequences not counted. */
export const columnsOf = (text: string): number => {
  let columns = 0;
  for (const character of text.replace(COLOUR, "")) {
    if (COMBINING.test(character)) continue;
    columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
};

/** The text cut with `…` so that it takes at most `columns`; for text without colour. */
export const fit = (text: string, columns: number): string => {
  if (columnsOf(text) <= columns) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    const width = columnsOf(character);
    if (used + width > columns - 1) break;
    kept += character;
    used += width;
  }
  return `${kept}…`;
};

/**
 * Lines of at most `columns`, broken at spaces where there are any; for text without colour. What stands between a
 * pair of backticks stays together where a line has room for it, and a word that is longer than a line is broken
 * where its parts meet, else anywhere. An id that fits into a line is not broken: whoever copies it needs all of it.
 */
export const wrap = (text: string, columns: number): readonly string[] =>
  text
    .split("\n")
    .flatMap((paragraph) => filled(wholeWords(paragraph), columns, (word) => piecesOf(word, columns)));

const piecesOf = (word: string, columns: number): readonly string[] => {
  if (word.includes(" ")) return filled(word.split(" "), columns, (part) => piecesOf(part, columns));
  return broken(word, columns, SEAMS);
};

/** Where the parts of a word meet, the best place to break it first: an agent in its file, folders, ids, words. */
const SEAMS = [
  /(?=#)/,
  /(?<=\/)/,
  /(?=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?<=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/,
  /(?<=[-_.,:;=&?])/,
];

const broken = (word: string, columns: number, [seam, ...lesser]: readonly RegExp[]): readonly string[] =>
  seam === undefined
    ? folded(word, columns)
    : filled(word.split(seam), columns, (part) => broken(part, columns, lesser), "");

/**
 * The same with what people copy left whole: a word, and whatever stands between a pair of backticks, is never
 * broken, so that a line is longer than `columns` where one of these is.
 */
export const wrapWhole = (text: string, columns: number): readonly string[] =>
  text.split("\n").flatMap((paragraph) => filled(wholeWords(paragraph), columns, (word) => [word]));

/** The words of visible text, in which nothing hidden stands: what holds a quotation together here is none of it. */
const wholeWords = (paragraph: string): readonly string[] =>
  paragraph
    .replaceAll(/`[^`]*`/g, (quoted) => quoted.replaceAll(" ", "\0"))
    .split(" ")
    .map((word) => word.replaceAll("\0", " "));

/** Lines with as many of the words as fit; `pieces` are the lines of a word that is too long for any. */
const filled = (
  words: readonly string[],
  columns: number,
  pieces: (word: string) => readonly string[],
  between = " ",
): readonly string[] => {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  for (const word of words) {
    const longer = line === "" ? word : `${between}${word}`;
    const width = columnsOf(longer);
    if (used + width <= columns) {
      line += longer;
      used += width;
      continue;
    }
    if (line !== "") lines.push(line);
    const parts = columnsOf(word) <= columns ? [word] : pieces(word);
    lines.push(...parts.slice(0, -1));
    line = parts.at(-1) ?? "";
    used = columnsOf(line);
  }
  return [...lines, line];
};

/** The text in pieces of at most `columns`, with every character where it was; for text without colour. */
export const folded = (text: string, columns: number): readonly string[] => {
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const character of text) {
    const width = columnsOf(character);
    if (used + width > columns && piece !== "") {
      pieces.push(piece);
      piece = "";
      used = 0;
    }
    piece += character;
    used += width;
  }
  return [...pieces, piece];
};
