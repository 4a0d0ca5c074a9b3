import { utf8Text } from "#kernel/bytes.ts";
import type { LogId, RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerFault, LedgerStore, StoredFile } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";

import { hasType } from "./line-text.ts";
import { parseLine } from "./parse-line.ts";
import { readLines } from "./read-lines.ts";

/** A run that began in a log and of which no end is on record there. */
export interface OpenRun {
  readonly run: RunId;
  /** Whether it is an agent's, with which somebody can go on, or one of tests, which is only begun anew. */
  readonly of: "agent" | "tests";
  /** Its last entry in the log. */
  readonly last: LedgerEntry;
}

/** Types that say how a run stands; the others cannot open or close one. */
const OPENS = ["run.started", "run.resumed", "tests.started"] as const;
const CLOSES = ["run.ended", "run.interrupted", "tests.ended"] as const;

/**
 * The runs that whoever wrote this log left open. Meant for a log that was taken up and so has no
 * other writer: then nobody works on them any more.
 */
export const openRuns = async (
  store: LedgerStore,
  log: LogId,
  files: readonly StoredFile[],
): Promise<Result<readonly OpenRun[], LedgerFault>> => {
  const open = new Map<RunId, OpenRun["of"]>();
  for await (const stretch of readLines(store, log, files)) {
    if (!stretch.ok) return stretch;
    for (const line of stretch.value.lines) {
      const text = utf8Text(line.bytes) ?? "";
      const opens = OPENS.some((type) => hasType(text, type));
      if (!opens && !CLOSES.some((type) => hasType(text, type))) continue;
      const run = entryIn(text)?.run?.id;
      if (run === undefined) continue;
      if (opens) open.set(run, hasType(text, "tests.started") ? "tests" : "agent");
      else open.delete(run);
    }
  }
  if (open.size === 0) return ok([]);

  const last = new Map<RunId, LedgerEntry>();
  for await (const stretch of readLines(store, log, files)) {
    if (!stretch.ok) return stretch;
    for (const line of stretch.value.lines) {
      const entry = entryIn(utf8Text(line.bytes) ?? "");
      const run = entry?.run?.id;
      if (entry !== undefined && run !== undefined && open.has(run)) last.set(run, entry);
    }
  }
  return ok([...last].map(([run, entry]) => ({ run, of: open.get(run) ?? "agent", last: entry })));
};

const entryIn = (text: string): LedgerEntry | undefined => {
  const entry = parseLine(text);
  return typeof entry === "string" ? undefined : entry;
};
