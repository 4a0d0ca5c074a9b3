import { visibleText } from "#kernel/visible-text.ts";
import type { Problem } from "#protocol/problem.ts";
import type { FileProblem } from "#host/plan-run.ts";

import type { Terminal } from "./command.ts";
import { linesOf, problemLines } from "./problem-view.ts";

/** Problems of several files with the lines that they are in; hints are left to `writ check`. */
export const printFileProblems = (
  problems: readonly FileProblem[],
  texts: ReadonlyMap<string, string>,
  terminal: Terminal,
): void => {
  const view = { columns: terminal.columns, style: terminal.style };
  for (const { file, problem } of problems.filter((each) => isWorthShowing(each.problem))) {
    const text = { path: file, lines: linesOf(texts.get(file) ?? ""), masked: masks(problem) };
    for (const line of problemLines(problem, text, view)) terminal.err(line);
    terminal.err("");
  }
  const files = [...new Set(problems.map(({ file }) => visibleText(file)))];
  terminal.err(`${files.join(", ")}: nothing runs while this stands`);
};

const isWorthShowing = ({ severity }: Problem): boolean => severity === "error" || severity === "warning";

/** A hard-coded secret must not be copied into a log. */
const masks = (problem: Problem) => (problem.code === "WRIT039" ? [problem.range] : []);
