import type { FileProblem } from "#host/plan-run.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ApiLeftOut } from "#protocol/api-test.ts";
import type { ApiCauseReport, ApiRunReport, ApiUnsent } from "#protocol/api-test-report.ts";

import { plural } from "./audit-text.ts";
import type { Style, Terminal } from "./command.ts";
import { linkTo } from "./test-ask.ts";
import { wrap } from "./width.ts";

const TEXT_COLUMNS_MAX = 100;

/** A run's report for people: what failed, how to see it again, and what was tried. */
export const reportLines = (
  report: ApiRunReport,
  problems: readonly FileProblem[],
  howInterrupted: string | null,
  terminal: Pick<Terminal, "style" | "columns">,
): readonly string[] => {
  const { style } = terminal;
  const { failures, warnings, operations, notSent, leftOut, requests, casesSent, casesPlanned, seed } =
    report;
  return [
    ...failures.flatMap((cause) => causeLines(cause, terminal)),
    ...warnings.flatMap((cause) => causeLines(cause, terminal)),
    ...notSent.flatMap((unsent) => unsentLines(unsent, terminal)),
    ...leftOut.map(
      ({ method, path, place, why }) =>
        `${style.yellow("left out")} ${visibleText(`${method} ${path}`)} ${style.dim(linkTo(place))}: ${visibleText(why)}`,
    ),
    ...operations
      .filter(({ sent }) => sent > 0)
      .map(({ method, path, sent, asExpected, notJudged }) => {
        const unjudged = notJudged === 0 ? "" : `, ${notJudged} whose answer proves nothing`;
        return `${visibleText(`${method} ${path}`)}: ${sent} sent, ${asExpected} as expected${unjudged}`;
      }),
    "",
    ...unjudgedLines(report, terminal),
    ...endLines(report, howInterrupted).map((line) => style.yellow(line)),
    [
      `${casesSent} of ${plural(casesPlanned, "case")}, ${plural(requests, "request")}, seed ${seed}`,
      ...untested(leftOut, problems),
    ].join("; "),
    verdict(report, style),
  ];
};

/** How much of a document no test is made of; nothing where all is tested. */
export const untested = (
  leftOut: readonly ApiLeftOut[],
  problems: readonly FileProblem[],
): readonly string[] => {
  const parts = problems.filter(({ problem }) => problem.code === NOT_TESTED).length;
  const said = [
    ...(leftOut.length === 0 ? [] : [`${plural(leftOut.length, "operation")} left out`]),
    ...(parts === 0 ? [] : [`${plural(parts, "note")} on what is not tested`]),
  ];
  return said.length === 0 ? [] : [said.join(", ")];
};

/** Of the problem that says what no test is made of. */
const NOT_TESTED = "WRIT117";

const verdict = ({ failures, requests, ended }: ApiRunReport, style: Style): string => {
  if (requests === 0) return style.red("nothing was sent, so nothing was tested");
  if (failures.length === 0 && ended === "unjudged") return style.red("nothing was shown");
  if (ended === "interrupted") {
    const soFar = failures.length === 0 ? style.yellow : style.red;
    return soFar(`${failures.length === 0 ? "no failure" : plural(failures.length, "failure")} so far`);
  }
  return failures.length === 0
    ? style.green("nothing contradicts the document")
    : style.red(plural(failures.length, "failure"));
};

/** Why an operation was not tried, with the rules that say so. */
const unsentLines = (
  { method, path, cases, message, rules }: ApiUnsent,
  { style, columns }: Pick<Terminal, "style" | "columns">,
): readonly string[] => {
  const width = Math.max(Math.min(columns, TEXT_COLUMNS_MAX) - 2, 20);
  const name = visibleText(`${method} ${path}`);
  return [
    `${style.yellow("not sent")} ${name}: ${plural(cases, "case")}`,
    ...wrap(message.endsWith(".") ? message : `${message}.`, width).map((line) => `  ${line}`),
    ...rules.flatMap(({ file, range, layer }) => {
      const at = range === null ? visibleText(file) : linkTo({ file, range });
      return message.includes(at) ? [] : [`  ${style.dim(`${at} (${layer} layer)`)}`];
    }),
    "",
  ];
};

/** What ended the run, and how to see it again. */
const unjudgedLines = (
  { unjudged }: ApiRunReport,
  { style, columns }: Pick<Terminal, "style" | "columns">,
): readonly string[] => {
  if (unjudged === null) return [];
  const { method, path, place, message, curl } = unjudged;
  const name = `${visibleText(`${method} ${path}`)} ${style.dim(linkTo(place))}`;
  const text = `${message}, so the run ended. A simpler schema, or a pattern without nested repetitions, is judged faster.`;
  return [
    `${style.red("not judged")} ${name}`,
    ...wrap(visibleText(text), Math.max(Math.min(columns, TEXT_COLUMNS_MAX) - 2, 20)).map(
      (line) => `  ${line}`,
    ),
    `  ${style.cyan(visibleText(curl))}`,
    "",
  ];
};

/** Why not everything was tried. */
const endLines = (
  { ended, casesPlanned, casesSent }: ApiRunReport,
  howInterrupted: string | null,
): readonly string[] => {
  switch (ended) {
    case "budget":
      return ["the budget of requests was used up before all cases were sent; --requests-max raises it"];
    case "silent":
      return ["the server stopped answering, so the run ended"];
    case "interrupted": {
      const by = howInterrupted === null ? "" : ` by ${howInterrupted}`;
      const left = plural(casesPlanned - casesSent, "case was", "cases were");
      return [`interrupted${by}: ${left} not sent, or not answered yet`];
    }
    case "completed":
    case "unjudged":
      return [];
  }
};

const causeLines = (
  cause: ApiCauseReport,
  { style, columns }: Pick<Terminal, "style" | "columns">,
): readonly string[] => {
  const { severity, check, message, place, example, count, reproduced, curl } = cause;
  const head = severity === "failure" ? style.red(`failure ${check}`) : style.yellow(`warning ${check}`);
  const width = Math.max(Math.min(columns, TEXT_COLUMNS_MAX) - 2, 20);
  const words = [
    `${example.method} ${example.path}: ${message}.`,
    `${example.why}.`,
    ...(example.rule === null ? [] : [`The rule is at ${linkTo(example.rule.place)}.`]),
    ...(count > 1 ? [`${count} cases show it; this is the smallest.`] : []),
    ...(reproduced === false ? ["It did not show again when the same request was sent once more."] : []),
  ];
  return [
    `${head} ${style.dim(linkTo(place))}`,
    ...words.flatMap((text) => wrap(visibleText(text), width)).map((line) => `  ${line}`),
    // One line, so that it can be copied whole.
    `  ${style.cyan(visibleText(curl))}`,
    "",
  ];
};
