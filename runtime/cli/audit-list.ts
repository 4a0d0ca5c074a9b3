import type { LogSummary, ShownEntry } from "#ports/ledger-reader.ts";
import { isId } from "#kernel/ids.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { ENTRY_TYPES } from "#protocol/run-event.ts";

import type { AuditDeps, AuditLedger } from "./audit-deps.ts";
import { dateText, entryRow, paragraph, plural, refuseLedger, refuseNoLog } from "./audit-text.ts";
import { shortId, timeText, whereText } from "./audit-text.ts";
import type { Command, ExitCode, Invocation, Terminal } from "./command.ts";
import { refuseUsage } from "./fault-output.ts";
import { tellUnclaimed } from "./tell-unclaimed.ts";
import { fit } from "./width.ts";

export const createAuditList = (deps: AuditDeps): Command => ({
  name: "audit list",
  summary: "Lists what a ledger recorded, one line an entry.",
  usage: "[--run <id>] [--type <type>] [--dir <dir>] [--json]",
  options: [
    { name: "run", value: "<id>", summary: "only entries of this run; its last characters are enough" },
    { name: "type", value: "<type>", summary: "only entries of this type, such as action.decided" },
    { name: "dir", value: "<dir>", summary: "the ledger in this folder instead of the workspace's own" },
    { name: "json", summary: "one JSON line an entry instead of text" },
  ],
  examples: [
    { line: "writ audit list", what: "Everything that the ledger of this workspace recorded." },
    { line: "writ audit list --type action.decided", what: "Every decision, with the rules that made it." },
    { line: "writ audit list --json | jq .entry.public", what: "The same for programs." },
  ],
  state: "reads",
  run: (invocation) => list(deps, invocation),
});

const list = async (deps: AuditDeps, invocation: Invocation): Promise<ExitCode> => {
  const { terminal, values, environment, switches, signal } = invocation;
  if (invocation.positionals.length > 0) {
    return refuseUsage(invocation, "`audit list` takes no names; `audit show <run or entry>` shows one");
  }
  const run = values.get("run")?.at(-1)?.toLowerCase();
  if (run !== undefined && !isIdEnding(run)) {
    return refuseUsage(invocation, "a run's id is a UUID, or at least its last 6 characters");
  }
  const type = values.get("type")?.at(-1);
  const directory = values.get("dir")?.at(-1) ?? null;
  const opened = await deps.openLedger(directory, environment);
  if (!opened.ok) return refuseLedger(invocation, opened.fault, directory !== null);
  const logs = await opened.value.reader.logs();
  if (!logs.ok) return refuseLedger(invocation, logs.fault, directory !== null);
  if (directory !== null && logs.value.length === 0) return refuseNoLog(invocation, opened.value.directory);

  const asJson = switches.has("json");
  // Every group of entries ends with a commit record; between entries they only say that again.
  const hidesCommits = !asJson && type === undefined;
  let shown = 0;
  let hidden = 0;
  for (const log of logs.value) {
    const printer = asJson ? jsonPrinter(terminal, log) : textPrinter(terminal, log, shown > 0);
    const query = {
      log: log.log,
      ...(type === undefined ? {} : { type }),
      ...(run === undefined ? {} : { id: run }),
    };
    for await (const entries of opened.value.reader.entries(query, signal)) {
      if (!entries.ok) return refuseLedger(invocation, entries.fault, directory !== null);
      for (const entry of entries.value) {
        if (run !== undefined && entry.entry?.run?.id.endsWith(run) !== true) continue;
        if (hidesCommits && entry.entry?.type === "log.committed") {
          hidden += 1;
          continue;
        }
        shown += 1;
        printer(entry);
      }
    }
  }
  const wanted = kindText(type, run);
  tellUnclaimed(opened.value.unclaimed, invocation);
  if (!asJson) printEnd(terminal, opened.value, { shown, hidden, logs: logs.value.length, wanted });
  return 0;
};

/** Whether a text can be the end of an id, long enough to mean one. */
export const isIdEnding = (text: string): boolean => isId(text) || /^[0-9a-f-]{6,36}$/.test(text);

