import { visibleText } from "#kernel/visible-text.ts";
import type { Problem, Severity } from "#protocol/problem.ts";
import type { SourceRange } from "#protocol/source.ts";

import type { Style } from "./command.ts";
import { columnsOf, fit, wrap } from "./width.ts";

/** A file's text as problems are shown in it. */
export interface ShownText {
  /** As the user named it. */
  readonly path: string;
  readonly lines: readonly string[];
  /** Stretches of lines that are never shown, such as secrets. */
  readonly masked: readonly SourceRange[];
}

export interface View {
  /** Infinity where no terminal shows it. */
  readonly columns: number;
  readonly style: Style;
}

const TEXT_COLUMNS_MAX = 100;
/** What an excerpt or a note has at least, behind its margin. */
const NARROW_COLUMNS = 10;
/** A line of a file that is a whole document is no help, wherever it is shown. */
const EXCERPT_COLUMNS_MAX = 200;
const TAB = "  ";

/** Splits as ranges count: a line ends with LF, CR LF or CR. */
export const linesOf = (text: string): readonly string[] => text.split(/\r\n?|\n/);

/** A problem with the line it is in, a mark below the place, and what to do about it. */
export const problemLines = (problem: Problem, text: ShownText, view: View): readonly string[] => {
  const { style } = view;
  const paint = PAINTS[problem.severity];
  const gutter = String(lastLine(problem)).length;
  const lines = [
    ...paragraph(headOf(problem), visibleText(problem.message), paint, view),
    `${" ".repeat(gutter)}${style.blue("-->")} ${style.dim(placeOf(text.path, problem.range))}`,
    ...excerpt(problem.range, text, gutter, paint, view),
  ];
  for (const related of problem.related ?? []) {
    lines.push(...note(gutter, "note", related.message, view));
    lines.push(...excerpt(related.range, text, gutter, "blue", view));
  }
  if (problem.help !== undefined) lines.push(...note(gutter, "help", problem.help, view));
  return lines;
};

/** `enforcement` says that the file does not run while the problem stands. */
const headOf = ({ class: problemClass, code, severity }: Problem): string =>
  problemClass === "enforcement" ? `${severity} ${code} (enforcement)` : `${severity} ${code}`;

/** A hint on one line. */
export const hintLine = (problem: Problem, text: ShownText, { columns, style }: View): string => {
  const place = placeOf(text.path, problem.range);
  return style.dim(fit(`hint ${problem.code} ${place} ${visibleText(problem.message)}`, columns));
};

/** `path:line:column`, which editors and terminals make a link of. */
export const placeOf = (path: string, { line, column }: SourceRange): string =>
  `${visibleText(path)}:${line}:${column}`;

const lastLine = (problem: Problem): number =>
  Math.max(problem.range.line, ...(problem.related ?? []).map((related) => related.range.line));

const PAINTS: Readonly<Record<Severity, keyof Style>> = {
  error: "red",
  warning: "yellow",
  information: "blue",
  hint: "dim",
};

const paragraph = (
  head: string,
  message: string,
  paint: keyof Style,
  { columns, style }: View,
): readonly string[] => {
  const [first = "", ...rest] = wrap(`${head}: ${message}`, textColumns(columns));
  const lead = first.startsWith(head)
    ? `${style[paint](head)}${style.bold(first.slice(head.length))}`
    : first;
  return [lead, ...rest.map((line) => style.bold(line))];
};

/** Lines of text are no longer than people read well; what no terminal shows is not wrapped at all. */
const textColumns = (columns: number): number =>
  columns === Infinity ? Infinity : Math.min(columns, TEXT_COLUMNS_MAX);

const note = (gutter: number, word: string, message: string, { columns, style }: View): readonly string[] => {
  const margin = gutter + word.length + 5;
  const lines = wrap(visibleText(message), Math.max(textColumns(columns) - margin, NARROW_COLUMNS));
  return lines.map((line, index) =>
    index === 0
      ? `${" ".repeat(gutter + 1)}${style.blue("=")} ${style.bold(word)}: ${line}`
      : `${" ".repeat(margin)}${line}`,
  );
};

const excerpt = (
  range: SourceRange,
  text: ShownText,
  gutter: number,
  paint: keyof Style,
  { columns, style }: View,
): readonly string[] => {
  const line = text.lines[range.line - 1];
  if (line === undefined || line.trim() === "") return [];
  const masked = maskedLine(line, range.line, text.masked);
  const end = range.endLine === range.line ? range.endColumn - 1 : line.length;
  const before = shown(masked.slice(0, range.column - 1));
  const marked = shown(masked.slice(range.column - 1, end));
  const after = shown(masked.slice(end));
  const room = Math.min(Math.max(columns - gutter - 3, NARROW_COLUMNS), EXCERPT_COLUMNS_MAX);
  const window = cut(before, marked, after, room);
  const bar = style.blue("|");
  return [
    `${" ".repeat(gutter)} ${bar}`,
    `${style.blue(String(range.line).padStart(gutter))} ${bar} ${window.text}`,
    `${" ".repeat(gutter)} ${bar} ${" ".repeat(window.indent)}${style[paint]("^".repeat(window.marks))}`,
  ];
};

const shown = (text: string): string => visibleText(text.replaceAll("\t", TAB));

/**
 * The part of a long line around the mark, and where the mark stands in it. What is before the mark gives way until
 * all that is marked is seen, or two thirds of the line are left for it.
 */
const cut = (
  before: string,
  marked: string,
  after: string,
  columns: number,
): { readonly text: string; readonly indent: number; readonly marks: number } => {
  const third = Math.floor(columns / 3);
  const room = Math.max(third, Math.min(columns - columnsOf(marked) - 1, 2 * third));
  const lead = columnsOf(before) <= room ? before : `…${lastColumns(before, room - 1)}`;
  const indent = columnsOf(lead);
  const text = fit(`${lead}${marked}${after}`, columns);
  return { text, indent, marks: Math.max(Math.min(columnsOf(marked), columns - indent), 1) };
};

const lastColumns = (text: string, columns: number): string => {
  let kept = "";
  for (const character of Array.from(text).reverse()) {
    if (columnsOf(kept) + columnsOf(character) > columns) break;
    kept = character + kept;
    // Long lines are cut by characters; none is narrower than nothing.
    if (kept.length >= columns * 4) break;
  }
  return kept;
};

const maskedLine = (line: string, number: number, masked: readonly SourceRange[]): string => {
  let result = line;
  for (const range of masked) {
    if (number < range.line || number > range.endLine) continue;
    const start = number === range.line ? range.column - 1 : 0;
    const end = number === range.endLine ? range.endColumn - 1 : line.length;
    result = `${result.slice(0, start)}${"•".repeat(end - start)}${result.slice(end)}`;
  }
  return result;
};
