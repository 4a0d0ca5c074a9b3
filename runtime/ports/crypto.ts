/**
 * The primitives, and nothing composed of them. Synchronous, because a hash chain that awaits
 * lets other writers in between; a browser brings a JavaScript implementation. The array of a
 * secret key or seed is never changed after its first use: implementations keep what they made of it.
 */
export interface Crypto {
  /** 32 bytes. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
  /** HMAC-SHA256 (RFC 2104), 32 bytes. */
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
  /** HKDF-SHA256 (RFC 5869). `lengthBytes` at most 255 * 32. */
  hkdfSha256(
    key: Uint8Array,
    salt: Uint8Array,
    info: Uint8Array,
    lengthBytes: number,
  ): Uint8Array<ArrayBuffer>;
  /** Ed25519 (RFC 8032): the raw 32-byte public key of a 32-byte seed. */
  publicKey(seed: Uint8Array): Uint8Array<ArrayBuffer>;
  /** A 64-byte Ed25519 signature by the key that the seed makes. */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer>;
  /** False for every malformed key or signature; never throws on input from outside. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** AES-256-GCM (NIST SP 800-38D): ciphertext followed by the 16-byte tag. The nonce has 12 bytes and is never reused under a key. */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    plain: Uint8Array,
    additional: Uint8Array,
  ): Uint8Array<ArrayBuffer>;
  /** The plain bytes, or undefined when anything was changed. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    additional: Uint8Array,
  ): Uint8Array<ArrayBuffer> | undefined;
}
