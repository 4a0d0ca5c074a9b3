import { createHash } from "node:crypto";

/** The Merkle tree of RFC 6962 section 2.1, written as its definitions are, and once as a running total. */

export const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const leafHash = (data: Uint8Array): Buffer => sha256(Uint8Array.of(0), data);

const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Uint8Array.of(1), left, right);

/** MTH of section 2.1 over leaf hashes. */
export const treeRoot = (leaves: readonly Buffer[]): Buffer => {
  const [first] = leaves;
  if (first === undefined) return sha256();
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

/** The same root while leaves are added: of all leaves only the roots of full subtrees are kept. */
export interface GrowingTree {
  readonly add: (line: Uint8Array) => void;
  readonly root: () => Buffer;
}

export const growingTree = (): GrowingTree => {
  const full: { readonly leaves: number; readonly root: Buffer }[] = [];
  return {
    add(line) {
      let leaves = 1;
      let root = leafHash(line);
      for (let last = full.at(-1); last?.leaves === leaves; last = full.at(-1)) {
        root = nodeHash(last.root, root);
        leaves *= 2;
        full.pop();
      }
      full.push({ leaves, root });
    },
    root() {
      const roots = full.map((subtree) => subtree.root);
      return roots.length === 0 ? sha256() : roots.reduceRight((right, left) => nodeHash(left, right));
    },
  };
};
