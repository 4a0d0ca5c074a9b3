import { columnsOf, wrap } from "./width.ts";

/** A line of a word and its fact, such as powers have: what does not fit hangs below the fact. */
export const hangingFact = (line: string, columns: number): readonly string[] => {
  const [word = ""] = /^\S+ +/.exec(line) ?? [];
  return hanging(`  ${word}`, line.slice(word.length), columns);
};

/** A text behind its lead, wrapped to `columns`, with what does not fit below the text and not below the lead. */
export const hanging = (lead: string, text: string, columns: number): readonly string[] => {
  const indent = " ".repeat(columnsOf(lead));
  return wrap(text, columns - indent.length).map((line, index) => `${index === 0 ? lead : indent}${line}`);
};
