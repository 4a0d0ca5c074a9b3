import * as node from "node:crypto";
import type { KeyObject } from "node:crypto";
import { invariant } from "#kernel/invariant.ts";
import type { Crypto } from "#ports/crypto.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SIGNATURE_BYTES = 64;
const HKDF_BYTES_MAX = 255 * 32;

/** Public keys that are kept ready; a log has one or two. */
const PUBLIC_KEYS_MAX = 64;

/** DER of RFC 8410 around a raw Ed25519 key: all that Node takes. */
const PRIVATE_KEY_DER = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_KEY_DER = Buffer.from("302a300506032b6570032100", "hex");

/**
 * The `Crypto` port on `node:crypto`. Making OpenSSL's object for a key costs several times as much
 * as using it, so these objects are kept: for secrets as long as the caller holds the key's array,
 * for public keys in a small table.
 */
export const createNodeCrypto = (): Crypto => {
  const secretKeys = new WeakMap<Uint8Array, KeyObject>();
  const signingKeys = new WeakMap<Uint8Array, KeyObject>();
  const publicKeys = new Map<string, KeyObject>();

  const secretKey = (key: Uint8Array): KeyObject => kept(secretKeys, key, () => node.createSecretKey(key));

  const signingKey = (seed: Uint8Array): KeyObject => {
    invariant(seed.length === KEY_BYTES, "an Ed25519 seed has 32 bytes");
    return kept(signingKeys, seed, () =>
      node.createPrivateKey({ key: Buffer.concat([PRIVATE_KEY_DER, seed]), format: "der", type: "pkcs8" }),
    );
  };

  const publicKeyObject = (raw: Uint8Array): KeyObject => {
    const name = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("latin1");
    const found = publicKeys.get(name);
    if (found !== undefined) return found;
    const key = node.createPublicKey({
      key: Buffer.concat([PUBLIC_KEY_DER, raw]),
      format: "der",
      type: "spki",
    });
    if (publicKeys.size >= PUBLIC_KEYS_MAX) publicKeys.clear();
    publicKeys.set(name, key);
    return key;
  };

  return {
    sha256: (...parts) => plain(node.hash("sha256", joined(parts), "buffer")),

    hmacSha256(key, ...parts) {
      const hmac = node.createHmac("sha256", secretKey(key));
      for (const part of parts) hmac.update(part);
      return plain(hmac.digest());
    },

    hkdfSha256(key, salt, info, lengthBytes) {
      invariant(lengthBytes <= HKDF_BYTES_MAX, "HKDF-SHA256 gives at most 8160 bytes");
      return new Uint8Array(node.hkdfSync("sha256", key, salt, info, lengthBytes));
    },

    publicKey(seed) {
      const spki = node.createPublicKey(signingKey(seed)).export({ format: "der", type: "spki" });
      return plain(spki.subarray(PUBLIC_KEY_DER.length));
    },

    sign: (seed, message) => plain(node.sign(null, message, signingKey(seed))),

    verify(publicKey, message, signature) {
      if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
      try {
        return node.verify(null, message, publicKeyObject(publicKey), signature);
      } catch {
        // OpenSSL may refuse bytes that are no point of the curve; for the caller that is a wrong signature.
        return false;
      }
    },

    seal(key, nonce, bytes, additional) {
      checkSealing(key, nonce);
      const cipher = node.createCipheriv("aes-256-gcm", secretKey(key), nonce);
      cipher.setAAD(additional);
      const sealed = new Uint8Array(bytes.length + TAG_BYTES);
      sealed.set(cipher.update(bytes));
      cipher.final();
      sealed.set(cipher.getAuthTag(), bytes.length);
      return sealed;
    },

    open(key, nonce, sealed, additional) {
      checkSealing(key, nonce);
      if (sealed.length < TAG_BYTES) return undefined;
      const tagAt = sealed.length - TAG_BYTES;
      const decipher = node.createDecipheriv("aes-256-gcm", secretKey(key), nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(additional);
      decipher.setAuthTag(sealed.subarray(tagAt));
      const bytes = decipher.update(sealed.subarray(0, tagAt));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return plain(bytes);
    },
  };
};

const checkSealing = (key: Uint8Array, nonce: Uint8Array): void => {
  invariant(key.length === KEY_BYTES, "a sealing key has 32 bytes");
  invariant(nonce.length === NONCE_BYTES, "a nonce has 12 bytes");
};

const kept = (table: WeakMap<Uint8Array, KeyObject>, bytes: Uint8Array, make: () => KeyObject): KeyObject => {
  const found = table.get(bytes);
  if (found !== undefined) return found;
  const key = make();
  table.set(bytes, key);
  return key;
};

const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);

/** A plain array of its own: a Buffer compares, slices and prints differently. */
const plain = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
