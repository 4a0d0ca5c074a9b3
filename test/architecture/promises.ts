/** Holds the promises of the product and the tests that cite them together. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Requirement, stateOf } from "../requirements.ts";
import type { Stage } from "../requirements/row.ts";
import { type Citation, type Reading, readCitations } from "./citations.ts";

export interface Gathering extends Reading {
  /** Files of tests that were read. A check that read none has proved nothing. */
  readonly testFiles: number;
}

/** @param top the folder of the repository. */
export function gatherCitations(top: string): Gathering {
  const paths = globSync("test/**/*.ts", { cwd: top, exclude: ["**/node_modules", "test/fixtures"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
  const readings = paths.map((path) => readCitations({ path, text: readFileSync(join(top, path), "utf8") }));
  return {
    citations: readings.flatMap((one) => one.citations),
    problems: readings.flatMap((one) => one.problems),
    testFiles: paths.filter((path) => path.endsWith(".test.ts")).length,
  };
}

/** What is wrong between rows and citations, one line each. */
export function reviewPromises(
  requirements: readonly Requirement[],
  citations: readonly Citation[],
  landed: readonly Stage[],
): string[] {
  const problems: string[] = [];
  const cited = new Set(citations.map((citation) => citation.id));
  const known = new Set<string>();
  for (const { id, row } of requirements) {
    if (known.has(id)) problems.push(`${id}: stands in the table twice`);
    known.add(id);
    const state = stateOf(row, landed);
    if ((state === "kept" || state === "adapted") && !cited.has(id)) {
      problems.push(`${id}: ${state}, but no test cites it`);
    }
    const parts = [
      ["promise", row.promise],
      ["how", row.how],
      ...("reason" in row ? [["reason", row.reason]] : []),
    ];
    for (const [part, text] of parts) {
      if (!isSentence(text ?? "")) problems.push(`${id}: the ${part} is not a sentence`);
    }
  }
  for (const { id, file, titles } of citations) {
    if (!known.has(id)) problems.push(`${file}: "${titles.join(" > ")}" cites ${id}, which is no promise`);
  }
  if (citations.length === 0) problems.push("no test cites any promise");
  return problems;
}

/** One line that begins as a sentence does, ends with a full stop, and leaves no code span open. */
function isSentence(text: string): boolean {
  return /^[\p{Lu}\d`][^\n]+\.$/u.test(text) && text.split("`").length % 2 === 1;
}
