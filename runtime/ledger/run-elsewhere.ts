import { utf8Text } from "#kernel/bytes.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";

import { parseLine } from "./parse-line.ts";
import { readLines } from "./read-lines.ts";

/**
 * Whether a run has entries in another log at or behind the place of this one, its last in its own
 * log: then somebody found it interrupted or went on with it there.
 */
export const runStandsElsewhere = async (
  store: LedgerStore,
  { log, run }: LedgerEntry,
): Promise<Result<boolean, LedgerFault>> => {
  if (run === null) return ok(false);
  const logs = await store.logs();
  if (!logs.ok) return logs;
  for (const other of logs.value) {
    if (other === log) continue;
    const files = await store.files(other);
    if (!files.ok) return files;
    for await (const stretch of readLines(store, other, files.value)) {
      if (!stretch.ok) return stretch;
      for (const line of stretch.value.lines) {
        const text = utf8Text(line.bytes) ?? "";
        // Most lines are passed over without parsing them.
        if (!text.includes(`"${run.id}"`)) continue;
        const entry = parseLine(text);
        if (typeof entry !== "string" && entry.run?.id === run.id && entry.run.seq >= run.seq)
          return ok(true);
      }
    }
  }
  return ok(false);
};
