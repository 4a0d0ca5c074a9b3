import { invariant } from "#kernel/invariant.ts";
import type { Crypto } from "#ports/crypto.ts";
import { nodeHash } from "./merkle-tree.ts";

/*
 * Inclusion proofs, straight from the definitions of RFC 6962 section 2.1.1. They take the leaf
 * hashes of the whole tree: proofs are made for single entries that a person asks about.
 */

type Hashing = Pick<Crypto, "sha256">;
type Hashes = readonly Uint8Array[];

/** The root over leaf hashes. */
export const rootOf = (crypto: Hashing, leaves: Hashes): Uint8Array => {
  const [only] = leaves;
  if (only === undefined) return crypto.sha256();
  if (leaves.length === 1) return only;
  const split = splitOf(leaves.length);
  return nodeHash(crypto, rootOf(crypto, leaves.slice(0, split)), rootOf(crypto, leaves.slice(split)));
};

/** PATH(index, leaves): the hashes that lead from a leaf to the root, from below. */
export const inclusionProof = (crypto: Hashing, leaves: Hashes, index: number): Hashes => {
  invariant(index >= 0 && index < leaves.length, "a proof is of a leaf in the tree");
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(crypto, left, index), rootOf(crypto, right)]
    : [...inclusionProof(crypto, right, index - split), rootOf(crypto, left)];
};

/** The root that a leaf and its path give in a tree of `size`; undefined when the path has the wrong length. */
export const rootFromInclusion = (
  crypto: Hashing,
  proof: { readonly leaf: Uint8Array; readonly index: number; readonly size: number; readonly path: Hashes },
): Uint8Array | undefined => {
  const { leaf, index, size, path } = proof;
  if (index < 0 || index >= size) return undefined;
  if (size === 1) return path.length === 0 ? leaf : undefined;
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const rest = path.slice(0, -1);
  const split = splitOf(size);
  if (index < split) {
    const left = rootFromInclusion(crypto, { leaf, index, size: split, path: rest });
    return left && nodeHash(crypto, left, last);
  }
  const right = rootFromInclusion(crypto, { leaf, index: index - split, size: size - split, path: rest });
  return right && nodeHash(crypto, last, right);
};

/** The largest power of two smaller than `size`, which is at least 2. */
const splitOf = (size: number): number => {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
};
