import type { Fault, Result } from "#kernel/result.ts";

/** Longest secret that is kept, in bytes. */
export const SECRET_BYTES_MAX = 4096;

/**
 * Named secret bytes of one user: signing seeds, scope keys. Never a place for a model's key text
 * in the clear. Names are lower-case letters, digits, `.` and `-`, at most 100 of them, and begin
 * with a letter or digit; any other name is a bug of the caller.
 */
export interface KeyStore {
  /** The secret, or null where there is none. Never one that others could have read or replaced: that is KEYSTORE_EXPOSED. */
  read(name: string): Promise<Result<Uint8Array | null, KeyStoreFault>>;
  /** Stores under a name that does not exist yet; an existing one is a `KEYSTORE_EXISTS`. Durable when it resolves. */
  create(name: string, secret: Uint8Array): Promise<Result<void, KeyStoreFault>>;
  /** Destroys a secret for good; no error when it is not there. Not promised: that the medium kept no older copy of the block. */
  destroy(name: string): Promise<Result<void, KeyStoreFault>>;
}

export type KeyStoreFault = Fault<
  "KEYSTORE_UNREADABLE" | "KEYSTORE_READ_ONLY" | "KEYSTORE_DISK_FULL" | "KEYSTORE_EXISTS" | "KEYSTORE_EXPOSED"
>;
