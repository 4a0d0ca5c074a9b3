import { visibleText } from "#kernel/visible-text.ts";
import type { Problem, Severity } from "#protocol/problem.ts";
import { mayRun } from "#protocol/problem.ts";

import { type CheckedFile, problemsOf } from "./check-files.ts";
import { countsOf } from "./check-json.ts";
import type { Invocation, Terminal } from "./command.ts";
import { printFault } from "./fault-output.ts";
import { hangingFact } from "./hanging.ts";
import { wrap } from "./width.ts";
import { hintLine, linesOf, problemLines, type ShownText } from "./problem-view.ts";

/** Hints of one file that a terminal shows; `--json` has all. */
const HINTS_SHOWN_MAX = 10;

export const printFile = (file: CheckedFile, invocation: Invocation): void => {
  const { terminal, switches } = invocation;
  const { outcome } = file;
  if (outcome.k !== "checked") return printFault(invocation, outcome.fault);
  const { problems } = outcome.checked;
  const text: ShownText = {
    path: file.path,
    lines: linesOf(file.text),
    masked: problems.filter((problem) => problem.code === SECRET_CODE).map((problem) => problem.range),
  };
  const view = { columns: terminal.columns, style: terminal.style };
  const hints = problems.filter((problem) => problem.severity === "hint");
  for (const problem of problems) {
    if (problem.severity === "hint") continue;
    for (const line of problemLines(problem, text, view)) terminal.out(line);
    terminal.out("");
  }
  for (const hint of hints.slice(0, HINTS_SHOWN_MAX)) terminal.out(hintLine(hint, text, view));
  if (hints.length > HINTS_SHOWN_MAX) {
    terminal.out(
      terminal.style.dim(`… ${hints.length - HINTS_SHOWN_MAX} more hints in ${visibleText(file.path)}`),
    );
  }
  if (switches.has("powers")) printPowers(file, outcome, invocation);
};

/** Its excerpt would put into a log what should not stand in the file. */
const SECRET_CODE = "WRIT039";

const printPowers = (
  file: CheckedFile,
  outcome: Extract<CheckedFile["outcome"], { k: "checked" }>,
  invocation: Invocation,
): void => {
  const { terminal } = invocation;
  const { columns, style } = terminal;
  if (!mayRun(outcome.checked.problems)) {
    terminal.out(`${visibleText(file.path)} does not run, so it has no powers.`);
  }
  for (const { agent, result } of outcome.powers) {
    if (!result.ok) {
      printFault(invocation, result.fault);
      continue;
    }
    for (const line of wrap(`${visibleText(agent)} may at most`, columns)) terminal.out(style.bold(line));
    for (const line of result.value.lines.flatMap((fact) => hangingFact(fact, columns))) terminal.out(line);
    // Never wrapped: it is there to be copied.
    terminal.out(`  ${style.dim("digest")}   ${result.value.digest}`);
    terminal.out("");
  }
};

/** The last line: which files run, and how many problems of each kind there are. */
export const printCounts = (files: readonly CheckedFile[], terminal: Terminal): void => {
  const checked = files.filter((file) => file.outcome.k === "checked");
  if (checked.length === 0) return;
  const { style } = terminal;
  const problems = checked.flatMap(problemsOf);
  const refused = checked.filter((file) => !mayRun(problemsOf(file)));
  const [only] = checked;
  const subject =
    checked.length > 1
      ? `${checked.length} files, ${refused.length === 0 ? "all of which run" : `${refused.length} of which ${refused.length === 1 ? "does" : "do"} not run`}`
      : `${visibleText(only?.path ?? "")} ${refused.length === 0 ? "runs" : "does not run"}`;
  if (problems.length === 0) {
    const named = checked.length > 1 ? `${checked.length} files` : visibleText(only?.path ?? "");
    return terminal.out(`${style.green("ok")} ${named}${agentless(checked)}`);
  }
  for (const line of wrap(`${subject}: ${countsText(problems)}`, terminal.columns)) {
    terminal.out(refused.length === 0 ? style.green(line) : style.red(line));
  }
};

/** A file can be sound and still be nothing that runs. */
const agentless = (files: readonly CheckedFile[]): string => {
  const count = files.filter(
    ({ outcome }) => outcome.k === "checked" && outcome.checked.value?.agents.length === 0,
  ).length;
  if (count === 0) return "";
  if (files.length === 1) return " (it declares no agent)";
  return ` (${count} ${count === 1 ? "declares" : "declare"} no agent)`;
};

const countsText = (problems: readonly Problem[]): string => {
  const counted = countsOf(problems);
  const enforcement = problems.filter((problem) => problem.class === "enforcement").length;
  return (["error", "warning", "information", "hint"] as const)
    .filter((severity) => counted[severity] > 0)
    .map((severity) => {
      const words = `${counted[severity]} ${severity}${plural(severity, counted[severity])}`;
      return severity === "error" && enforcement > 0 ? `${words} (${enforcement} of enforcement)` : words;
    })
    .join(", ");
};

const plural = (severity: Severity, count: number): string =>
  count === 1 || severity === "information" ? "" : "s";
