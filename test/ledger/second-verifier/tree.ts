import { hash } from "node:crypto";

/** The Merkle tree of RFC 6962 section 2.1, written as its definitions are. */

export const sha256 = (data: string | Uint8Array): Buffer => hash("sha256", data, "buffer");

const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);

export const leafHash = (data: Uint8Array): Buffer => sha256(Buffer.concat([LEAF, data]));

const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.concat([NODE, left, right]));

/** MTH of section 2.1 over leaf hashes. */
export const treeRoot = (leaves: readonly Buffer[]): Buffer => {
  const [first] = leaves;
  if (first === undefined) return sha256("");
  if (leaves.length === 1) return first;
  const split = splitOf(leaves.length);
  return nodeHash(treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
};

/** PATH of section 2.1.1, for a leaf that is in the tree. */
export const inclusionProof = (index: number, leaves: readonly Buffer[]): readonly Buffer[] => {
  if (leaves.length <= 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(index, left), treeRoot(right)]
    : [...inclusionProof(index - split, right), treeRoot(left)];
};

/** PROOF of section 2.1.2, from the tree of the first `size` leaves to the tree of all. */
export const consistencyProof = (size: number, leaves: readonly Buffer[]): readonly Buffer[] =>
  subproof(size, leaves, true);

const subproof = (size: number, leaves: readonly Buffer[], whole: boolean): readonly Buffer[] => {
  if (size === leaves.length) return whole ? [] : [treeRoot(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return size <= split
    ? [...subproof(size, left, whole), treeRoot(right)]
    : [...subproof(size - split, right, false), treeRoot(left)];
};

/** The largest power of two that is smaller than `count`. */
const splitOf = (count: number): number => {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
};
