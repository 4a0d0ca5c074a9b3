import type { Fault, Result } from "#kernel/result.ts";

/** Named secret bytes of one user: signing seeds, scope keys. Never a place for a model's key text in the clear. */
export interface KeyStore {
  read(name: string): Promise<Result<Uint8Array | null, KeyStoreFault>>;
  /** Stores under a name that does not exist yet; an existing one is a `KEYSTORE_EXISTS`. Durable when it resolves. */
  create(name: string, secret: Uint8Array): Promise<Result<void, KeyStoreFault>>;
  /** Destroys a secret for good; no error when it is not there. */
  destroy(name: string): Promise<Result<void, KeyStoreFault>>;
}

export type KeyStoreFault = Fault<
  "KEYSTORE_UNREADABLE" | "KEYSTORE_READ_ONLY" | "KEYSTORE_EXISTS" | "KEYSTORE_EXPOSED"
>;
