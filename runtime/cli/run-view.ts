import { canonicalJson } from "#kernel/canonical-json.ts";
import { aboutDurationText } from "#kernel/duration.ts";
import type { JsonObject } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { ObservedEntry, RunObserver } from "#host/run-observer.ts";
import type { EntryType, LiveType } from "#protocol/run-event.ts";

import { plural } from "./audit-text.ts";
import type { Style, Terminal } from "./command.ts";
import { diffLines } from "./diff-view.ts";
import {
  briefArguments,
  briefValue,
  citedRules,
  contentObject,
  contentPart,
  explanationOf,
  numberField,
  textField,
} from "./event-fields.ts";
import { columnsOf, fit, wrap } from "./width.ts";

const MARGIN = "     ";
const INDENT = `${MARGIN}  `;
/** Stands before every line that a model or a program wrote: none of our own lines begins so. */
const QUOTED = "› ";
/** The same for lines of files, as questions for approval have it. */
const BAR = "│ ";
const ROW_COLUMNS = 10;
const TEXT_COLUMNS_MAX = 96;
const TEXT_CHARACTERS_MAX = 4_000;
const DIFF_LINES_MAX = 200;
/** A model may propose thousands of calls at once; the ledger has them all, a person reads no more of one turn. */
const CALLS_SHOWN_MAX = 40;
const DIFF_LINES_OF_TURN_MAX = 600;
const RESULT_LINES_MAX = 3;
const REASON_CHARACTERS_MAX = 600;

/** What a run that goes on has lost of its sandbox. */
const LOST: Readonly<Record<string, string>> = {
  processes: "programs of the sandbox; the run has its files again",
  "processes-and-changes":
    "programs of the sandbox, and what they had not finished; the files before that are there again",
};

/** What closes before `run.resumed` what a dead host left open. */
const CLOSINGS: ReadonlySet<EntryType> = new Set([
  "approval.answered",
  "model.failed",
  "action.completed",
  "effect.unknown",
]);

/** Finish reasons behind which there is no whole answer. */
const NO_ANSWER: Readonly<Record<string, string>> = {
  length: "cut off by its length; no call that stood in it is made",
  refused: "stopped by the model or its provider; no call that stood in it is made",
};

const TOLD: Readonly<Record<string, string>> = {
  EFFECT_HAPPENED: "happened",
  EFFECT_ABSENT: "did not happen",
};

/**
 * A run as a person reads it in a terminal: one numbered paragraph for each turn of the loop, one
 * line for each action with what was decided, and the rule where it was not simply allowed. It is
 * made from the run's entries, so nothing is shown before it is durable. Text of others is made
 * visible first, and each line of it stands behind a mark, so that nothing it says looks like ours.
 */
export const createRunView = (terminal: Terminal): RunObserver => new RunView(terminal);

type Show = (fields: JsonObject, content: ObservedEntry["content"]) => void;

