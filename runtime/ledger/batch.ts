import type { JsonValue } from "#kernel/json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { NewContent, NewEntry } from "#protocol/run-event.ts";
import { createMerkleTree, leafHash } from "./merkle-tree.ts";
import type { ScopeKeys } from "./sealing.ts";
import { recordCommitment } from "./sealing.ts";

/** Many records of one kind with consecutive numbers. */
export interface RecordBatch {
  readonly kind: string;
  /** Number of the first record. */
  readonly first: number;
  readonly records: readonly JsonValue[];
}

/**
 * What a `batch.recorded` says of its records: their root and range openly, themselves as content.
 * One record can later be proven by a path to the root that names no other.
 */
export const batchEntry = (
  crypto: Crypto,
  keys: ScopeKeys,
  batch: RecordBatch,
): Pick<NewEntry, "public"> & { readonly content: readonly NewContent[] } => {
  const { kind, first, records } = batch;
  invariant(records.length > 0, "a batch has at least one record");
  const tree = createMerkleTree(crypto);
  for (const [index, value] of records.entries()) {
    tree.append(leafHash(crypto, recordCommitment(crypto, keys, { kind, number: first + index, value })));
  }
  return {
    public: {
      kind,
      first,
      last: first + records.length - 1,
      count: records.length,
      root: sha256OfBytes(tree.root()),
    },
    content: [{ scope: keys.scope, name: "records", value: records }],
  };
};
