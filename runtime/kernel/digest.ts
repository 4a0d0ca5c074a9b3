import { toHex } from "./bytes.ts";
import { invariant } from "./invariant.ts";

declare const sha256Brand: unique symbol;

/** A SHA-256 digest as 64 lower-case hexadecimal digits; never an ordinary string by accident. */
export type Sha256 = string & { readonly [sha256Brand]: true };

const SHA256_FORM = /^[0-9a-f]{64}$/;

export const isSha256 = (text: string): text is Sha256 => SHA256_FORM.test(text);

/** The digest form of 32 bytes; anything else is a bug of the caller. */
export const sha256OfBytes = (bytes: Uint8Array): Sha256 => {
  const text = toHex(bytes);
  invariant(isSha256(text), "a SHA-256 digest has 32 bytes");
  return text;
};
