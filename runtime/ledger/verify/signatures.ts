import { equalBytes, fromBase64, fromHex, toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { CheckpointReading } from "#protocol/ledger-checkpoint.ts";
import { checkpointKeyIdInput } from "#protocol/ledger-checkpoint.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { LEDGER_DOMAIN } from "#protocol/ledger-format.ts";
import type { VerifierCrypto } from "./source.ts";

/*
 * Hashes and signatures of lines: sections 4 and 6 of docs/formats/ledger.md. Keys are the raw public
 * keys in hexadecimal, as entries carry them.
 */

/** The hash that a canonical line must state. */
export const computedHash = (crypto: VerifierCrypto, text: string, entry: LedgerEntry): string => {
  // The first such text is the line's own member: only `cause` and `content` stand before it, and
  // no string in them holds a quote.
  const member = `"hash":"${entry.hash}",`;
  const at = text.indexOf(member);
  const hashed = text.slice(0, at) + text.slice(at + member.length);
  return toHex(crypto.sha256(utf8(LEDGER_DOMAIN.entry + hashed)));
};

/** Whether the line's own signature is by this key. */
export const isSignedBy = (crypto: VerifierCrypto, entry: LedgerEntry, key: string): boolean => {
  const { hash: _hash, signature, ...signed } = entry;
  const message = utf8(LEDGER_DOMAIN.signature + canonicalJson(signed as unknown as JsonValue));
  return crypto.verify(bytesOf(key), message, fromBase64(signature ?? "") ?? new Uint8Array());
};

/**
 * Whether a checkpoint's text is signed by at least one of the keys. As C2SP wants it, signatures of
 * other keys are passed over, and one that claims to be by one of these and is not spoils the note.
 */
export const isCheckpointSignedBy = (
  crypto: VerifierCrypto,
  { checkpoint, text, signatures }: CheckpointReading,
  keys: readonly string[],
): boolean => {
  let signed = false;
  for (const { keyId, signature } of signatures) {
    const claimed = keys.filter((key) => {
      const digest = crypto.sha256(checkpointKeyIdInput(checkpoint.log, bytesOf(key)));
      return equalBytes(digest.subarray(0, keyId.length), keyId);
    });
    if (claimed.length === 0) continue;
    if (!claimed.some((key) => crypto.verify(bytesOf(key), utf8(text), signature))) return false;
    signed = true;
  }
  return signed;
};

/** `writer` of the lines that a key vouches for. */
export const writerOf = (crypto: VerifierCrypto, key: string): string =>
  toHex(crypto.sha256(bytesOf(key)).subarray(0, 8));

const bytesOf = (key: string): Uint8Array => fromHex(key) ?? new Uint8Array();
