import type { JsonObject, JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { LogId } from "#kernel/ids.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { ContentReading, EntryProof } from "#ports/ledger-reader.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";

import { dateText, entryRow, plural, shortId, timeText } from "./audit-text.ts";
import type { Terminal } from "./command.ts";
import { fit, wrap } from "./width.ts";

/** An entry with what was asked about it. */
export interface EntryDetail {
  readonly log: LogId;
  readonly index: number;
  readonly entry: LedgerEntry;
  readonly proof: EntryProof | null;
  readonly content: readonly { readonly name: string; readonly reading: ContentReading }[];
}

/** Characters of one part of content on a terminal; `--json` has all of it. */
const CONTENT_CHARACTERS_MAX = 20_000;

/** How far content stands in below the lines of a run. */
const RUN_CONTENT_INDENT = 7;

/** Columns of the names in front of the values. */
const NAME_COLUMNS = 13;

/** One entry with every field that says something. */
export const printEntry = (terminal: Terminal, detail: EntryDetail): void => {
  const { entry, index, log } = detail;
  const { style } = terminal;
  terminal.out(`${style.bold(visibleText(entry.type))}  ${style.dim(entry.id)}`);
  const row = (name: string, value: string | null): void => {
    if (value !== null) printRow(terminal, name, value);
  };
  row("log", `${log}, entry #${index}`);
  row("time", `${dateText(entry.time.wallMs)} ${timeText(entry.time.wallMs)} UTC by the writer's clock`);
  row("run", entry.run && `${entry.run.id}, its entry ${entry.run.seq}`);
  row("parent run", entry.run?.parent ?? null);
  row("cause", entry.cause);
  row("principal", entry.principal);
  row("on behalf of", entry.onBehalfOf && `${entry.onBehalfOf.kind} ${entry.onBehalfOf.id}`);
  row("labels", entry.labels.length > 0 ? entry.labels.join(", ") : null);
  row("input", entry.input === null ? null : String(entry.input));
  printFields(terminal, entry.public);
  if (detail.content.length > 0) terminal.out("");
  printContent(terminal, detail);
  terminal.out("");
  printProof(terminal, detail);
};

/** A run, one line an entry, with the content behind each where that was asked for. */
export const printRun = (terminal: Terminal, details: readonly EntryDetail[]): void => {
  const { style } = terminal;
  const [first] = details;
  if (first === undefined) return;
  terminal.out(
    `${style.bold(`run ${first.entry.run?.id ?? ""}`)}  ${plural(details.length, "entry", "entries")}`,
  );
  terminal.out(style.dim(fit(visibleText(first.entry.principal), terminal.columns)));
  for (const detail of details) {
    const { entry } = detail;
    const head = `${String(entry.run?.seq ?? "").padStart(5)}  ${timeText(entry.time.wallMs)}  ${shortId(entry.id)}  `;
    const text = visibleText(entry.type);
    const type = { text, paint: style.cyan, columns: text.length + 2 };
    for (const line of entryRow(terminal.columns, head, type, entry.public)) terminal.out(line);
    printContent(terminal, detail, RUN_CONTENT_INDENT);
  }
};

const printRow = (terminal: Terminal, name: string, value: string, indent = 2): void => {
  const shown = visibleText(name);
  const gap = Math.max(NAME_COLUMNS, shown.length + 1);
  const [head = "", ...rest] = wrap(visibleText(value), Math.max(20, terminal.columns - indent - gap));
  terminal.out(`${" ".repeat(indent)}${terminal.style.dim(shown.padEnd(gap))}${head}`);
  for (const line of rest) terminal.out(`${" ".repeat(indent + gap)}${line}`);
};

const printFields = (terminal: Terminal, fields: JsonObject): void => {
  const names = Object.keys(fields);
  if (names.length === 0) return;
  terminal.out("");
  for (const name of names) printRow(terminal, name, textOf(fields[name] ?? null));
};

const textOf = (value: JsonValue): string => {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null)) {
    return value.length === 0 ? "none" : value.map(String).join(", ");
  }
  return JSON.stringify(value);
};

const printContent = (terminal: Terminal, { entry, content }: EntryDetail, indent = 2): void => {
  const { style } = terminal;
  const margin = " ".repeat(indent);
  if (content.length === 0) {
    const parts = entry.content.map(({ name, sealedBytes }) => `${name} (${plural(sealedBytes, "byte")})`);
    if (parts.length > 0) printRow(terminal, "sealed", parts.join(", "), indent);
    return;
  }
  for (const { name, reading } of content) {
    const title = `${margin}${style.dim("──")} ${style.bold(visibleText(name))}`;
    switch (reading.state) {
      case "open":
        terminal.out(title);
        for (const line of contentLines(reading.value)) terminal.out(`${margin}${line}`);
        break;
      case "erased":
        terminal.out(`${title}  ${style.yellow("erased, or never this user's: its key is not here")}`);
        break;
      case "damaged":
        terminal.out(`${title}  ${style.red("not what the entry committed to")}`);
        break;
    }
  }
};

/** Content in full width: what cannot be seen is shown, long lines are left to the terminal. */
const contentLines = (value: JsonValue): readonly string[] => {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const lines = visibleExcerpt(text, CONTENT_CHARACTERS_MAX, { multiline: true }).split("\n");
  if (isJsonObject(value) || Array.isArray(value)) return lines;
  return lines.map((line) => `│ ${line}`);
};

const printProof = (terminal: Terminal, { proof }: EntryDetail): void => {
  const { style } = terminal;
  if (proof === null) {
    terminal.out(style.yellow("No commit record stands behind this entry: nobody vouches for it yet."));
    return;
  }
  const commit = `the commit record #${proof.size} (${shortId(proof.commit.id)})`;
  if (!proof.leads) {
    terminal.out(
      style.red(
        `${commit} does not cover it as it stands here: \`writ audit verify\` says what was changed.`,
      ),
    );
    return;
  }
  const path = plural(proof.path.length, "hash", "hashes");
  terminal.out(style.dim(fit(`${path} lead from it to the root that ${commit} signs`, terminal.columns)));
};
