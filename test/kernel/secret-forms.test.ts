import fc from "fast-check";
import { expect, test } from "vitest";

import { secretForms } from "#kernel/secret-forms.ts";
import { secretRemover, spacedSecretRemover } from "#kernel/without-secret.ts";

const secret = fc.string({
  minLength: 12,
  maxLength: 60,
  unit: fc.constantFrom("a", "Z", "0", "/", "+", "-", "_", "~", "?"),
});

test("a secret in base64 is found wherever it stands, in both alphabets", () => {
  fc.assert(
    fc.property(secret, fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (key, before, behind) => {
      const text = Buffer.from(before + key + behind);
      for (const encoded of [text.toString("base64"), text.toString("base64url")]) {
        expect(secretForms(key).some((form) => encoded.includes(form))).toBe(true);
        expect(secretRemover(secretForms(key))(encoded)).toContain("[key removed]");
      }
    }),
  );
});

test.each([
  ["as it is", "Key/with space-1"],
  ["in small letters", "key/with space-1"],
  ["in capitals", "KEY/WITH SPACE-1"],
  ["percent-encoded", "Key%2Fwith%20space-1"],
  ["in hexadecimal digits", "4b65792f776974682073706163652d31"],
  ["in hexadecimal capitals", "4B65792F776974682073706163652D31"],
])("a secret is among its forms %s", (_, form) => {
  expect(secretForms("Key/with space-1")).toContain(form);
});

const KEY = "sk-Tide-0123456789";

test.each([
  ["with spaces", "key s k - T i d e - 0 1 2 3 4 5 6 7 8 9.", "key [key removed]."],
  ["with hyphens", "key s-k-T-i-d-e-0-1-2-3-4-5-6-7-8-9.", "key [key removed]."],
  ["with line breaks", "key sk\nTide\r\n01234\n56789.", "key [key removed]."],
  ["with signs that nobody sees", "key sk\u200bTide\u200b012345\u200b6789.", "key [key removed]."],
  ["in capitals and spaces", "key S K T I D E 0 1 2 3 4 5 6 7 8 9.", "key [key removed]."],
  ["in two long pieces", "key skTi de01, then 2345 6789.", "key [key removed], then [key removed]."],
  ["in a piece of eight", "a 2 3 4 5 6 7 8 9 b", "a [key removed] b"],
  ["in a piece of seven", "a 3 4 5 6 7 8 9 b", "a 3 4 5 6 7 8 9 b"],
  ["nowhere", "sk is no key, and Tide 01 neither", "sk is no key, and Tide 01 neither"],
])("a secret %s is removed as far as it gives it away", (_what, text, left) => {
  expect(spacedSecretRemover(secretForms(KEY))(text)).toBe(left);
});

test("a secret is removed whatever signs stand between its characters", () => {
  const sign = fc.string({ maxLength: 3, unit: fc.constantFrom(" ", "-", ".", "\n", "|", "é", "\u{1f511}") });
  fc.assert(
    fc.property(fc.array(sign, { minLength: KEY.length, maxLength: KEY.length }), (signs) => {
      const spaced = Array.from(KEY)
        .map((character, index) => character + signs[index])
        .join("");
      const left = spacedSecretRemover(secretForms(KEY))(`(${spaced})`);
      expect(left).toMatch(/^\(\[key removed\][^A-Za-z0-9]*\)$/);
    }),
  );
});

test("a secret of few letters and digits is removed as it stands, and never from what lies apart", () => {
  expect(spacedSecretRemover(["a-b-c-1!"])("a b c 1 and a-b-c-1!")).toBe("a b c 1 and [key removed]");
});
