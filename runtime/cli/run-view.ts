import { canonicalJson } from "#kernel/canonical-json.ts";
import { durationText } from "#kernel/duration.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { ObservedEntry, RunObserver } from "#host/run-observer.ts";

import type { Terminal } from "./command.ts";
import { diffLines } from "./diff-view.ts";
import { fit, wrap } from "./width.ts";

const MARGIN = "     ";
const TEXT_COLUMNS_MAX = 96;
const ARGUMENT_CHARACTERS_MAX = 400;
const TEXT_CHARACTERS_MAX = 4_000;
const DIFF_LINES_MAX = 200;

/**
 * A run as a person reads it in a terminal: one numbered paragraph for each turn of the loop, one
 * line for each action with what was decided and by which rule. Everything comes from the run's
 * entries; nothing is shown before it is durable, and all text of others is made visible first.
 */
export const createRunView = (terminal: Terminal): RunObserver => {
  const { style } = terminal;
  const columns = Math.min(terminal.columns, TEXT_COLUMNS_MAX);
  const say = (line: string): void => terminal.out(line);

  const paragraph = (text: string, lead: string): void => {
    const lines = wrap(
      visibleExcerpt(text, TEXT_CHARACTERS_MAX, { multiline: true }),
      columns - MARGIN.length,
    );
    lines.forEach((line, index) => say(`${index === 0 ? lead : MARGIN}${line}`));
  };

  const shown: { readonly [type: string]: (event: ObservedEntry) => void } = {
    "run.started": ({ public: fields, content }) => {
      row("sandbox", `${text(fields, "tier")}: ${text(fields, "tierWhy")}`);
      row("model", text(fields, "model"));
      row("agent", text(fields, "agent"));
      const inputs = part(content, "inputs");
      if (isJsonObject(inputs) && Object.keys(inputs).length > 0) {
        row(
          "inputs",
          Object.entries(inputs)
            .map(([name, value]) => `${name} = ${brief(value)}`)
            .join(", "),
        );
      }
    },
    "consent.given": ({ public: fields }) => {
      const how =
        ownValue(fields, "remembered") === true ? "given before" : `given (${text(fields, "surface")})`;
      row("consent", `${how} by ${text(fields, "by")}, powers ${text(fields, "powers").slice(0, 12)}`);
    },
    "model.answered": ({ public: fields, content }) => {
      turn += 1;
      say("");
      const answer = part(content, "answer");
      const words = isJsonObject(answer) ? text(answer, "text") : "";
      const lead = `${style.bold(String(turn).padStart(3))}  `;
      if (words.trim() !== "") paragraph(words, lead);
      else say(`${lead}${style.dim(`(no words, ${number(fields, "toolCalls")} calls)`)}`);
    },
    "model.failed": ({ public: fields, content }) => {
      say("");
      paragraph(
        `the model failed: ${text(fields, "code")}. ${explanation(content)}`,
        `${style.red("  !")}  `,
      );
    },
    "action.decided": ({ public: fields, content }) => {
      const tool = ownValue(fields, "tool");
      if (typeof tool !== "string") {
        if (text(fields, "outcome") === "deny") decision(text(fields, "action"), fields, content);
        return;
      }
      decision(tool, fields, content);
    },
    "approval.answered": ({ public: fields }) => {
      const by = ownValue(fields, "by");
      const who = typeof by === "string" ? ` by ${by} (${text(fields, "surface")})` : "";
      say(
        `${MARGIN}  ${text(fields, "answer") === "approved" ? style.green("approved") : style.red(text(fields, "answer"))}${visibleText(who)}`,
      );
    },
    "action.completed": ({ public: fields, content }) => {
      if (typeof ownValue(fields, "tool") !== "string") return;
      const status = text(fields, "status");
      if (status === "done") {
        const result = part(content, "result");
        const words = isJsonObject(result) ? text(result, "text") : "";
        const first = visibleText(words.split("\n").find((line) => line.trim() !== "") ?? "");
        const more = words.trim().split("\n").length - 1;
        const tail = more > 0 ? ` (${more} more ${more === 1 ? "line" : "lines"})` : "";
        if (first !== "") say(style.dim(`${MARGIN}  ${fit(`${first}${tail}`, columns - MARGIN.length - 2)}`));
      } else if (status === "failed") {
        say(`${MARGIN}  ${style.yellow("failed")} ${fit(outcomeText(content), columns - MARGIN.length - 9)}`);
      }
    },
    "effect.unknown": ({ public: fields, content }) => {
      say(
        `${MARGIN}  ${style.red("outcome unknown")} ${text(fields, "code")}: ${fit(explanation(content), columns - 30)}`,
      );
    },
    "limit.reached": ({ public: fields }) => {
      say(
        `${MARGIN}${style.yellow("limit reached")}: ${text(fields, "limit")} (${number(fields, "used")} of ${number(fields, "max")})`,
      );
    },
    "run.interrupted": ({ public: fields }) => say(style.yellow(`interrupted: ${text(fields, "found")}`)),
    "run.ended": ({ public: fields, content }) => {
      say("");
      const outcome = text(fields, "outcome");
      const paint = outcome === "completed" ? style.green : outcome === "failed" ? style.red : style.yellow;
      const turns = number(fields, "iterations");
      const facts = [
        durationText(number(fields, "wallMs")),
        `${turns} ${turns === 1 ? "turn" : "turns"}`,
        `${number(fields, "inputTokens") + number(fields, "outputTokens")} tokens`,
        `${denied} denied`,
      ];
      say(`${paint(style.bold(outcome))} (${text(fields, "reason")}) in ${facts.join(", ")}`);
      const why = explanation(content);
      if (why !== "") paragraph(why, "  ");
      const result = part(content, "result");
      if (result !== undefined && result !== null) {
        say("");
        paragraph(typeof result === "string" ? result : canonicalJson(result), "  ");
      }
    },
  };

  let turn = 0;
  let denied = 0;

  const row = (name: string, value: string): void => {
    const lines = wrap(visibleText(value), columns - 10);
    lines.forEach((line, index) =>
      say(`${index === 0 ? style.dim(name.padEnd(10)) : " ".repeat(10)}${line}`),
    );
  };

  const decision = (what: string, fields: JsonObject, content: ObservedEntry["content"]): void => {
    const outcome = text(fields, "outcome");
    const verdict =
      outcome === "allow" || outcome === "allow-with-conditions"
        ? style.green("allowed")
        : outcome === "step-up"
          ? style.yellow("needs a person")
          : style.red(style.bold("DENIED"));
    if (outcome === "deny") denied += 1;
    const call = `${visibleText(what)} ${callArguments(part(content, "arguments"))}`;
    say(`${MARGIN}${fit(call, columns - MARGIN.length - 16)}  ${verdict}`);
    const decided = part(content, "decision");
    if (outcome !== "allow" && isJsonObject(decided)) {
      say(`${MARGIN}  ${fit(visibleText(text(decided, "summary")), columns - MARGIN.length - 2)}`);
      for (const rule of citations(decided)) {
        say(
          style.dim(
            `${MARGIN}  ${fit(visibleText(rule.text.replaceAll(/\s+/g, " ")), columns - MARGIN.length - 2)}`,
          ),
        );
        say(style.dim(`${MARGIN}  ${fit(visibleText(rule.place), columns - MARGIN.length - 2)}`));
      }
    }
    const preview = part(content, "preview");
    if (what === "publish_file" && typeof preview === "string" && preview !== "") {
      const lines = diffLines(preview, columns - MARGIN.length - 2, style);
      for (const line of lines.slice(0, DIFF_LINES_MAX)) say(`${MARGIN}  ${line}`);
      if (lines.length > DIFF_LINES_MAX)
        say(style.dim(`${MARGIN}  … ${lines.length - DIFF_LINES_MAX} more lines`));
    }
  };

  return {
    entry(event) {
      shown[event.type]?.(event);
    },
    live(type, data) {
      if (type === "output.printed") {
        const level = ownValue(data, "level");
        const lead = typeof level === "string" ? `${visibleText(level)}: ` : "";
        say(
          `${MARGIN}${style.cyan("│")} ${fit(`${lead}${visibleText(text(data, "text"))}`, columns - MARGIN.length - 2)}`,
        );
      }
    },
  };
};

