import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../../docs/BENCHMARKS.md", import.meta.url));

export const benchmarksPage = { path, read: (): string => readFileSync(path, "utf8") };

const BEGIN = "<!-- figures: written by `npm run bench -- --write`, do not edit -->";
const END = "<!-- figures: end -->";

/** The page with another table between its marks. */
export const withTable = (page: string, text: string): string => {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error("the page has no place for the figures");
  return `${page.slice(0, begin + BEGIN.length)}\n${text}${page.slice(end)}`;
};
