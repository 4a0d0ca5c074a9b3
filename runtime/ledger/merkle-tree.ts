import { utf8 } from "#kernel/bytes.ts";
import type { Crypto } from "#ports/crypto.ts";

type Hashing = Pick<Crypto, "sha256">;

/** RFC 6962 section 2.1: what tells a leaf from a node. */
const LEAF_PREFIX = Uint8Array.of(0x00);
const NODE_PREFIX = Uint8Array.of(0x01);

export const leafHash = (crypto: Hashing, line: Uint8Array): Uint8Array => crypto.sha256(LEAF_PREFIX, line);

export const nodeHash = (crypto: Hashing, left: Uint8Array, right: Uint8Array): Uint8Array =>
  crypto.sha256(NODE_PREFIX, left, right);

/**
 * An RFC 6962 tree that only grows. It keeps the roots of the complete subtrees along its right
 * edge, largest first, which is as many hashes as the size has binary ones.
 */
export interface MerkleTree {
  readonly size: number;
  append(leaf: Uint8Array): void;
  root(): Uint8Array;
  /** A tree of its own that begins as this one is now. */
  copy(): MerkleTree;
}

export const createMerkleTree = (crypto: Hashing): MerkleTree => grownTree(crypto, [], 0);

const grownTree = (crypto: Hashing, edge: Uint8Array[], sizeSoFar: number): MerkleTree => {
  let size = sizeSoFar;
  return {
    get size() {
      return size;
    },
    append(leaf) {
      // Adding one to a binary number: every one that is carried over joins two subtrees of a size.
      let joined = leaf;
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
        joined = nodeHash(crypto, edge.pop() ?? joined, joined);
      }
      edge.push(joined);
      size += 1;
    },
    root() {
      const last = edge.at(-1);
      if (last === undefined) return crypto.sha256(utf8(""));
      return edge.slice(0, -1).reduceRight((right, left) => nodeHash(crypto, left, right), last);
    },
    copy: () => grownTree(crypto, [...edge], size),
  };
};
