import { createHash } from "node:crypto";

import fc from "fast-check";
import { expect, test } from "vitest";

import { sha256Bytes } from "#adapters/lowering/short-digest.ts";
import { toHex, utf8 } from "#kernel/bytes.ts";

const bare = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("the digest of %j is the published one", (text, digest) => {
  expect(toHex(sha256Bytes(utf8(text)))).toBe(digest);
});

test("every length up to four blocks, and whatever bytes, give what Node gives", () => {
  for (let length = 0; length <= 256; length += 1) {
    const bytes = new Uint8Array(length).fill(length);
    expect(toHex(sha256Bytes(bytes))).toBe(bare(bytes));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
      expect(toHex(sha256Bytes(bytes))).toBe(bare(bytes));
    }),
  );
});

test("part of a larger buffer, and a long text", () => {
  const bytes = new Uint8Array(1_000_003).map((_, index) => index * 7);
  for (const part of [bytes, bytes.subarray(5, 70), bytes.subarray(1_000_000)]) {
    expect(toHex(sha256Bytes(part))).toBe(bare(part));
  }
});
