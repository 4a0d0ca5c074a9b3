import type { ScopeId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { KeyStore } from "#ports/key-store.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import { ledgerFaultOf, readOrCreateSecret, readSecret, SECRET_NAME } from "./keys.ts";
import { SCOPES_MAX } from "./limits.ts";
import type { ScopeKeys } from "./sealing.ts";
import { deriveScopeKeys } from "./sealing.ts";

export interface ScopesDeps {
  readonly crypto: Crypto;
  readonly keys: KeyStore;
  readonly entropy: Entropy;
}

/** The scopes that a writer seals under. */
export interface Scopes {
  open(scope: ScopeId): Promise<Result<void, LedgerFault>>;
  close(scope: ScopeId): void;
  /** The keys of an open scope; LEDGER_NO_KEY for any other. */
  get(scope: ScopeId): Result<ScopeKeys, LedgerFault>;
  /** Destroys the scope's key; it cannot be opened again here. */
  destroy(scope: ScopeId): Promise<Result<void, LedgerFault>>;
}

export const createScopes = (deps: ScopesDeps): Scopes => {
  const opened = new Map<ScopeId, ScopeKeys>();
  const erased = new Set<ScopeId>();
  return {
    async open(scope) {
      if (opened.has(scope)) return ok(undefined);
      if (opened.size >= SCOPES_MAX) {
        return failed(fault("LEDGER_TOO_LARGE", `more than ${SCOPES_MAX} content scopes are open`));
      }
      if (erased.has(scope)) return failed(noKey(scope));
      const secret = await readOrCreateSecret(deps.keys, deps.entropy, SECRET_NAME.scope(scope));
      if (!secret.ok) return secret;
      opened.set(scope, deriveScopeKeys(deps.crypto, scope, secret.value));
      return ok(undefined);
    },
    close(scope) {
      opened.delete(scope);
    },
    get(scope) {
      const keys = opened.get(scope);
      return keys === undefined ? failed(noKey(scope)) : ok(keys);
    },
    async destroy(scope) {
      opened.delete(scope);
      erased.add(scope);
      const destroyed = await deps.keys.destroy(SECRET_NAME.scope(scope));
      return destroyed.ok ? destroyed : failed(ledgerFaultOf(destroyed.fault));
    },
  };
};

/** The keys of a scope for reading, whoever sealed under it; LEDGER_NO_KEY when it was erased or is not ours. */
export const readScopeKeys = async (
  deps: { readonly crypto: Crypto; readonly keys: KeyStore },
  scope: ScopeId,
): Promise<Result<ScopeKeys, LedgerFault>> => {
  const secret = await readSecret(deps.keys, SECRET_NAME.scope(scope));
  if (!secret.ok) return secret;
  return secret.value === null ? failed(noKey(scope)) : ok(deriveScopeKeys(deps.crypto, scope, secret.value));
};

const noKey = (scope: ScopeId): LedgerFault =>
  fault("LEDGER_NO_KEY", `the content scope ${scope} is not open here: its key was destroyed or never made`);
