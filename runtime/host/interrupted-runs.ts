import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { type OpenRun, openRuns } from "#ledger/open-runs.ts";
import { runStandsElsewhere } from "#ledger/run-elsewhere.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import type { RecordedEntry } from "#protocol/run-event.ts";

/** A run that was found to have been interrupted. */
export type InterruptedRun = Pick<OpenRun, "run" | "of">;

/**
 * Puts on record that the runs which an earlier writer of this log left open were interrupted. The
 * log is held by us, so nobody works on them any more, unless another log shows that somebody went
 * on with them there. Called before anything else is appended.
 */
export const recordInterruptedRuns = async (
  ledger: WritableLedger,
  store: LedgerStore,
): Promise<Result<readonly InterruptedRun[], LedgerFault>> => {
  const files = await store.files(ledger.log);
  if (!files.ok) return files;
  const open = await openRuns(store, ledger.log, files.value);
  if (!open.ok) return open;
  const interrupted: InterruptedRun[] = [];
  for (const { run, of, last } of open.value) {
    const elsewhere = await runStandsElsewhere(store, last);
    if (!elsewhere.ok) return elsewhere;
    if (elsewhere.value) continue;
    const recorded = await recordInterruption(ledger, last, "log-recovered");
    if (!recorded.ok) return recorded;
    interrupted.push({ run, of });
  }
  return ok(interrupted);
};

/** @param last the run's last entry, in whatever log it stands. */
export const recordInterruption = (
  ledger: Pick<WritableLedger, "append">,
  last: LedgerEntry,
  found: "log-recovered" | "host-gone",
): Promise<Result<RecordedEntry, LedgerFault>> =>
  ledger.append({
    type: "run.interrupted",
    run: last.run === null ? null : { ...last.run, seq: last.run.seq + 1 },
    cause: last.id,
    principal: `Host::"${last.writer}"`,
    onBehalfOf: last.onBehalfOf,
    labels: [],
    input: null,
    public: { found, last: { log: last.log, seq: last.seq, hash: last.hash } },
    content: [],
  });
