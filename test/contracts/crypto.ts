import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex, utf8 } from "#kernel/bytes.ts";
import type { Crypto } from "#ports/crypto.ts";
import { caseCount } from "#test/kit/cases.ts";

interface Vectors {
  readonly sha256: Cases<"message" | "digest">;
  readonly hmacSha256: Cases<"key" | "message" | "tag">;
  readonly hkdfSha256: Cases<"key" | "salt" | "info" | "output">;
  readonly ed25519: Cases<"seed" | "publicKey" | "message" | "signature">;
  readonly aes256Gcm: Cases<"key" | "nonce" | "plain" | "additional" | "sealed">;
}
interface Cases<Field extends string> {
  readonly source: string;
  readonly cases: readonly Readonly<Record<Field, string>>[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../vectors/crypto/rfc.json", import.meta.url), "utf8"),
) as Vectors;

const bytes = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  if (read === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return read;
};

/** The behaviour that every Crypto has: the published vectors, and refusal of all that was changed. */
export const cryptoContract = (name: string, crypto: Crypto): void => {
  describe(`${name} as Crypto`, () => {
    test.each(vectors.sha256.cases)(`SHA-256 of $message (${vectors.sha256.source})`, (one) => {
      expect(toHex(crypto.sha256(bytes(one.message)))).toBe(one.digest);
    });

    test("SHA-256 of no part and of empty parts is that of nothing", () => {
      const nothing = vectors.sha256.cases[0]?.digest;
      expect(toHex(crypto.sha256())).toBe(nothing);
      expect(toHex(crypto.sha256(new Uint8Array(), new Uint8Array()))).toBe(nothing);
    });

    test.each(vectors.hmacSha256.cases)(`HMAC-SHA256 $tag (${vectors.hmacSha256.source})`, (one) => {
      expect(toHex(crypto.hmacSha256(bytes(one.key), bytes(one.message)))).toBe(one.tag);
    });

    test.each(vectors.hkdfSha256.cases)(`HKDF-SHA256 $output (${vectors.hkdfSha256.source})`, (one) => {
      const length = one.output.length / 2;
      const output = crypto.hkdfSha256(bytes(one.key), bytes(one.salt), bytes(one.info), length);
      expect(toHex(output)).toBe(one.output);
    });

    test.each(vectors.ed25519.cases)(`Ed25519 key $publicKey (${vectors.ed25519.source})`, (one) => {
      const seed = bytes(one.seed);
      expect(toHex(crypto.publicKey(seed))).toBe(one.publicKey);
      expect(toHex(crypto.sign(seed, bytes(one.message)))).toBe(one.signature);
      expect(crypto.verify(bytes(one.publicKey), bytes(one.message), bytes(one.signature))).toBe(true);
    });

    test.each(vectors.aes256Gcm.cases)(`AES-256-GCM $sealed (${vectors.aes256Gcm.source})`, (one) => {
      const [key, nonce, additional] = [bytes(one.key), bytes(one.nonce), bytes(one.additional)];
      expect(toHex(crypto.seal(key, nonce, bytes(one.plain), additional))).toBe(one.sealed);
      expect(crypto.open(key, nonce, bytes(one.sealed), additional)).toEqual(bytes(one.plain));
    });

    test("parts are joined, whatever their borders", () => {
      const key = bytes("00".repeat(32));
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 5 }), (parts) => {
          const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
          expect(crypto.sha256(...parts)).toEqual(crypto.sha256(whole));
          expect(crypto.hmacSha256(key, ...parts)).toEqual(crypto.hmacSha256(key, whole));
        }),
      );
    });

    test("results are plain arrays that own their bytes", () => {
      const digest = crypto.sha256(utf8("a"));
      expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype);
      expect(digest.buffer.byteLength).toBe(digest.length);
      digest.fill(0);
      expect(toHex(crypto.sha256(utf8("a")))).not.toBe("00".repeat(32));
    });

    test("a signature stops to verify with any bit of it, of the message or of the key changed", () => {
      const seed = bytes("11".repeat(32));
      const publicKey = crypto.publicKey(seed);
      const message = utf8("what was said");
      const signature = crypto.sign(seed, message);
      for (const [what, length] of [
        ["signature", 64],
        ["message", message.length],
        ["key", 32],
      ] as const) {
        fc.assert(
          fc.property(fc.nat(length * 8 - 1), (bit) => {
            const changed = (one: string, original: Uint8Array): Uint8Array =>
              one === what ? flipped(original, bit) : original;
            const accepted = crypto.verify(
              changed("key", publicKey),
              changed("message", message),
              changed("signature", signature),
            );
            expect(accepted).toBe(false);
          }),
          { numRuns: caseCount(40) },
        );
      }
    });

    test.each([
      ["a short key", 31, 64],
      ["a long key", 33, 64],
      ["a short signature", 32, 63],
      ["an empty signature", 32, 0],
      ["a key and signature of zeros", 32, 64],
    ])("verify answers false for %s", (_what, keyBytes, signatureBytes) => {
      expect(crypto.verify(new Uint8Array(keyBytes), utf8("m"), new Uint8Array(signatureBytes))).toBe(false);
    });

    test("verify answers false for a signature whose scalar was enlarged by the group's order", () => {
      // RFC 8032 section 5.1.7 demands S below L; without it every signature has a second form.
      const one = vectors.ed25519.cases[1];
      if (one === undefined) throw new Error("no vector");
      const order = 2n ** 252n + 27742317777372353535851937790883648493n;
      const signature = bytes(one.signature);
      const scalar = signature.slice(32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + order;
      for (let index = 0; index < 32; index += 1) {
        signature[32 + index] = Number((scalar >> BigInt(8 * index)) & 0xffn);
      }
      expect(crypto.verify(bytes(one.publicKey), bytes(one.message), signature)).toBe(false);
    });

    test("sealed bytes open again, and not after any bit of anything was changed", () => {
      const key = bytes("22".repeat(32));
      const nonce = bytes("33".repeat(12));
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 200 }),
          fc.uint8Array({ minLength: 1, maxLength: 40 }),
          fc.nat(),
          (plain, additional, bit) => {
            const sealed = crypto.seal(key, nonce, plain, additional);
            expect(sealed.length).toBe(plain.length + 16);
            expect(crypto.open(key, nonce, sealed, additional)).toEqual(new Uint8Array(plain));
            expect(crypto.open(key, nonce, flipped(sealed, bit), additional)).toBeUndefined();
            expect(crypto.open(key, nonce, sealed, flipped(additional, bit))).toBeUndefined();
            expect(crypto.open(key, flipped(nonce, bit), sealed, additional)).toBeUndefined();
            expect(crypto.open(flipped(key, bit), nonce, sealed, additional)).toBeUndefined();
            expect(crypto.open(key, nonce, sealed.subarray(0, -1), additional)).toBeUndefined();
          },
        ),
        { numRuns: caseCount(40) },
      );
    });

    test("bytes shorter than a tag do not open", () => {
      for (let length = 0; length < 16; length += 1) {
        const opened = crypto.open(
          new Uint8Array(32),
          new Uint8Array(12),
          new Uint8Array(length),
          new Uint8Array(),
        );
        expect(opened).toBeUndefined();
      }
    });
  });
};

const flipped = (original: Uint8Array, bit: number): Uint8Array => {
  const changed = new Uint8Array(original);
  const at = Math.floor(bit / 8) % changed.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
  return changed;
};
