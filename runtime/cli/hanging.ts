import { columnsOf, wrap, wrapWhole } from "./width.ts";

/** A line of a word and its fact, such as powers have: what does not fit hangs below the fact. */
export const hangingFact = (line: string, columns: number): readonly string[] => {
  const [word = ""] = /^\S+ +/.exec(line) ?? [];
  return hanging(`  ${word}`, line.slice(word.length), columns);
};

/** A text behind its lead, wrapped to `columns`, with what does not fit below the text and not below the lead. */
export const hanging = (lead: string, text: string, columns: number): readonly string[] =>
  hung(lead, wrap(text, columns - columnsOf(lead)));

/** The same with commands, paths and digests whole, to be copied; they may be longer than a line is. */
export const hangingWhole = (lead: string, text: string, columns: number): readonly string[] =>
  hung(lead, wrapWhole(text, columns - columnsOf(lead)));

const hung = (lead: string, lines: readonly string[]): readonly string[] =>
  lines.map((line, index) => `${index === 0 ? lead : " ".repeat(columnsOf(lead))}${line}`);