const jsonPrinter =
  (terminal: Terminal, { ours }: LogSummary) =>
  ({ log, index, entry, problem }: ShownEntry): void => {
    terminal.out(
      visibleJson(
        JSON.stringify({ log, index, foreign: !ours, ...(entry === null ? { problem } : { entry }) }),
      ),
    );
  };

const textPrinter = (
  terminal: Terminal,
  log: LogSummary,
  isBehindAnother: boolean,
): ((shown: ShownEntry) => void) => {
  const { style } = terminal;
  let date = "";
  return ({ index, entry, problem }) => {
    if (date === "" && isBehindAnother) terminal.out("");
    if (date === "") printHeader(terminal, log);
    if (entry === null) {
      date ||= "unknown";
      terminal.out(style.red(fit(`${number(index)}  unreadable: ${problem ?? ""}`, terminal.columns)));
      return;
    }
    const today = dateText(entry.time.wallMs);
    if (today !== date) terminal.out(style.dim(today));
    date = today;
    for (const line of entryLines(terminal, index, entry)) terminal.out(line);
  };
};

const printHeader = (terminal: Terminal, { log, ours, live, workspaceKey }: LogSummary): void => {
  const { style } = terminal;
  const state = [...(live ? ["being written now"] : []), ...(ours ? [] : ["foreign"])].join(", ");
  terminal.out(`${style.bold(`log ${log}`)}${state === "" ? "" : `  ${style.yellow(state)}`}`);
  if (!ours)
    terminal.out(
      style.dim(fit(`certified by ${workspaceKey ?? "nobody"}, which is not your key`, terminal.columns)),
    );
};

/** `index  time  entry  run  type  fields` */
const entryLines = (terminal: Terminal, index: number, entry: LedgerEntry): readonly string[] => {
  const { columns, style } = terminal;
  const run = entry.run === null ? "        " : shortId(entry.run.id);
  const head = `${number(index)}  ${style.dim(timeText(entry.time.wallMs))}  ${shortId(entry.id)}  ${style.dim(run)}  `;
  const text = visibleText(entry.type);
  const paint = (type: string): string => coloured(terminal, entry, type);
  return entryRow(
    columns,
    head,
    { text, paint, columns: Math.max(TYPE_COLUMNS, text.length + 1) },
    entry.public,
  );
};

/** The longest of our types, `approval.answered`, and a space. */
const TYPE_COLUMNS = 18;

const number = (index: number): string => String(index).padStart(5);

const coloured = ({ style }: Terminal, { type, public: fields }: LedgerEntry, text: string): string => {
  if (type === "action.decided") {
    if (fields["outcome"] === "allow") return style.green(text);
    return fields["outcome"] === "deny" ? style.red(text) : style.yellow(text);
  }
  if (type.startsWith("log.") || type.startsWith("key.")) return style.dim(text);
  return type.startsWith("run.") ? style.bold(text) : style.cyan(text);
};

/** What was asked for and not found. */
const kindText = (type: string | undefined, run: string | undefined): string => {
  if (type === undefined) return run === undefined ? "to be listed" : "of this run";
  const isKnown = ENTRY_TYPES.some((known) => known === type);
  const named = `of the type \`${visibleText(type)}\`${run === undefined ? "" : " and of this run"}`;
  return isKnown ? named : `${named}, which this release does not know`;
};

const printEnd = (
  terminal: Terminal,
  ledger: AuditLedger,
  {
    shown,
    hidden,
    logs,
    wanted,
  }: { readonly shown: number; readonly hidden: number; readonly logs: number; readonly wanted: string },
): void => {
  const where = whereText(ledger.directory);
  if (logs === 0) {
    return paragraph(terminal, 0, `Nothing has been recorded in ${where} yet.`);
  }
  if (shown === 0) {
    return paragraph(terminal, 0, `No entry of ${plural(logs, "log")} in ${where} is ${wanted}.`);
  }
  const { style } = terminal;
  const commits = hidden === 0 ? "" : ` and ${plural(hidden, "commit record")} (--type log.committed)`;
  terminal.out("");
  paragraph(
    terminal,
    0,
    `${plural(shown, "entry", "entries")}${commits}, as the files have them.`,
    style.dim,
  );
  const more = "`writ audit verify` says whether they were changed, `writ audit show <id>` shows one.";
  paragraph(terminal, 0, more, style.dim);
};
