import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";

export const FINGERPRINT_KEY_BYTES = 32;

/** Makes the keyed fingerprint of a value for one purpose; the key never leaves the closure. */
export type Fingerprinter = (purpose: string, value: JsonValue) => Sha256;

/**
 * HMAC-SHA256 (RFC 2104) over `writ.gate.<purpose>.v1`, a zero byte and the canonical JSON
 * (RFC 8785) of the value. No purpose holds a zero byte and canonical JSON is injective, so two
 * inputs share a fingerprint only if they are equal. Keyed, so that who reads a ledger's public
 * part cannot find a short argument by trying.
 */
export const createFingerprinter = (crypto: Crypto, key: Uint8Array): Fingerprinter => {
  invariant(key.length === FINGERPRINT_KEY_BYTES, "a fingerprint key has 32 bytes");
  return (purpose, value) => {
    invariant(/^[a-z-]+$/.test(purpose), "a fingerprint's purpose is a lower-case word");
    return keyedDigest(crypto, key, `writ.gate.${purpose}.v1`, value);
  };
};

/** The digest of private text that `docs/formats/run-event.md` defines: under the run's own key, for those who may open the run. */
export const createRunDigest =
  (crypto: Crypto, runKey: Uint8Array): Fingerprinter =>
  (purpose, value) =>
    keyedDigest(crypto, runKey, `writ/run-event/v1/${purpose}`, value);

const keyedDigest = (crypto: Crypto, key: Uint8Array, domain: string, value: JsonValue): Sha256 =>
  sha256OfBytes(crypto.hmacSha256(key, utf8(`${domain}\0`), utf8(canonicalJson(value))));
