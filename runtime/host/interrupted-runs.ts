import type { RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { openRuns } from "#ledger/open-runs.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";

/**
 * Puts on record that the runs which an earlier writer of this log left open were interrupted. The
 * log is held by us, so nobody works on them any more. Called before anything else is appended.
 */
export const recordInterruptedRuns = async (
  ledger: WritableLedger,
  store: LedgerStore,
): Promise<Result<readonly RunId[], LedgerFault>> => {
  const files = await store.files(ledger.log);
  if (!files.ok) return files;
  const open = await openRuns(store, ledger.log, files.value);
  if (!open.ok) return open;
  for (const { run, last } of open.value) {
    const recorded = await ledger.append({
      type: "run.interrupted",
      run: { id: run, seq: (last.run?.seq ?? 0) + 1, parent: last.run?.parent ?? null },
      cause: last.id,
      principal: `Host::"${last.writer}"`,
      onBehalfOf: last.onBehalfOf,
      labels: [],
      input: null,
      public: { found: "log-recovered", last: { log: last.log, seq: last.seq, hash: last.hash } },
      content: [],
    });
    if (!recorded.ok) return failed(recorded.fault);
  }
  return ok(open.value.map(({ run }) => run));
};