/** A run as JSON lines, one for each event, for programs. */
export const createRunJson = (terminal: Terminal): RunObserver => ({
  entry(event) {
    const { id, runSeq, input, wallMs, position } = event.entry;
    terminal.out(
      canonicalJson({
        durability: "entry",
        id,
        log: position.log,
        seq: position.seq,
        run: runSeq,
        input,
        wallMs,
        type: event.type,
        public: event.public,
        content: event.content,
      }),
    );
  },
  live(type, data) {
    terminal.out(canonicalJson({ durability: "live", type, data }));
  },
});

interface ShownRule {
  readonly text: string;
  readonly place: string;
}

const citations = (decision: JsonObject): readonly ShownRule[] => {
  const rules = ownValue(decision, "rules");
  if (!Array.isArray(rules)) return [];
  return (rules as readonly JsonValue[]).filter(isJsonObject).map((rule) => {
    const range = ownValue(rule, "range");
    const at = isJsonObject(range) ? `:${number(range, "line")}:${number(range, "column")}` : "";
    return {
      text: text(rule, "text"),
      place: `${text(rule, "file")}${at} (${text(rule, "layer")} layer, rule ${text(rule, "rule")})`,
    };
  });
};

/** Arguments as a person reads them: a lone one as it is, several by name; long texts by their size. */
const callArguments = (value: JsonValue | undefined): string => {
  if (!isJsonObject(value)) return value === undefined ? "" : brief(value);
  const entries = Object.entries(value);
  if (entries.length === 1) return brief(entries[0]?.[1] ?? null);
  return entries.map(([name, each]) => `${visibleText(name)}=${brief(each)}`).join(" ");
};

const LONG_TEXT_CHARACTERS = 60;

const brief = (value: JsonValue): string => {
  if (typeof value === "string" && value.length > LONG_TEXT_CHARACTERS) {
    const lines = value.split("\n").length;
    return `(text, ${lines} ${lines === 1 ? "line" : "lines"}, ${value.length} characters)`;
  }
  return visibleExcerpt(typeof value === "string" ? value : canonicalJson(value), ARGUMENT_CHARACTERS_MAX);
};

const part = (content: ObservedEntry["content"], name: string): JsonValue | undefined =>
  Object.hasOwn(content, name) ? content[name] : undefined;

const text = (fields: JsonObject, name: string): string => {
  const value = ownValue(fields, name);
  return typeof value === "string" ? value : "";
};

const number = (fields: JsonObject, name: string): number => {
  const value = ownValue(fields, name);
  return typeof value === "number" ? value : 0;
};

const explanation = (content: ObservedEntry["content"]): string => {
  const value = part(content, "explanation");
  if (typeof value === "string") return value;
  return isJsonObject(value) ? text(value, "text") : "";
};

const outcomeText = (content: ObservedEntry["content"]): string => {
  const result = part(content, "result");
  return isJsonObject(result) ? visibleText(text(result, "text")) : "";
};
