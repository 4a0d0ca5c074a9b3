import type { VerifierCrypto } from "./source.ts";

/**
 * The root of an RFC 6962 tree over a stream of leaves. `levels[n]` is the root of a complete
 * subtree of 2^n leaves that waits for its right sibling, as the bits of a counter do.
 */
export class TreeHash {
  private readonly crypto: VerifierCrypto;
  private readonly levels: (Uint8Array | undefined)[] = [];

  constructor(crypto: VerifierCrypto) {
    this.crypto = crypto;
  }

  add(line: Uint8Array): void {
    let carried = this.crypto.sha256(LEAF, line);
    let level = 0;
    for (let left = this.levels[level]; left !== undefined; left = this.levels[level]) {
      carried = this.crypto.sha256(NODE, left, carried);
      this.levels[level] = undefined;
      level += 1;
    }
    this.levels[level] = carried;
  }

  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (const left of this.levels) {
      if (left === undefined) continue;
      root = root === undefined ? left : this.crypto.sha256(NODE, left, root);
    }
    return root ?? this.crypto.sha256();
  }
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