class RunView implements RunObserver {
  readonly #terminal: Terminal;
  readonly #style: Style;
  readonly #columns: number;
  readonly #shows: { readonly [type: string]: Show };
  #turns = 0;
  #denials = 0;
  #refusals = 0;
  /** Files that were to be published and are not, since that failed. */
  #unpublished = 0;
  /** Of all answers so far, in billionths of a US dollar; null once one came whose price is not known. */
  #costNanoUsd: number | null = 0;
  /** Why this tier was chosen, in words; the entry has a code only. */
  #tier = "";
  /** The call whose line was printed last, and the names of all calls of the turn. */
  #lastCall = "";
  readonly #calls = new Map<string, string>();
  /** Calls of the turn whose denial was explained by the decision. */
  readonly #explained = new Set<string>();
  /** Calls of the turn so far, those of them that were too many to be shown, and how many of these were denied. */
  #callsOfTurn = 0;
  readonly #unshown = new Set<string>();
  #unshownDenials = 0;
  #diffLinesLeft = DIFF_LINES_OF_TURN_MAX;
  /** What was lost with a host comes before the run goes on, and is shown below that; null once it did. */
  #lost: ObservedEntry[] | null = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#style = terminal.style;
    this.#columns = Math.min(terminal.columns, TEXT_COLUMNS_MAX);
    this.#shows = {
      "consent.given": (fields) => this.#consent(fields),
      "run.started": (fields, content) => this.#start(fields, content),
      "run.resumed": (fields) => this.#resume(fields),
      "sandbox.recreated": (fields) =>
        this.#row("lost", LOST[textField(fields, "lost")] ?? textField(fields, "lost")),
      "person.intervened": (fields) => this.#told(fields),
      // A run that goes on counts on.
      "model.requested": (fields) => void (this.#turns = Math.max(0, numberField(fields, "iteration") - 1)),
      "model.answered": (fields, content) => this.#turn(fields, content),
      "model.retried": (fields) => this.#retry(fields),
      "model.failed": (fields, content) => this.#failure(fields, content),
      "action.decided": (fields, content) => this.#decision(fields, content),
      "approval.answered": (fields) => this.#answer(fields),
      "action.completed": (fields, content) => this.#completion(fields, content),
      "effect.unknown": (fields, content) =>
        this.#below(
          fields,
          this.#style.red,
          `outcome unknown (${textField(fields, "code")}): ${explanationOf(content)}`,
        ),
      "limit.reached": (fields) =>
        this.#say(
          `${MARGIN}${this.#style.yellow("limit reached")}: ${textField(fields, "limit")} (${numberField(fields, "used")} of ${numberField(fields, "max")})`,
        ),
      "run.ended": (fields, content) => this.#end(fields, content),
    };
  }

  entry(event: ObservedEntry): void {
    if (this.#lost !== null && CLOSINGS.has(event.type)) {
      this.#lost.push(event);
      return;
    }
    if (event.type === "run.resumed") this.#show(event);
    if (event.type !== "consent.given") {
      for (const lost of this.#lost ?? []) this.#show(lost);
      this.#lost = null;
    }
    if (event.type !== "run.resumed") this.#show(event);
  }

  #show({ type, public: fields, content }: ObservedEntry): void {
    this.#shows[type]?.(fields, content);
  }

  live(type: LiveType, data: JsonObject): void {
    if (type === "host.noticed" && textField(data, "code") === "SANDBOX_CHOSEN") {
      this.#tier = textField(data, "text");
    } else if (type === "host.noticed") {
      this.#row("notice", textField(data, "text"));
    } else if (type === "output.printed") {
      const level = textField(data, "level");
      const line = `${level === "" ? "" : `${level}: `}${textField(data, "text")}`;
      this.#say(this.#quoted(line, MARGIN));
    }
  }

  #consent(fields: JsonObject): void {
    const how =
      ownValue(fields, "remembered") === true ? "given before" : `given (${textField(fields, "surface")})`;
    this.#row(
      "consent",
      `${how} by ${textField(fields, "by")}, powers ${textField(fields, "powers").slice(0, 12)}`,
    );
  }

  #start(fields: JsonObject, content: ObservedEntry["content"]): void {
    this.#row("sandbox", this.#tier === "" ? textField(fields, "tier") : this.#tier);
    this.#row("model", textField(fields, "model"));
    this.#row("agent", textField(fields, "agent"));
    const inputs = Object.entries(contentObject(content, "inputs"));
    if (inputs.length > 0)
      this.#row("inputs", inputs.map(([name, value]) => `${name} = ${briefValue(value)}`).join(", "));
  }

  #resume(fields: JsonObject): void {
    this.#row("sandbox", this.#tier === "" ? textField(fields, "tier") : this.#tier);
    this.#row("model", textField(fields, "model"));
    // What was paid before is in the ledger; a part of it would look like the whole.
    this.#costNanoUsd = null;
    this.#row("resumed", `behind ${plural(numberField(fields, "inputs"), "input")} on record`);
  }

  #told(fields: JsonObject): void {
    const said = TOLD[textField(fields, "act")];
    if (said === undefined) return;
    this.#paragraph(`${textField(fields, "by")} says that the call ${said}`, MARGIN);
  }

  #turn(fields: JsonObject, content: ObservedEntry["content"]): void {
    this.#turns += 1;
    this.#sayUnshown();
    this.#calls.clear();
    this.#explained.clear();
    const cost = ownValue(fields, "costNanoUsd");
    this.#costNanoUsd =
      typeof cost === "number" && this.#costNanoUsd !== null ? this.#costNanoUsd + cost : null;
    const words = textField(contentObject(content, "answer"), "text");
    const lead = this.#style.bold(String(this.#turns).padStart(3).padEnd(MARGIN.length));
    this.#say("");
    if (words.trim() !== "") this.#paragraph(words, `${lead}${QUOTED}`, `${MARGIN}${QUOTED}`);
    else
      this.#say(
        `${lead}${this.#style.dim(`(no words, ${plural(numberField(fields, "toolCalls"), "call")})`)}`,
      );
    const told = NO_ANSWER[textField(fields, "finish")];
    if (told !== undefined) this.#paragraph(told, MARGIN, MARGIN, this.#style.yellow);
  }

  #failure(fields: JsonObject, content: ObservedEntry["content"]): void {
    const code = textField(fields, "code");
    if (code === "HOST_DIED") {
      this.#row("lost", "an answer of the model: the run's host died before it came");
      return;
    }
    this.#say("");
    this.#paragraph(`the model failed (${code}): ${explanationOf(content)}`, this.#style.red("  !  "));
  }

  #retry(fields: JsonObject): void {
    const wait = aboutDurationText(numberField(fields, "waitMs"));
    this.#say("");
    this.#paragraph(
      `the model gave no answer (${textField(fields, "code")}), try ${numberField(fields, "attempt")}; asking again in ${wait}`,
      this.#style.yellow("  ~  "),
    );
  }

  #decision(fields: JsonObject, content: ObservedEntry["content"]): void {
    const tool = textField(fields, "tool");
    const outcome = textField(fields, "outcome");
    const isPlain = outcome === "allow" || outcome === "allow-with-conditions";
    if (outcome === "deny") this.#denials += 1;
    // Answering and thinking are decided too; that is worth a line only when it is not allowed.
    if (tool === "" && isPlain) return;
    const callId = textField(fields, "callId");
    const needsPerson = outcome === "step-up";
    this.#callsOfTurn += 1;
    if (this.#callsOfTurn > CALLS_SHOWN_MAX && !needsPerson) {
      this.#unshown.add(callId);
      if (outcome === "deny") this.#unshownDenials += 1;
      return;
    }
    const name = this.#nameOf(fields, content);
    const call = `${name} ${briefArguments(name, contentPart(content, "arguments"))}`.trimEnd();
    const verdict = this.#verdict(outcome, isPlain);
    const room = this.#columns - MARGIN.length - columnsOf(verdict) - 2;
    const shown = fit(visibleText(call), room);
    this.#say(`${MARGIN}${shown}${" ".repeat(room - columnsOf(shown) + 2)}${verdict}`);
    this.#lastCall = callId;
    this.#calls.set(callId, call);
    // The question that follows shows rule and change itself.
    if (needsPerson && this.#terminal.interactive) return;
    const decided = contentObject(content, "decision");
    if (!isPlain && Object.keys(decided).length > 0) {
      this.#explained.add(this.#lastCall);
      this.#reasons(decided);
    }
    if (tool === "publish_file") this.#preview(contentPart(content, "preview"));
  }

  /** How many calls of the turn were not shown, once it is over. */
  #sayUnshown(): void {
    const count = this.#unshown.size;
    if (count > 0) {
      const denied =
        this.#unshownDenials > 0 ? `, ${this.#unshownDenials.toLocaleString("en-US")} of them denied` : "";
      this.#paragraph(
        `… and ${plural(count, "more call")}${denied}; \`writ audit show\` has them all`,
        MARGIN,
        MARGIN,
        this.#style.dim,
      );
    }
    this.#unshown.clear();
    this.#unshownDenials = 0;
    this.#callsOfTurn = 0;
    this.#diffLinesLeft = DIFF_LINES_OF_TURN_MAX;
  }

  /** The tool, also one that nobody knows, or the action where there is no tool. */
  #nameOf(fields: JsonObject, content: ObservedEntry["content"]): string {
    const known = textField(fields, "tool");
    const asked = textField(contentObject(content, "request"), "tool");
    return [known, asked, textField(fields, "action")].find((name) => name !== "") ?? "";
  }

  #verdict(outcome: string, isPlain: boolean): string {
    if (isPlain) return this.#style.green("allowed");
    return outcome === "step-up"
      ? this.#style.yellow("needs a person")
      : this.#style.red(this.#style.bold("DENIED"));
  }

  #reasons(decision: JsonObject): void {
    const rules = citedRules(decision);
    const summary = textField(decision, "summary");
    if (rules.length === 0 && summary !== "") this.#paragraph(summary, INDENT, INDENT);
    for (const rule of rules) {
      this.#paragraph(rule.text, `${MARGIN}${this.#style.red("│")} `, `${MARGIN}${this.#style.red("│")} `);
      this.#paragraph(
        rule.place,
        `${MARGIN}${this.#style.red("│")} `,
        `${MARGIN}${this.#style.red("│")} `,
        this.#style.dim,
      );
    }
  }

  #preview(preview: unknown): void {
    if (typeof preview !== "string" || preview === "") return;
    const lines = diffLines(preview, this.#columns - INDENT.length - BAR.length, this.#style);
    const shown = Math.min(lines.length, DIFF_LINES_MAX, this.#diffLinesLeft);
    this.#diffLinesLeft -= shown;
    for (const line of lines.slice(0, shown)) this.#say(`${INDENT}${BAR}${line}`.trimEnd());
    const more = lines.length - shown;
    if (more > 0) this.#say(this.#style.dim(`${INDENT}… ${plural(more, "more line")}`));
  }

  #answer(fields: JsonObject): void {
    const answer = textField(fields, "answer");
    if (this.#unshown.has(textField(fields, "callId"))) return;
    if (!this.#calls.has(textField(fields, "callId"))) {
      // A run that goes on first puts on record that nobody can answer what the dead process asked.
      this.#below(fields, this.#style.dim, "the question went with the process that asked it");
      return;
    }
    const by = textField(fields, "by");
    if (answer !== "approved") this.#refusals += 1;
    const paint = answer === "approved" ? this.#style.green : this.#style.red;
    this.#below(fields, paint, by === "" ? answer : `${answer} by ${by} (${textField(fields, "surface")})`);
  }

  #completion(fields: JsonObject, content: ObservedEntry["content"]): void {
    const status = textField(fields, "status");
    if (status === "failed" && textField(fields, "tool") === "publish_file") this.#unpublished += 1;
    if (!this.#calls.has(textField(fields, "callId"))) return;
    const words = textField(contentObject(content, "result"), "text").split("\n");
    const lines = words.filter((line) => line.trim() !== "");
    if (status === "failed") this.#below(fields, this.#style.yellow, lines.join(" "));
    // What the gate itself refused was never put to a rule, so its line says why.
    if (status === "denied" && !this.#explained.has(textField(fields, "callId"))) {
      this.#paragraph(lines.join(" "), INDENT, INDENT, this.#style.red);
    }
    if (status !== "done" || lines.length === 0) return;
    this.#name(fields);
    const more = lines.length - RESULT_LINES_MAX;
    // Why a program failed, and that nothing of it is kept, stands at the end of what it printed.
    const head = more > 0 && exitCodeOf(content) !== 0 ? 1 : RESULT_LINES_MAX;
    for (const line of lines.slice(0, head)) this.#say(this.#style.dim(this.#quoted(line, INDENT)));
    if (more > 0) this.#say(this.#style.dim(`${INDENT}${plural(more, "more line")}`));
    for (const line of more > 0 ? lines.slice(head + more) : []) {
      this.#say(this.#style.dim(this.#quoted(line, INDENT)));
    }
  }

  /** What we say about a call, below it. */
  #below(fields: JsonObject, paint: (text: string) => string, words: string): void {
    this.#name(fields);
    this.#paragraph(visibleExcerpt(words, REASON_CHARACTERS_MAX), INDENT, INDENT, paint);
  }

  /** Where other calls were shown since, what follows says which one it belongs to. */
  #name(fields: JsonObject): void {
    const call = textField(fields, "callId");
    if (call === this.#lastCall) return;
    this.#lastCall = call;
    const shown = fit(
      visibleText(this.#calls.get(call) ?? "an earlier call"),
      this.#columns - MARGIN.length - 1,
    );
    this.#say(`${MARGIN}${this.#style.dim(`${shown}:`)}`);
  }

  /** A line that somebody else wrote. */
  #quoted(line: string, indent: string): string {
    const columns = this.#columns - indent.length - QUOTED.length;
    return `${indent}${QUOTED}${fit(visibleText(line.slice(0, TEXT_CHARACTERS_MAX)), columns)}`;
  }

  #end(fields: JsonObject, content: ObservedEntry["content"]): void {
    this.#sayUnshown();
    const outcome = textField(fields, "outcome");
    const paint =
      outcome === "completed"
        ? this.#style.green
        : outcome === "failed"
          ? this.#style.red
          : this.#style.yellow;
    const reason = textField(fields, "reason");
    const turns = numberField(fields, "iterations");
    const facts = [
      `in ${aboutDurationText(numberField(fields, "wallMs"))}`,
      `${turns} ${turns === 1 ? "turn" : "turns"}`,
      `${numberField(fields, "inputTokens") + numberField(fields, "outputTokens")} tokens`,
      ...(this.#turns > 0 && this.#costNanoUsd !== null ? [dollars(this.#costNanoUsd)] : []),
      `${this.#denials} denied`,
      ...(this.#refusals > 0 ? [`${this.#refusals} refused`] : []),
      ...(this.#unpublished > 0 ? [`${plural(this.#unpublished, "publish", "publishes")} failed`] : []),
    ];
    this.#say("");
    const why = reason === "COMPLETED" || reason === outcome.toUpperCase() ? "" : ` (${reason})`;
    const [first = "", ...rest] = wrap(`${outcome}${why} ${facts.join(", ")}`, this.#columns - 2);
    this.#say(`${paint(this.#style.bold(outcome))}${first.slice(outcome.length)}`);
    for (const line of rest) this.#say(`  ${line}`);
    // What kept a run from beginning the command says itself, with what to do about it.
    const explanation = reason === "SESSION_UNAVAILABLE" ? "" : explanationOf(content);
    if (explanation !== "") this.#paragraph(explanation, "  ", "  ");
    if (reason === "SANDBOX_LOST") this.#paragraph(ENGINE_LOST, "  ", "  ");
    const result = contentPart(content, "result");
    if (result === undefined || result === null) return;
    const words = typeof result === "string" ? result : canonicalJson(result);
    this.#paragraph(words, `  ${QUOTED}`, `  ${QUOTED}`);
  }

  #row(name: string, value: string): void {
    this.#paragraph(value, this.#style.dim(name.padEnd(ROW_COLUMNS)), " ".repeat(ROW_COLUMNS));
  }

  #paragraph(
    words: string,
    lead: string,
    indent: string = MARGIN,
    paint: (text: string) => string = (text) => text,
  ): void {
    const shown = visibleExcerpt(words, TEXT_CHARACTERS_MAX, { multiline: true });
    const lines = wrap(shown.replaceAll("\t", "    "), this.#columns - columnsOf(indent));
    lines.forEach((line, index) => this.#say(`${index === 0 ? lead : indent}${paint(line)}`));
  }

  #say(line: string): void {
    this.#terminal.out(line);
  }
}

/** Nothing but an engine of containers can be lost for all programs that would follow. */
const ENGINE_LOST = "`writ doctor` says what is there; once the engine is back, run the agent again";

/** Of a program that ran; 0 for everything else. */
const exitCodeOf = (content: ObservedEntry["content"]): number => {
  const value = ownValue(contentObject(content, "result"), "value");
  return isJsonObject(value) ? numberField(value, "exit_code") : 0;
};

/** Rounded up to the hundredth of a cent: a cost is never shown as none. */
const dollars = (nanoUsd: number): string => `$${(Math.ceil(nanoUsd / 100_000) / 10_000).toFixed(4)}`;
