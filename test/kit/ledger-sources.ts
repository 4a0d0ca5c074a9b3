import type { LogId } from "#kernel/ids.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerSource } from "#ledger/verify/verify-ledger.ts";
import type { LogSource } from "#ledger/verify/source.ts";

/** The files of a log in memory as a verifier sees them. */
export const sourceOf = (files: ReadonlyMap<string, Uint8Array>): LogSource => ({
  files: async () => ok([...files].map(([name, bytes]) => ({ name, sizeBytes: bytes.length }))),
  read: async (file, offset, bytesMax) =>
    ok((files.get(file) ?? new Uint8Array()).subarray(offset, offset + bytesMax)),
});

/** A whole ledger in memory with its anchors, as a verifier sees it. */
export const ledgerSourceOf = (
  image: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>,
  anchors: ReadonlyMap<string, Uint8Array>,
  held: readonly string[] = [],
): LedgerSource => ({
  logs: async () => ok([...image.keys()].sort() as LogId[]),
  log: (log) => sourceOf(image.get(log) ?? new Map()),
  isHeld: async (log) => held.includes(log),
  anchored: async () => ok([...anchors.keys()].sort() as LogId[]),
  anchor: async (log) => ok(anchors.get(log) ?? null),
});
