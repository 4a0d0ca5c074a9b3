import { equalBytes, fromHex } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { CheckpointReading } from "#protocol/ledger-checkpoint.ts";
import { readCheckpoint } from "#protocol/ledger-checkpoint.ts";
import type { FaultList } from "./fault-list.ts";
import { isCheckpointSignedBy } from "./signatures.ts";
import type { VerifierCrypto } from "./source.ts";
import type { TreeHash } from "./tree-hash.ts";

/** Holds a log that is being read against its local anchor: rows 19 to 21 of section 12. */
export class AnchorCheck {
  private readonly given: boolean;
  private readonly anchor: CheckpointReading | undefined;
  /** Whether the tree had the anchor's root at its size; undefined while it has not grown so far. */
  private agrees: boolean | undefined;
  private readonly crypto: VerifierCrypto;

  /** @param note as it was read, or null where the log has no anchor. */
  constructor(crypto: VerifierCrypto, log: LogId | null, note: Uint8Array | null) {
    this.crypto = crypto;
    this.given = note !== null;
    this.anchor = note === null || log === null ? undefined : readCheckpoint(note, log);
  }

  /** Lines that the anchor covers; null without a readable one. */
  get size(): number | null {
    return this.anchor?.checkpoint.size ?? null;
  }

  /** The tree has grown to `size` leaves. */
  grown(size: number, tree: TreeHash): void {
    if (this.anchor?.checkpoint.size !== size) return;
    this.agrees = equalBytes(fromHex(this.anchor.checkpoint.root) ?? new Uint8Array(), tree.root());
  }

  /**
   * Reports what does not agree with the log that was read. `spoilt` says that lines were found to be
   * changed, from which another root follows by itself; `keysBefore` gives the writer keys below a size.
   */
  finish(
    faults: FaultList,
    log: {
      readonly lines: number;
      readonly spoilt: boolean;
      readonly keysBefore: (size: number) => readonly string[];
    },
  ): void {
    if (!this.given) return;
    if (this.anchor === undefined) {
      faults.add("wrong-signature", { index: 0 }, "the local anchor is not a checkpoint of this log");
      return;
    }
    const { size } = this.anchor.checkpoint;
    if (this.agrees === undefined) {
      const { lines } = log;
      faults.add("truncated", { index: lines }, `the local anchor states ${size} lines, there are ${lines}`);
    } else if (!this.agrees) {
      if (log.spoilt) return;
      faults.add("wrong-root", { index: size - 1 }, "the local anchor states another history up to here");
    } else if (!isCheckpointSignedBy(this.crypto, this.anchor, log.keysBefore(size))) {
      faults.add(
        "wrong-signature",
        { index: size - 1 },
        "the local anchor is not signed by a writer of this log",
      );
    }
  }
}
