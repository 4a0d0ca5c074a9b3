import type { FileProblem } from "#host/plan-run.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ApiLeftOut } from "#protocol/api-test.ts";
import type { ApiCauseReport, ApiRunReport, ApiUnsent } from "#protocol/api-test-report.ts";

import { plural, showCommand } from "./audit-text.ts";
import type { Style, Terminal } from "./command.ts";
import { linkTo } from "./test-ask.ts";
import { remedyLines, unprovenPart, unprovenText, verdictOf } from "./test-verdict.ts";
import { wrap } from "./width.ts";

const TEXT_COLUMNS_MAX = 100;
const INDENT = "  ";

type View = Pick<Terminal, "style" | "columns">;

/** A run's report for people: what failed, how to see it again, and what was tried. */
export const reportLines = (
  report: ApiRunReport,
  problems: readonly FileProblem[],
  howInterrupted: string | null,
  view: View,
): readonly string[] => {
  const { style } = view;
  const { failures, warnings, operations, notSent, leftOut, requests, casesSent, casesPlanned, seed } =
    report;
  return [
    ...bounded(failures, "failures", view, (cause) => causeLines(cause, view)),
    ...bounded(warnings, "warnings", view, (cause) => causeLines(cause, view)),
    ...bounded(notSent, "operations that were not sent", view, (unsent) => unsentLines(unsent, view)),
    ...bounded(leftOut, "operations that are left out", view, ({ method, path, place, why }) => {
      const name = visibleText(`${method} ${path}`);
      return textLines(`left out ${name} ${linkTo(place)}: ${visibleText(why)}`, view, [
        ["left out", style.yellow],
        [linkTo(place), style.dim],
      ]);
    }),
    ...bounded(
      operations.filter(({ sent }) => sent > 0),
      "operations that were sent",
      view,
      (operation) => {
        const { method, path, sent, asExpected, notJudged } = operation;
        const unjudged = notJudged === 0 ? "" : `, ${notJudged} whose answer proves nothing`;
        const name = visibleText(`${method} ${path}`);
        const text = `${name}: ${sent} sent, ${asExpected} as expected${unjudged}${unprovenText(operation)}`;
        return textLines(text, view);
      },
    ),
    "",
    ...unjudgedLines(report, view),
    ...[...endLines(report, howInterrupted), ...remedyLines(report)].flatMap((line) =>
      textLines(line, view).map(style.yellow),
    ),
    ...textLines(
      [
        `${casesSent} of ${plural(casesPlanned, "case")}, ${plural(requests, "request")}, seed ${seed}`,
        ...untested(leftOut, problems),
      ].join("; "),
      view,
    ),
    ...verdict(report, view),
  ];
};

/** Entries of one kind that a report for people has; a program is given all of them. */
const SHOWN_MAX = 100;

const bounded = <T>(
  items: readonly T[],
  what: string,
  view: View,
  linesOf: (item: T) => readonly string[],
): readonly string[] => {
  const more = items.length - SHOWN_MAX;
  const rest = more > 0 ? textLines(`and ${more} more ${what}, which --json lists`, view) : [];
  return [...items.slice(0, SHOWN_MAX).flatMap(linesOf), ...rest];
};

/**
 * Visible text in lines that fit, all but the first behind a margin. Pieces of it are painted where a line has
 * them whole.
 */
const textLines = (
  text: string,
  view: View,
  paints: readonly (readonly [piece: string, paint: (text: string) => string])[] = [],
): readonly string[] =>
  wrap(text, widthOf(view)).map((line, index) => {
    const painted = paints.reduce((done, [piece, paint]) => done.replace(piece, () => paint(piece)), line);
    return index === 0 ? painted : `${INDENT}${painted}`;
  });

/** Text below a head, behind a margin as a whole. */
const below = (text: string, view: View): readonly string[] =>
  wrap(text, widthOf(view)).map((line) => `${INDENT}${line}`);

const widthOf = ({ columns }: View): number => Math.min(columns, TEXT_COLUMNS_MAX) - INDENT.length;

/** One line, so that it can be copied whole. */
const curlText = (curl: string, { style }: View): string => `${INDENT}${style.cyan(visibleText(curl))}`;

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

const verdict = (report: ApiRunReport, view: View): readonly string[] => {
  const [text, paint] = wordsOf(report);
  return textLines(text, view).map(view.style[paint]);
};

