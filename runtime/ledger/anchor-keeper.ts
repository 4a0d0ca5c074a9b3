import { utf8 } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import { fault } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { AnchorStore, LedgerFault } from "#ports/ledger.ts";
import type { Checkpoint } from "#protocol/ledger-checkpoint.ts";
import { checkpointKeyIdInput, checkpointNote, checkpointText } from "#protocol/ledger-checkpoint.ts";
import type { SigningKey } from "./keys.ts";

/** A log's checkpoint as a signed note: section 10 of docs/formats/ledger.md. */
export const signCheckpoint = (crypto: Crypto, checkpoint: Checkpoint, key: SigningKey): Uint8Array => {
  const keyId = crypto.sha256(checkpointKeyIdInput(checkpoint.log, key.publicKey));
  const signature = crypto.sign(key.seed, utf8(checkpointText(checkpoint)));
  return utf8(checkpointNote(checkpoint, keyId, signature));
};

/** Writes anchors behind the commits, one at a time; of several that wait only the latest counts. */
export interface AnchorKeeper {
  /** The log is durable up to this checkpoint. */
  offer(checkpoint: Checkpoint, key: SigningKey): void;
  /** Resolves when nothing waits. */
  settled(): Promise<void>;
}

export const createAnchorKeeper = (
  deps: { readonly crypto: Crypto; readonly anchors: AnchorStore },
  log: LogId,
  onFault: (fault: LedgerFault) => void,
): AnchorKeeper => {
  let waiting: { readonly checkpoint: Checkpoint; readonly key: SigningKey } | undefined;
  let writing: Promise<void> | undefined;

  const writeAll = async (): Promise<void> => {
    while (waiting !== undefined) {
      const { checkpoint, key } = waiting;
      waiting = undefined;
      try {
        const replaced = await deps.anchors.replace(log, signCheckpoint(deps.crypto, checkpoint, key));
        if (!replaced.ok) onFault(replaced.fault);
      } catch {
        // A mistake of ours, which nobody may be waiting for here: the ledger says it at its next call.
        onFault(fault("LEDGER_UNREADABLE", "writing the anchor stopped at an unexpected state"));
      }
    }
    writing = undefined;
  };

  return {
    offer(checkpoint, key) {
      waiting = { checkpoint, key };
      writing ??= writeAll();
    },
    async settled() {
      await writing;
    },
  };
};
