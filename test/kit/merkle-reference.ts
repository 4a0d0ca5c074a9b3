import { equalBytes } from "#kernel/bytes.ts";
import type { Crypto } from "#ports/crypto.ts";

/*
 * RFC 6962 section 2.1 as it stands there, over the data of the leaves and as slow as it is plain:
 * what the tree that grows is compared with.
 */

type Hashing = Pick<Crypto, "sha256">;
type Hashes = readonly Uint8Array[];

/** MTH(D[n]) */
export const referenceRoot = (crypto: Hashing, data: Hashes): Uint8Array => {
  const [only] = data;
  if (only === undefined) return crypto.sha256(new Uint8Array());
  if (data.length === 1) return crypto.sha256(Uint8Array.of(0), only);
  const k = split(data.length);
  return node(crypto, referenceRoot(crypto, data.slice(0, k)), referenceRoot(crypto, data.slice(k)));
};

/** PATH(m, D[n]) */
export const referencePath = (crypto: Hashing, m: number, data: Hashes): Hashes => {
  if (data.length <= 1) return [];
  const k = split(data.length);
  return m < k
    ? [...referencePath(crypto, m, data.slice(0, k)), referenceRoot(crypto, data.slice(k))]
    : [...referencePath(crypto, m - k, data.slice(k)), referenceRoot(crypto, data.slice(0, k))];
};

/** PROOF(m, D[n]) */
export const referenceConsistency = (crypto: Hashing, m: number, data: Hashes): Hashes =>
  subproof(crypto, m, data, true);

const subproof = (crypto: Hashing, m: number, data: Hashes, whole: boolean): Hashes => {
  if (m === data.length) return whole ? [] : [referenceRoot(crypto, data)];
  const k = split(data.length);
  return m <= k
    ? [...subproof(crypto, m, data.slice(0, k), whole), referenceRoot(crypto, data.slice(k))]
    : [...subproof(crypto, m - k, data.slice(k), false), referenceRoot(crypto, data.slice(0, k))];
};

interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether a proof shows that the old tree is the beginning of the grown one. */
export const referenceIsConsistent = (crypto: Hashing, old: Head, grown: Head, proof: Hashes): boolean => {
  if (old.size < 1 || old.size > grown.size) return false;
  const roots = rootsOf(crypto, old.size, grown.size, proof, old.root);
  return roots !== undefined && equalBytes(roots.old, old.root) && equalBytes(roots.grown, grown.root);
};

/** Both roots as the proof gives them; `known` stands for the old root where the proof leaves it out. */
const rootsOf = (
  crypto: Hashing,
  oldSize: number,
  size: number,
  proof: Hashes,
  known: Uint8Array | undefined,
): { readonly old: Uint8Array; readonly grown: Uint8Array } | undefined => {
  if (oldSize === size) {
    const root = known ?? proof[0];
    const expected = known === undefined ? 1 : 0;
    return root === undefined || proof.length !== expected ? undefined : { old: root, grown: root };
  }
  const last = proof.at(-1);
  if (last === undefined) return undefined;
  const k = split(size);
  const rest = proof.slice(0, -1);
  if (oldSize <= k) {
    const left = rootsOf(crypto, oldSize, k, rest, known);
    return left && { old: left.old, grown: node(crypto, left.grown, last) };
  }
  const right = rootsOf(crypto, oldSize - k, size - k, rest, undefined);
  return right && { old: node(crypto, last, right.old), grown: node(crypto, last, right.grown) };
};

const node = (crypto: Hashing, left: Uint8Array, right: Uint8Array): Uint8Array =>
  crypto.sha256(Uint8Array.of(1), left, right);

/** The largest power of two smaller than `size`, which is at least 2. */
const split = (size: number): number => 2 ** (Math.ceil(Math.log2(size)) - 1);
