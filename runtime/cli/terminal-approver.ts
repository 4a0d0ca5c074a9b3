import { throwIfAborted } from "#kernel/abort.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { aboutDurationText } from "#kernel/duration.ts";
import type { JsonValue } from "#kernel/json.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { ApprovalAnswer, ApprovalQuestion, Approver } from "#ports/approver.ts";
import type { RuleCitation } from "#protocol/policy-vocabulary.ts";
import { shortFingerprint } from "#protocol/short-fingerprint.ts";

import type { Style, Terminal } from "./command.ts";
import { hanging } from "./hanging.ts";
import { tell } from "./tell.ts";
import { folded, wrap } from "./width.ts";

/** What is shown of one argument and of the preview; what is beyond is said, never dropped silently. */
const ARGUMENT_CHARACTERS_MAX = 8_000;
export const PREVIEW_CHARACTERS_MAX = 64_000;
const RULE_CHARACTERS_MAX = 400;

/**
 * Asks the person at this terminal. Everything untrusted is shown escaped and behind a bar that
 * nothing inside it can leave, so no argument can look like our own words. Only `yes` or the
 * call's short code agrees; any other line, also an empty one, refuses, and at the end of input
 * nobody has answered. What was typed before the question could be read does not count, which is the terminal's promise.
 *
 * Questions wait for each other: nobody answers one while reading another.
 */
export const createTerminalApprover = (options: {
  readonly terminal: Terminal;
  /** The operating-system user at the terminal. */
  readonly user: string;
}): Approver => {
  let before: Promise<unknown> = Promise.resolve();
  return {
    ask(question, signal) {
      const asked = before.then(() => askNow(options.terminal, options.user, question, signal));
      before = asked.catch(() => undefined);
      return asked;
    },
  };
};

const askNow = async (
  terminal: Terminal,
  user: string,
  question: ApprovalQuestion,
  signal: AbortSignal,
): Promise<ApprovalAnswer> => {
  throwIfAborted(signal);
  if (!terminal.interactive) {
    return { k: "unavailable", why: "there is no terminal to ask at" };
  }
  const { approvers, except } = question.who;
  if ((approvers.length > 0 && !approvers.includes(user)) || except.includes(user)) {
    tell(
      terminal,
      `${visibleText(question.tool)} needs the approval of another person than ${visibleText(user)}`,
    );
    return { k: "unavailable", why: `the rules do not accept the approval of ${visibleText(user)}` };
  }
  for (const line of approvalLines(question, terminal.columns, terminal.style)) terminal.err(line);
  const code = shortFingerprint(question.fingerprint);
  const typed = await terminal.question(
    `Type yes or ${code} to allow this once, anything else to refuse: `,
    signal,
  );
  const by = { by: user, surface: "terminal" } as const;
  // A terminal that somebody closed is not a person who said no.
  if (typed === null) return { k: "unavailable", why: "the input ended before anybody answered" };
  const answer = typed.trim();
  return answer === "yes" || answer === code
    ? { k: "approved", ...by, fingerprint: question.fingerprint }
    : { k: "refused", ...by, reason: answer === "" ? null : visibleExcerpt(answer, RULE_CHARACTERS_MAX) };
};

/** The question as a person reads it, each line at most `columns` wide. */
export const approvalLines = (
  question: ApprovalQuestion,
  columns: number,
  style: Style,
): readonly string[] => {
  const fact = (word: string, text: string): readonly string[] =>
    hanging(`  ${word.padEnd(5)} `, text, columns);
  const named = `${shortFingerprint(question.fingerprint)}, this once`;
  return [
    "",
    ...wrap(`${visibleText(question.tool)} needs your approval`, columns).map((line) => style.bold(line)),
    ...fact("for", visibleText(question.principal)),
    ...fact("call", `${named}, within ${aboutDurationText(question.expiresInMs)}`),
    ...question.decision.obligations
      .filter((obligation) => obligation.k === "approval")
      .flatMap((obligation) => fact("rule", citationText(obligation.rule))),
    ...Object.entries(question.arguments).flatMap(([name, value]) => [
      ...hanging("  ", `${visibleText(name)}:`, columns),
      ...block(argumentText(value), ARGUMENT_CHARACTERS_MAX, columns),
    ]),
    ...(question.preview === null
      ? []
      : [
          "  would change:",
          ...block(question.preview.replace(/\n$/, ""), PREVIEW_CHARACTERS_MAX, columns).map((line) =>
            coloured(line, style),
          ),
        ]),
  ];
};

/** Where the rule stands and what it says. */
const citationText = ({ file, range, rule, text }: RuleCitation): string => {
  const at = range === null ? "" : `:${range.line}:${range.column}`;
  const said = visibleExcerpt(text.replaceAll(/\s+/g, " "), RULE_CHARACTERS_MAX);
  return `${visibleText(file)}${at} (${visibleText(rule)}): ${said}`;
};

/** A text as it is, anything else as canonical JSON. */
const argumentText = (value: JsonValue): string => (typeof value === "string" ? value : canonicalJson(value));

const BAR = "  │ ";
/** For the rest of a line that is longer than the terminal is wide. */
const BAR_AGAIN = "  ┆ ";

/** Untrusted text behind a bar, folded instead of cut: a reader sees all of it or is told how much is missing. */
export const block = (text: string, charactersMax: number, columns: number): readonly string[] => {
  const shown = visibleText(text.slice(0, charactersMax), { multiline: true }).replaceAll("\t", "    ");
  const left = text.length - charactersMax;
  return [
    ...shown
      .split("\n")
      .flatMap((line) =>
        folded(line, columns - BAR.length).map((part, index) => `${index === 0 ? BAR : BAR_AGAIN}${part}`),
      ),
    ...(left > 0 ? [`  … ${left} more characters are NOT shown`] : []),
  ];
};

const coloured = (line: string, style: Style): string => {
  if (line.startsWith(`${BAR}+`)) return style.green(line);
  if (line.startsWith(`${BAR}-`)) return style.red(line);
  return line;
};