const wordsOf = (report: ApiRunReport): readonly [string, keyof Style] => {
  const { failures, ended, casesSent, casesPlanned } = report;
  const found = plural(failures.length, "failure");
  switch (verdictOf(report)) {
    case "nothing-sent":
      return ["nothing was sent, so nothing was tested", "red"];
    case "contradicted":
      return [ended === "interrupted" || ended === "unrecorded" ? `${found} so far` : found, "red"];
    case "incomplete": {
      if (ended === "interrupted" || ended === "unrecorded") return ["no failure so far", "yellow"];
      if (ended === "unjudged") return ["nothing was shown", "red"];
      return [`no failure so far; ${plural(casesPlanned - casesSent, "case")} showed nothing`, "red"];
    }
    case "unproven":
      return ["nothing was proven", "red"];
    case "sound":
      return [`nothing contradicts the document${unprovenPart(report)}`, "green"];
  }
};

/** Why an operation was not tried, with the rules that say so. */
const unsentLines = ({ method, path, cases, message, rules }: ApiUnsent, view: View): readonly string[] => {
  const { style } = view;
  const head = `not sent ${visibleText(`${method} ${path}`)}: ${plural(cases, "case")}`;
  return [
    ...textLines(head, view, [["not sent", style.yellow]]),
    ...below(message.endsWith(".") ? message : `${message}.`, view),
    ...rules.flatMap(({ file, range, layer }) => {
      const at = range === null ? visibleText(file) : linkTo({ file, range });
      return message.includes(at) ? [] : below(`${at} (${layer} layer)`, view).map(style.dim);
    }),
    "",
  ];
};

/** What ended the run, and how to see it again. */
const unjudgedLines = ({ unjudged }: ApiRunReport, view: View): readonly string[] => {
  if (unjudged === null) return [];
  const { style } = view;
  const { method, path, place, message, curl } = unjudged;
  const text = `${message}, so the run ended. A simpler schema, or a pattern without nested repetitions, is judged faster.`;
  return [
    ...textLines(`not judged ${visibleText(`${method} ${path}`)} ${linkTo(place)}`, view, [
      ["not judged", style.red],
      [linkTo(place), style.dim],
    ]),
    ...below(visibleText(text), view),
    curlText(curl, view),
    "",
  ];
};

/** Why not everything was tried. */
const endLines = (
  { ended, casesPlanned, casesSent, requests, requestsRecorded }: ApiRunReport,
  howInterrupted: string | null,
): readonly string[] => {
  const left = casesPlanned - casesSent;
  const missing = `${plural(left, "case was", "cases were")} not sent, or not answered yet`;
  switch (ended) {
    case "budget":
      return ["the budget of requests was used up before all cases were sent; --requests-max raises it"];
    case "silent":
      return ["cases one after another had no complete answer, so the run ended before all were sent"];
    case "interrupted": {
      const by = howInterrupted === null ? "" : ` by ${howInterrupted}`;
      return [`interrupted${by}: ${missing}`];
    }
    case "unrecorded":
      return [
        `the ledger could not be written, so nothing more was sent${left === 0 ? "" : `: ${missing}`}`,
        `${requestsRecorded} of ${plural(requests, "request is", "requests are")} known to be on record`,
      ];
    case "completed":
    case "unjudged":
      return [];
  }
};

const causeLines = (cause: ApiCauseReport, view: View): readonly string[] => {
  const { style } = view;
  const { severity, check, message, place, example, count, parts, reproduced, recorded, curl } = cause;
  const head = `${severity} ${check}`;
  const words = [
    `${example.method} ${example.path}: ${message}.`,
    `${example.why}.`,
    ...(example.rule === null ? [] : [`The rule is at ${linkTo(example.rule.place)}.`]),
    ...(count > 1 ? [`${count} cases show it${partsText(parts)}; this is the smallest.`] : []),
    ...(reproduced === false ? ["It did not show again when the same request was sent once more."] : []),
    ...(recorded ? [] : ["It is not on record: the ledger did not take the request that shows it."]),
  ];
  return [
    ...textLines(`${head} ${linkTo(place)}`, view, [
      [head, severity === "failure" ? style.red : style.yellow],
      [linkTo(place), style.dim],
    ]),
    ...words.flatMap((text) => below(visibleText(text), view)),
    curlText(curl, view),
    "",
  ];
};

const PARTS_SHOWN_MAX = 5;

/** Where the cases of one cause are about several parts: which. */
const partsText = (parts: readonly string[]): string => {
  if (parts.length < 2) return "";
  const more = parts.length - PARTS_SHOWN_MAX;
  return `, about ${parts.slice(0, PARTS_SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more parts` : ""}`;
};

/** Where a run is on record, as far as it is. */
export const recordLines = (
  run: string,
  { ended }: ApiRunReport,
  { style, columns }: View,
): readonly string[] => {
  const what = ended === "unrecorded" ? "is on record" : "was decided and sent";
  return wrap(`${showCommand(run, columns)} shows what ${what}`, columns).map(style.dim);
};
