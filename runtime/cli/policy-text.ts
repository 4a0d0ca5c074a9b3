import { durationText } from "#kernel/duration.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type {
  Decision,
  Explanation,
  LayerExplanation,
  Obligation,
  RuleCitation,
  RuleExplanation,
} from "#protocol/policy-vocabulary.ts";
import { POLICY_LAYER_NAMES } from "#protocol/policy-vocabulary.ts";

import type { Style, Terminal } from "./command.ts";
import { hanging } from "./hanging.ts";
import { placeOf } from "./problem-view.ts";
import { fit } from "./width.ts";

/** Decisions and explanations as lines that a person reads. */

type Page = Pick<Terminal, "columns" | "style">;

const TEXT_COLUMNS_MAX = 100;
/** A rule is shown as it was written, up to this many lines. */
const RULE_LINES_MAX = 8;

/** The outcome in one word, and why in one sentence. */
export const verdictLines = (decision: Decision, page: Page): readonly string[] => {
  const word = VERDICTS[decision.outcome];
  const [first = "", ...rest] = hanging(`${word.text}  `, visibleText(decision.summary), width(page));
  return [`${page.style[word.paint](word.text)}${first.slice(word.text.length)}`, ...rest];
};

/** The rules that decided, what they ask for, and what was missing. */
export const groundsLines = (decision: Decision, page: Page): readonly string[] => [
  ...decision.rules.flatMap((rule) => ["", ...ruleLines(rule, null, page)]),
  ...(decision.obligations.length === 0 ? [] : ["", page.style.bold("Asked for")]),
  ...decision.obligations.flatMap((obligation) => hanging("  ", obligationText(obligation), width(page))),
  ...decision.missing.flatMap(({ layer, nearest, why }) => [
    "",
    page.style.bold(`The ${POLICY_LAYER_NAMES[layer]} comes nearest with`),
    ...(nearest === null ? [] : ruleLines(nearest, null, page)),
    ...hanging("  ", visibleText(why), width(page)).map((line) => page.style.yellow(line)),
  ]),
];

/** Where to ask further, for a denial of which rules are the reason. */
export const hintLines = ({ denyReason }: Decision, page: Page): readonly string[] =>
  denyReason === null || denyReason === "unknown" || denyReason === "not-decidable"
    ? []
    : [
        "",
        ...hanging("", "`writ policy explain` says what every layer thinks of it.", width(page)).map((line) =>
          page.style.dim(line),
        ),
      ];

/** What each layer says, rule by rule. */
export const layerLines = ({ layers }: Explanation, page: Page): readonly string[] => {
  const lines = layers
    .map(shownLayer)
    .filter(hasSomethingToSay)
    .flatMap((layer) => oneLayerLines(layer, page));
  return lines.length === 0 ? ["", page.style.dim("No rule says anything about this action.")] : lines;
};

/** Of the built-in layer only what holds: nobody can change it, and it guards much that was not asked about. */
const shownLayer = (layer: LayerExplanation): LayerExplanation =>
  layer.layer === "builtin" && layer.says !== "does-not-permit"
    ? { ...layer, rules: layer.rules.filter(({ holds }) => holds !== "no") }
    : layer;

const hasSomethingToSay = ({ says, rules }: LayerExplanation): boolean =>
  says !== "silent" || rules.length > 0;

/** What stands in the way, and what to write so that it is permitted. */
export const suggestionLines = ({ suggestion, advice }: Explanation, page: Page): readonly string[] => [
  ...advice.flatMap((sentence) => ["", ...hanging("", visibleText(sentence), width(page))]),
  ...(suggestion.length === 0
    ? []
    : [
        "",
        page.style.bold("To permit it, write"),
        ...suggestion.flatMap(({ where, text }) => [
          page.style.dim(
            where === "file" ? "  into a policy of the agent's file" : "  into a file in policies/",
          ),
          ...hanging("    ", visibleText(text), Math.max(width(page), 60)).map((line) =>
            page.style.cyan(line),
          ),
        ]),
      ]),
];

