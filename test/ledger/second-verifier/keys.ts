import type { KeyObject } from "node:crypto";
import { createPublicKey, verify } from "node:crypto";
import { sha256 } from "./tree.ts";

/** Public keys as the format writes them: 64 hexadecimal digits of the raw 32 bytes. */

const keyObject = (publicKey: string): KeyObject => {
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
};

/** Answers by question. Logs are verified over and over with a line or two changed; the others are not asked again. */
const answers = new Map<string, boolean>();
const ANSWERS_MAX = 10_000;

/** Bytes that are no key have signed nothing. */
export const isSignedBy = (publicKey: string, message: string, signature: Uint8Array): boolean => {
  const signatureText = Buffer.from(signature).toString("hex");
  const question = sha256(`${publicKey} ${signatureText} ${message}`).toString("latin1");
  const answer = answers.get(question) ?? check(publicKey, message, signature);
  if (answers.size >= ANSWERS_MAX) answers.clear();
  answers.set(question, answer);
  return answer;
};

const check = (publicKey: string, message: string, signature: Uint8Array): boolean => {
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
  sha256(Buffer.concat([Buffer.from(`${name}\n\u0001`), Buffer.from(publicKey, "hex")])).subarray(0, 4);

/** The bytes of base64 in its one strict form, or undefined. */
export const strictBase64 = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
};
