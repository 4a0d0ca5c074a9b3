import { describe, expect, test } from "vitest";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { utf8 } from "#kernel/bytes.ts";
import { cryptoContract } from "#test/contracts/crypto.ts";

cryptoContract("node:crypto", createNodeCrypto());

describe("keys that are kept ready", () => {
  test("more public keys than the table holds all verify", () => {
    const crypto = createNodeCrypto();
    for (let index = 0; index < 200; index += 1) {
      const seed = new Uint8Array(32).fill(index);
      const signature = crypto.sign(seed, utf8("m"));
      expect(crypto.verify(crypto.publicKey(seed), utf8("m"), signature)).toBe(true);
    }
  });

  test("equal secrets in two arrays give equal results", () => {
    const crypto = createNodeCrypto();
    const [left, right] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(7)];
    expect(crypto.hmacSha256(left, utf8("m"))).toEqual(crypto.hmacSha256(right, utf8("m")));
    expect(crypto.sign(left, utf8("m"))).toEqual(crypto.sign(right, utf8("m")));
  });
});
