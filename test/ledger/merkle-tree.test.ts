import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caseCount } from "#test/kit/cases.ts";
import { verifies } from "#test/kit/verifies.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { fromHex, toHex } from "#kernel/bytes.ts";
import { inclusionProof, rootFromInclusion, rootOf } from "#ledger/merkle-proof.ts";
import { createMerkleTree, leafHash } from "#ledger/merkle-tree.ts";
import {
  referenceConsistency,
  referenceIsConsistent,
  referencePath,
  referenceRoot,
} from "#test/kit/merkle-reference.ts";

const crypto = createNodeCrypto();
const hashes = (data: readonly Uint8Array[]): Uint8Array[] => data.map((one) => leafHash(crypto, one));
const grown = (data: readonly Uint8Array[]): Uint8Array => {
  const tree = createMerkleTree(crypto);
  for (const leaf of hashes(data)) tree.append(leaf);
  return tree.root();
};

/** The leaves of the test tree that Certificate Transparency implementations have in common, and its roots. */
const KNOWN_LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const KNOWN_ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const knownLeaves = KNOWN_LEAVES.map((hex) => fromHex(hex) ?? new Uint8Array());

const leaves = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 70 });

describe("the tree (RFC 6962)", () => {
  test.each(KNOWN_ROOTS.map((root, size) => ({ size, root })))(
    "of $size known leaves has the known root",
    ({ size, root }) => {
      expect(toHex(grown(knownLeaves.slice(0, size)))).toBe(root);
    },
  );

  test("grown leaf by leaf it has the root of the definition at every size", () => {
    fc.assert(
      fc.property(leaves, (data) => {
        const tree = createMerkleTree(crypto);
        for (const [index, leaf] of hashes(data).entries()) {
          tree.append(leaf);
          expect(tree.size).toBe(index + 1);
          expect(tree.root()).toEqual(referenceRoot(crypto, data.slice(0, index + 1)));
        }
        expect(rootOf(crypto, hashes(data))).toEqual(tree.root());
      }),
      { numRuns: caseCount(30) },
    );
  });

  test("a copy grows apart from its original", () => {
    const tree = createMerkleTree(crypto);
    for (const leaf of hashes(knownLeaves.slice(0, 5))) tree.append(leaf);
    const copy = tree.copy();
    for (const leaf of hashes(knownLeaves.slice(5))) copy.append(leaf);
    expect([toHex(tree.root()), toHex(copy.root())]).toEqual([KNOWN_ROOTS[5], KNOWN_ROOTS[8]]);
  });

  test("an inclusion proof is the path of the definition and leads to the root", () => {
    verifies("ledger.beyond.inclusion-proofs");
    fc.assert(
      fc.property(leaves, fc.nat(), (data, chosen) => {
        const index = chosen % data.length;
        const path = inclusionProof(crypto, hashes(data), index);
        expect(path).toEqual(referencePath(crypto, index, data));
        const leaf = leafHash(crypto, data[index] ?? new Uint8Array());
        expect(rootFromInclusion(crypto, { leaf, index, size: data.length, path })).toEqual(grown(data));
        expect(path.length).toBeLessThanOrEqual(Math.ceil(Math.log2(data.length)));
      }),
      { numRuns: caseCount(60) },
    );
  });

  test("a proof for another leaf, place or size, or with a hash more, less or changed, does not", () => {
    const distinct = fc.uniqueArray(fc.uint8Array({ minLength: 4, maxLength: 8 }), {
      minLength: 2,
      maxLength: 40,
      selector: (leaf) => toHex(leaf),
    });
    fc.assert(
      fc.property(distinct, fc.nat(), fc.nat(), (data, chosen, spoilt) => {
        const [index, size] = [chosen % data.length, data.length];
        const root = grown(data);
        const path = inclusionProof(crypto, hashes(data), index);
        const leaf = leafHash(crypto, data[index] ?? new Uint8Array());
        const other = leafHash(crypto, data[(index + 1) % size] ?? new Uint8Array());
        const bent = path.map((hash, at) => (at === spoilt % path.length ? crypto.sha256(hash) : hash));
        for (const wrong of [
          { leaf: other, index, size, path },
          { leaf, index: (index + 1) % size, size, path },
          { leaf, index, size, path: bent },
          { leaf, index, size, path: path.slice(1) },
          { leaf, index, size, path: [...path, root] },
          { leaf, index: size, size, path },
          { leaf, index: -1, size, path },
        ]) {
          expect(rootFromInclusion(crypto, wrong)).not.toEqual(root);
        }
      }),
      { numRuns: caseCount(60) },
    );
  });

  test("what it was is consistent with what it became, and nothing else is", () => {
    verifies("ledger.beyond.inclusion-proofs");
    fc.assert(
      fc.property(leaves, fc.nat(), (data, chosen) => {
        const size = (chosen % data.length) + 1;
        const old = { size, root: grown(data.slice(0, size)) };
        const now = { size: data.length, root: grown(data) };
        const proof = referenceConsistency(crypto, size, data);
        expect(referenceIsConsistent(crypto, old, now, proof)).toBe(true);
        expect(referenceIsConsistent(crypto, { ...old, root: crypto.sha256(old.root) }, now, proof)).toBe(
          false,
        );
        expect(referenceIsConsistent(crypto, old, { ...now, root: crypto.sha256(now.root) }, proof)).toBe(
          false,
        );
      }),
      { numRuns: caseCount(60) },
    );
  });
});