const VERDICTS: Readonly<
  Record<Decision["outcome"], { readonly text: string; readonly paint: keyof Style }>
> = {
  allow: { text: "allowed", paint: "green" },
  "allow-with-conditions": { text: "allowed", paint: "green" },
  "step-up": { text: "ask a person", paint: "yellow" },
  deny: { text: "denied", paint: "red" },
  modify: { text: "denied", paint: "red" },
  defer: { text: "denied", paint: "red" },
};

const width = ({ columns }: Page): number => Math.min(columns, TEXT_COLUMNS_MAX);

const oneLayerLines = ({ layer, says, rules }: LayerExplanation, page: Page): readonly string[] => {
  const { style } = page;
  const { text, paint } = SAYINGS[says];
  return [
    "",
    `${style.bold(POLICY_LAYER_NAMES[layer])} ${style[paint](text)}`,
    ...rules.flatMap((rule) => ruleLines(rule.rule, rule, page)),
  ];
};

const SAYINGS: Readonly<
  Record<LayerExplanation["says"], { readonly text: string; readonly paint: keyof Style }>
> = {
  forbids: { text: "forbids it", paint: "red" },
  errs: { text: "could not be evaluated and might forbid it", paint: "red" },
  permits: { text: "permits it", paint: "green" },
  "does-not-permit": { text: "has permits for it, of which none holds", paint: "yellow" },
  silent: { text: "neither permits nor forbids it", paint: "dim" },
};

/** A rule with its place, as it was written, and how it came out where that is known. */
const ruleLines = (rule: RuleCitation, result: RuleExplanation | null, page: Page): readonly string[] => {
  const { style, columns } = page;
  const place = rule.range === null ? visibleText(rule.file) : placeOf(rule.file, rule.range);
  const mark = result === null ? "" : `${MARKS[result.holds].text} `;
  const name = `${EFFECTS[rule.effect]} ${visibleText(rule.rule)}`;
  const head = `  ${style[MARKS[result?.holds ?? "yes"].paint](mark)}${style.bold(name)}`;
  const fitsBeside = 2 + mark.length + name.length + 2 + place.length <= columns;
  const text = rule.text.split(/\r\n?|\n/);
  return [
    ...(fitsBeside ? [`${head}  ${style.dim(place)}`] : [head, `    ${style.dim(place)}`]),
    ...text
      .slice(0, RULE_LINES_MAX)
      .map((line) => `    ${fit(visibleText(line.replaceAll("\t", "  ")), columns - 4)}`),
    ...(text.length > RULE_LINES_MAX ? [style.dim(`    … ${text.length - RULE_LINES_MAX} more lines`)] : []),
    ...(result === null || result.why === null
      ? []
      : hanging("    ", visibleText(result.why), width(page)).map((line) => style.yellow(line))),
  ];
};

const MARKS: Readonly<
  Record<RuleExplanation["holds"], { readonly text: string; readonly paint: keyof Style }>
> = {
  yes: { text: "holds", paint: "green" },
  no: { text: "does not hold", paint: "dim" },
  error: { text: "fails", paint: "red" },
};

const EFFECTS: Readonly<Record<RuleCitation["effect"], string>> = {
  permit: "permit",
  forbid: "forbid",
  require: "requirement",
};

const obligationText = (obligation: Obligation): string => {
  const by = `(${visibleText(obligation.rule.rule)})`;
  switch (obligation.k) {
    case "approval": {
      const who =
        obligation.approvers.length === 0
          ? ""
          : ` of ${obligation.approvers.map((name) => visibleText(name)).join(", ")}`;
      const people =
        obligation.min === 1 ? "a person's agreement" : `the agreement of ${obligation.min} people`;
      const other = obligation.notInitiator ? ", not of who started the run" : "";
      return `${people}${who}${other} ${by}`;
    }
    case "sandbox-tier":
      return `a sandbox of tier ${obligation.tier} or stronger ${by}`;
    case "timeout":
      return `an end after ${durationText(obligation.timeoutMs)} ${by}`;
  }
};
