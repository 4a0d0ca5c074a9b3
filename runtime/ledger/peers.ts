import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { AnchorStore, LedgerFault } from "#ports/ledger.ts";
import type { Checkpoint } from "#protocol/ledger-checkpoint.ts";
import { readCheckpoint } from "#protocol/ledger-checkpoint.ts";
import { SEEN_MAX } from "#protocol/ledger-entry.ts";
import { PEERS_EVERY_MS } from "./limits.ts";

/**
 * What a writer saw of the other logs. It reads their anchors, which stand in the user's own state
 * beside the keys: who can forge them can sign as this user anyway.
 */
export interface Peers {
  /** Looks again when the last look is long enough ago. */
  refreshWhenDue(): Promise<Result<void, LedgerFault>>;
  /** Checkpoints that are to be recorded now, ascending by log; each is handed out once. */
  take(): readonly Checkpoint[];
}

export const createPeers = (
  deps: { readonly anchors: AnchorStore; readonly clock: Clock },
  own: LogId,
): Peers => {
  const recordedSizes = new Map<string, number>();
  const waiting = new Map<string, Checkpoint>();
  let lookedMs = Number.NEGATIVE_INFINITY;

  return {
    async refreshWhenDue() {
      const nowMs = deps.clock.monotonicMs();
      if (nowMs - lookedMs < PEERS_EVERY_MS) return ok(undefined);
      lookedMs = nowMs;
      const logs = await deps.anchors.list();
      if (!logs.ok) return logs;
      for (const log of logs.value) {
        if (log === own) continue;
        const note = await deps.anchors.read(log);
        if (!note.ok) return note;
        // A damaged anchor of another log says nothing; verification names it.
        const reading = note.value === null ? undefined : readCheckpoint(note.value, log);
        if (reading === undefined || reading.checkpoint.size <= (recordedSizes.get(log) ?? 0)) continue;
        waiting.set(log, reading.checkpoint);
      }
      return ok(undefined);
    },
    take() {
      const taken = [...waiting.values()]
        .sort((left, right) => (left.log < right.log ? -1 : 1))
        .slice(0, SEEN_MAX);
      for (const { log, size } of taken) {
        waiting.delete(log);
        recordedSizes.set(log, size);
      }
      return taken;
    },
  };
};
