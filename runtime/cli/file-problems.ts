import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import { POLICY_PROBLEM_CODES } from "#protocol/policy-problems.ts";
import type { Problem } from "#protocol/problem.ts";
import type { FileProblem } from "#host/plan-run.ts";

import { problemDocument } from "./check-json.ts";
import type { Audience } from "./fault-output.ts";
import { linesOf, problemLines } from "./problem-view.ts";
import { tell } from "./tell.ts";

/** Problems that are shown where somebody wanted to run something; `writ check` lists all. */
const SHOWN_MAX = 20;

/** Problems of several files with the lines that they are in; hints are left to `writ check`. */
export const printFileProblems = (
  audience: Audience,
  problems: readonly FileProblem[],
  texts: ReadonlyMap<string, string>,
): void => {
  const { terminal } = audience;
  if (audience.switches.has("json")) {
    const listed = problems.map(({ file, problem }) => ({ file, ...problemDocument(problem) }));
    terminal.err(visibleJson(JSON.stringify({ problems: listed })));
    return;
  }
  const worth = problems.filter(({ problem }) => isWorthShowing(problem));
  // Where not all are shown, what keeps the file from running is.
  const chosen =
    worth.length <= SHOWN_MAX ? worth : worth.filter(({ problem }) => problem.severity === "error");
  const shown = chosen.slice(0, SHOWN_MAX);
  printEach(audience, shown, texts);
  const left = worth.length - shown.length;
  if (left > 0) tell(terminal, `and ${left} more, which \`writ check\` lists`);
  const files = [...new Set(problems.map(({ file }) => visibleText(file)))];
  tell(terminal, `${files.join(", ")}: nothing runs while this stands`);
};

/**
 * What is worth knowing about policies and keeps nothing from running; `writ check` reads agent files only, so
 * nobody else says it. Programs are not told: what they read on this stream is why nothing was done.
 */
export const printPolicyWarnings = (
  audience: Audience,
  warnings: readonly FileProblem[],
  texts: ReadonlyMap<string, string>,
): void => {
  if (audience.switches.has("json")) return;
  const found = warnings.filter(({ problem }) => POLICY_CODES.has(problem.code) && isWorthShowing(problem));
  printEach(audience, found.slice(0, SHOWN_MAX), texts);
  const left = found.length - SHOWN_MAX;
  if (left > 0) tell(audience.terminal, `and ${left} more warnings about policies`);
};

const POLICY_CODES: ReadonlySet<string> = new Set(Object.values(POLICY_PROBLEM_CODES));

const printEach = (
  { terminal }: Audience,
  shown: readonly FileProblem[],
  texts: ReadonlyMap<string, string>,
): void => {
  const view = { columns: terminal.errColumns, style: terminal.style };
  const lines = new Map(shown.map(({ file }) => [file, linesOf(texts.get(file) ?? "")]));
  for (const { file, problem } of shown) {
    const text = { path: file, lines: lines.get(file) ?? [], masked: masks(problem) };
    for (const line of problemLines(problem, text, view)) terminal.err(line);
    terminal.err("");
  }
};

const isWorthShowing = ({ severity }: Problem): boolean => severity === "error" || severity === "warning";

/** A hard-coded secret must not be copied into a log. */
const masks = (problem: Problem) => (problem.code === "WRIT039" ? [problem.range] : []);
