import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { visibleJson } from "#kernel/visible-text.ts";
import type { ShownEntry } from "#ports/ledger-reader.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";

import type { AuditDeps, AuditLedger } from "./audit-deps.ts";
import { isIdEnding } from "./audit-list.ts";
import type { EntryDetail } from "./audit-show-text.ts";
import { printEntry, printRun } from "./audit-show-text.ts";
import { plural, refuseLedger, whereText } from "./audit-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { refuseUsage } from "./fault-output.ts";

/** Entries that are shown at once; a run with more is listed with `audit list --run`. */
const ENTRIES_MAX = 10_000;

export const createAuditShow = (deps: AuditDeps): Command => ({
  name: "audit show",
  summary: "Shows one entry with all that it says, or a run from its first entry to its last.",
  usage: "<run or entry> [--content] [--dir <dir>] [--json]",
  options: [
    { name: "content", summary: "also the sealed content, as far as its keys are here" },
    { name: "dir", value: "<dir>", summary: "the ledger in this folder instead of the workspace's own" },
    { name: "json", summary: "one JSON document instead of text" },
  ],
  examples: [
    { line: "writ audit show 5ef19b2c", what: "The entry whose id ends so, and how a signature covers it." },
    { line: "writ audit show 5ef19b2c --content", what: "With arguments, requests and results." },
  ],
  state: "reads",
  run: (invocation) => show(deps, invocation),
});

interface Found {
  readonly shown: ShownEntry;
  readonly entry: LedgerEntry;
}

const LISTED = "`writ audit list` lists entries, `writ ps --all` runs";

const show = async (deps: AuditDeps, invocation: Invocation): Promise<ExitCode> => {
  const { terminal, positionals, values, environment, switches, signal } = invocation;
  const id = positionals[0]?.toLowerCase();
  if (id === undefined || positionals.length > 1 || !isIdEnding(id)) {
    return refuseUsage(
      invocation,
      "name one run or entry by its id, or at least its last 6 characters",
      LISTED,
    );
  }
  const directory = values.get("dir")?.at(-1) ?? null;
  const opened = await deps.openLedger(directory, environment);
  if (!opened.ok) return refuseLedger(invocation, opened.fault, directory !== null);

  const found: Found[] = [];
  for await (const entries of opened.value.reader.entries({ id }, signal)) {
    if (!entries.ok) return refuseLedger(invocation, entries.fault, directory !== null);
    found.push(
      ...entries.value.flatMap((shown) => (shown.entry === null ? [] : { shown, entry: shown.entry })),
    );
    if (found.length > ENTRIES_MAX) {
      const many = `that is more than ${plural(ENTRIES_MAX, "entry", "entries")}`;
      return refuseUsage(invocation, many, `\`writ audit list --run ${id}\` lists them`);
    }
  }
  const chosen = choose(found, id);
  if (typeof chosen === "string") {
    return refuseUsage(invocation, `${chosen} in ${whereText(opened.value.directory)}`, LISTED);
  }

  const details: EntryDetail[] = [];
  for (const one of chosen.entries) {
    const wanted = { content: switches.has("content"), proof: !chosen.isRun };
    const detail = await detailOf(opened.value, one, wanted, signal);
    if (!detail.ok) return refuseLedger(invocation, detail.fault, directory !== null);
    details.push(detail.value);
  }
  if (switches.has("json"))
    terminal.out(visibleJson(JSON.stringify({ entries: details.map(documentOf) }, null, 2)));
  else if (chosen.isRun) printRun(terminal, details);
  else for (const detail of details) printEntry(terminal, detail);
  return 0;
};

/** The entry that is meant, or all entries of the run that is meant in the run's order; else what is wrong. */
const choose = (
  found: readonly Found[],
  id: string,
): { readonly isRun: boolean; readonly entries: readonly Found[] } | string => {
  const entries = found.filter(({ entry }) => entry.id.endsWith(id));
  const ofRuns = found.filter(({ entry }) => entry.run?.id.endsWith(id));
  const runs = new Set(ofRuns.map(({ entry }) => entry.run?.id)).size;
  if (entries.length + runs === 0) return "no run or entry has this id";
  if (entries.length + runs > 1)
    return "several runs or entries have ids that end so: name more of it; they stand";
  if (runs === 0) return { isRun: false, entries };
  const inOrder = ofRuns.sort((left, right) => (left.entry.run?.seq ?? 0) - (right.entry.run?.seq ?? 0));
  return { isRun: true, entries: inOrder };
};

const detailOf = async (
  { reader }: AuditLedger,
  { shown, entry }: Found,
  wanted: { readonly content: boolean; readonly proof: boolean },
  signal: AbortSignal,
): Promise<Result<EntryDetail, LedgerFault>> => {
  const content: EntryDetail["content"][number][] = [];
  for (const { name } of wanted.content ? entry.content : []) {
    const reading = await reader.content(shown, name);
    if (!reading.ok) return reading;
    content.push({ name, reading: reading.value });
  }
  const proof = wanted.proof ? await reader.proof(shown, signal) : ok(null);
  if (!proof.ok) return proof;
  return ok({ log: shown.log, index: shown.index, entry, proof: proof.value, content });
};

const documentOf = ({ log, index, entry, proof, content }: EntryDetail): object => ({
  log,
  index,
  entry,
  ...(proof === null ? {} : { proof }),
  ...(content.length === 0
    ? {}
    : { content: Object.fromEntries(content.map(({ name, reading }) => [name, reading])) }),
});
