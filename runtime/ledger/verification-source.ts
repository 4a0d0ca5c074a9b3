import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { AnchorStore, LedgerFault, LedgerStore, StoredFile } from "#ports/ledger.ts";

/** A stored ledger and its anchors in the shape that the verifier asks for; it imports nothing of ours, so the shape is told by structure. */
export interface VerificationSource {
  logs(): Promise<Result<readonly LogId[], LedgerFault>>;
  log(log: LogId): {
    files(): Promise<Result<readonly StoredFile[], LedgerFault>>;
    read(file: string, offset: number, bytesMax: number): Promise<Result<Uint8Array, LedgerFault>>;
  };
  isHeld(log: LogId): Promise<boolean>;
  anchored(): Promise<Result<readonly LogId[], LedgerFault>>;
  anchor(log: LogId): Promise<Result<Uint8Array | null, LedgerFault>>;
}

/**
 * @param isWhole whether every log that has an anchor belongs to this ledger, so that one which is
 * not there was deleted. Not so for a copy of some logs.
 */
export const createVerificationSource = (
  store: LedgerStore,
  anchors: AnchorStore,
  isWhole: boolean,
): VerificationSource => ({
  logs: () => store.logs(),
  log: (log) => ({
    files: () => store.files(log),
    read: (file, offset, bytesMax) => store.read(log, file, offset, bytesMax),
  }),
  isHeld: (log) => store.isHeld(log),
  anchored: async () => (isWhole ? anchors.list() : ok([])),
  anchor: (log) => anchors.read(log),
});
