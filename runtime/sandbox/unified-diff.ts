import { visibleText } from "#kernel/visible-text.ts";

import { lineEdits } from "./line-edits.ts";
import type { LineEdit } from "./line-edits.ts";

/** Bounds of what is compared line by line and shown; beyond them people get a summary that says so. */
export interface DiffLimits {
  /** Of each text, in UTF-16 code units. */
  readonly charactersMax: number;
  /** Of each text. */
  readonly linesMax: number;
  /** Of the finished diff, in UTF-16 code units. */
  readonly diffCharactersMax: number;
}

export const DIFF_LIMITS_DEFAULT: DiffLimits = {
  charactersMax: 1024 * 1024,
  linesMax: 20_000,
  diffCharactersMax: 256 * 1024,
};

const CONTEXT_LINES = 3;

/**
 * How a file changes, in the unified format that `patch` and git read, with three lines of context.
 * Null stands for a file that is not there. Equal texts give the empty string. Lines stand as they
 * are: whoever shows them makes them visible first.
 */
export const unifiedDiff = (
  path: string,
  before: string | null,
  after: string | null,
  limits: DiffLimits = DIFF_LIMITS_DEFAULT,
): string => {
  if (before === after) return "";
  const header = `--- ${before === null ? "/dev/null" : `a/${path}`}\n+++ ${after === null ? "/dev/null" : `b/${path}`}\n`;
  const left = lines(before ?? "");
  const right = lines(after ?? "");
  const fits =
    Math.max(before?.length ?? 0, after?.length ?? 0) <= limits.charactersMax &&
    Math.max(left.length, right.length) <= limits.linesMax;
  const body = fits ? hunks(lineEdits(left, right)).map(hunkText).join("") : null;
  if (body !== null && body.length <= limits.diffCharactersMax) return header + body;
  return `${header}Too large to show line by line: ${sizeText(before, left)} become ${sizeText(after, right)}.\n${excerpt(right)}`;
};

const EXCERPT_LINES = 40;
const EXCERPT_LINE_CHARACTERS_MAX = 400;

/** How the new text begins and ends, and how much of it nobody sees here. */
const excerpt = (after: readonly string[]): string => {
  const shown = (line: string): string => {
    const text = line.replace(/\n$/, "");
    if (text.length <= EXCERPT_LINE_CHARACTERS_MAX) return `+${text}\n`;
    const cut = text.slice(0, EXCERPT_LINE_CHARACTERS_MAX);
    // Half of a surrogate pair is no text: no preview could hold it.
    const whole = cut.isWellFormed() ? cut : cut.slice(0, -1);
    return `+${whole}… (${text.length - whole.length} more characters)\n`;
  };
  if (after.length <= 2 * EXCERPT_LINES) return after.map(shown).join("");
  const hidden = after.length - 2 * EXCERPT_LINES;
  return [
    ...after.slice(0, EXCERPT_LINES).map(shown),
    `@@ ${hidden} lines of the new text are NOT shown here @@\n`,
    ...after.slice(-EXCERPT_LINES).map(shown),
  ].join("");
};

/** For bytes that are not text: that they change, and how much there is. */
export const binaryDiff = (path: string, before: Uint8Array | null, after: Uint8Array): string =>
  `Binary file ${visibleText(path)}: ${before === null ? "no file" : `${before.length} bytes`} become ${after.length} bytes.\n`;

/** Each line with the line feed that ends it; only the last may lack one. */
const lines = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const sizeText = (text: string | null, split: readonly string[]): string =>
  text === null ? "no file" : `${split.length} lines (${text.length} characters)`;

interface Hunk {
  /** Lines of each text that stand before the hunk. */
  readonly leftBefore: number;
  readonly rightBefore: number;
  readonly edits: readonly LineEdit[];
}

/** Runs of edits whose contexts touch, each with its context. */
const hunks = (edits: readonly LineEdit[]): readonly Hunk[] => {
  const found: Hunk[] = [];
  let left = 0;
  let right = 0;
  let from = 0;
  while (from < edits.length) {
    const first = edits.findIndex((edit, index) => index >= from && edit.k !== "keep");
    if (first === -1) break;
    const start = Math.max(from, first - CONTEXT_LINES);
    left += start - from;
    right += start - from;
    const end = endOfHunk(edits, first);
    const inside = edits.slice(start, end);
    found.push({ leftBefore: left, rightBefore: right, edits: inside });
    left += count(inside, "add");
    right += count(inside, "remove");
    from = end;
  }
  return found;
};

/** Behind the last edit that is followed by more than two contexts of kept lines, and its context. */
const endOfHunk = (edits: readonly LineEdit[], first: number): number => {
  let last = first;
  for (let index = first; index < edits.length && index - last <= 2 * CONTEXT_LINES; index += 1) {
    if (edits[index]?.k !== "keep") last = index;
  }
  return Math.min(edits.length, last + 1 + CONTEXT_LINES);
};

const count = (edits: readonly LineEdit[], without: LineEdit["k"]): number =>
  edits.filter((edit) => edit.k !== without).length;

const MARK: Readonly<Record<LineEdit["k"], string>> = { keep: " ", remove: "-", add: "+" };

const hunkText = (hunk: Hunk): string => {
  const body = hunk.edits.map(
    ({ k, line }) => `${MARK[k]}${line}${line.endsWith("\n") ? "" : "\n\\ No newline at end of file\n"}`,
  );
  const left = rangeText(hunk.leftBefore, count(hunk.edits, "add"));
  const right = rangeText(hunk.rightBefore, count(hunk.edits, "remove"));
  return `@@ -${left} +${right} @@\n${body.join("")}`;
};

/** Numbers count from 1; an empty range names the line before it. */
const rangeText = (linesBefore: number, length: number): string =>
  `${length === 0 ? linesBefore : linesBefore + 1},${length}`;
