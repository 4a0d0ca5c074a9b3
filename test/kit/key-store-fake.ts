import { failed, fault, ok } from "#kernel/result.ts";
import type { KeyStore } from "#ports/key-store.ts";

/** A key store in memory. `names` shows what it holds. */
export interface FakeKeyStore extends KeyStore {
  names(): readonly string[];
  /** A store of its own with the same secrets. */
  copy(): FakeKeyStore;
}

export const createFakeKeyStore = (
  secrets: ReadonlyMap<string, Uint8Array> = new Map<string, Uint8Array>(),
): FakeKeyStore => {
  const kept = new Map<string, Uint8Array>(secrets);
  return {
    names: () => [...kept.keys()].sort(),
    copy: () => createFakeKeyStore(kept),
    async read(name) {
      const secret = kept.get(name);
      return ok(secret === undefined ? null : new Uint8Array(secret));
    },
    async create(name, secret) {
      if (kept.has(name)) return failed(fault("KEYSTORE_EXISTS", `a secret \`${name}\` exists already`));
      kept.set(name, new Uint8Array(secret));
      return ok(undefined);
    },
    async destroy(name) {
      kept.delete(name);
      return ok(undefined);
    },
  };
};
