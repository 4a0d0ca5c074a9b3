import type { KeyObject } from "node:crypto";
import { createPublicKey, verify } from "node:crypto";
import { sha256 } from "./tree.ts";

/** Public keys as the format writes them: 64 hexadecimal digits of the raw 32 bytes. */

const known = new Map<string, KeyObject>();
const KNOWN_MAX = 1_000;

const keyObject = (publicKey: string): KeyObject => {
  const seen = known.get(publicKey);
  if (seen !== undefined) return seen;
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(publicKey, key);
  return key;
};

/** Bytes that are no key have signed nothing. */
export const isSignedBy = (
  publicKey: string,
  message: string | Uint8Array,
  signature: Uint8Array,
): boolean => {
  try {
    return verify(null, Buffer.from(message), keyObject(publicKey), signature);
  } catch {
    return false;
  }
};

/** `writer` of a line. */
export const writerId = (publicKey: string): string =>
  sha256(Buffer.from(publicKey, "hex")).toString("hex", 0, 8);

/** The first bytes of a note's signature, which say whose it is. */
export const noteKeyId = (name: string, publicKey: string): Buffer =>
  sha256(name, Uint8Array.of(0x0a, 0x01), Buffer.from(publicKey, "hex")).subarray(0, 4);

/** The bytes of base64 in its one strict form, or undefined. */
export const strictBase64 = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
};
