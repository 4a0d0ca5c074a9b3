import fc from "fast-check";
import { expect, test } from "vitest";

import { secretForms } from "#kernel/secret-forms.ts";
import { secretRemover } from "#kernel/without-secret.ts";

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
])("a secret is among its forms %s", (_, form) => {
  expect(secretForms("Key/with space-1")).toContain(form);
});
