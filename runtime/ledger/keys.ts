import { toHex } from "#kernel/bytes.ts";
import type { LogId, ScopeId, WorkspaceId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { KeyStore, KeyStoreFault } from "#ports/key-store.ts";
import type { LedgerFault } from "#ports/ledger.ts";

/** Names of the ledger's secrets in the key store. */
export const SECRET_NAME = {
  workspace: (workspace: WorkspaceId): string => `workspace.${workspace}`,
  /** The seed that signs a log's commits; there is none for a log that is retired or not ours. */
  writer: (log: LogId): string => `writer.${log}`,
  /** The next seed, while a rotation is under way; the first one, while the log is begun. */
  nextWriter: (log: LogId): string => `writer.${log}.next`,
  scope: (scope: ScopeId): string => `scope.${scope}`,
} as const;

export const SEED_BYTES = 32;

/** An Ed25519 key pair as the ledger uses it. */
export interface SigningKey {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  /** `writer` of the lines that this key vouches for. */
  readonly id: string;
}

export const signingKeyOf = (crypto: Crypto, seed: Uint8Array): SigningKey => {
  const publicKey = crypto.publicKey(seed);
  return { seed, publicKey, id: writerIdOf(crypto, publicKey) };
};

/** First 16 hexadecimal digits of SHA-256 over the raw public key. */
export const writerIdOf = (crypto: Pick<Crypto, "sha256">, publicKey: Uint8Array): string =>
  toHex(crypto.sha256(publicKey)).slice(0, 16);

/** The secret of this name, made at random when there is none. */
export const readOrCreateSecret = async (
  keys: KeyStore,
  entropy: Entropy,
  name: string,
): Promise<Result<Uint8Array, LedgerFault>> => {
  const found = await readSecret(keys, name);
  if (!found.ok) return found;
  if (found.value !== null) return ok(found.value);
  const secret = entropy.bytes(SEED_BYTES);
  const created = await keys.create(name, secret);
  if (created.ok) return ok(secret);
  if (created.fault.code !== "KEYSTORE_EXISTS") return failed(ledgerFaultOf(created.fault));
  // Another process was faster; its secret is the one.
  const theirs = await readSecret(keys, name);
  if (!theirs.ok) return theirs;
  return theirs.value === null
    ? failed(fault("LEDGER_NO_KEY", `the secret \`${name}\` vanished`))
    : ok(theirs.value);
};

/** The secret of this name or null; one of the wrong length is a fault. */
export const readSecret = async (
  keys: KeyStore,
  name: string,
): Promise<Result<Uint8Array | null, LedgerFault>> => {
  const read = await keys.read(name);
  if (!read.ok) return failed(ledgerFaultOf(read.fault));
  if (read.value === null || read.value.length === SEED_BYTES) return read;
  return failed(
    fault(
      "LEDGER_NO_KEY",
      `the secret \`${name}\` is damaged: it has ${read.value.length} bytes instead of 32`,
      { help: damagedHelp(name) },
    ),
  );
};

const damagedHelp = (name: string): string => {
  const restore = `put \`keys/${name}\` back from a backup of the state folder; without one`;
  if (name.startsWith("scope.")) return `${restore} the content that it sealed cannot be opened any more`;
  return name.startsWith("writer.")
    ? `${restore} move it aside: the log stays as it is, and the next run begins another`
    : `${restore} move it aside, and the next run says what else to move to begin a new ledger`;
};

/**
 * Ends a rotation that the log has recorded: the next seed takes the place of the one before. Safe
 * to repeat, and a crash between any two steps leaves the next seed under one of both names.
 */
export const promoteNextKey = async (
  keys: KeyStore,
  log: LogId,
  seed: Uint8Array,
): Promise<Result<void, LedgerFault>> => {
  for (const step of [
    () => keys.destroy(SECRET_NAME.writer(log)),
    () => keys.create(SECRET_NAME.writer(log), seed),
    () => keys.destroy(SECRET_NAME.nextWriter(log)),
  ]) {
    const done = await step();
    if (!done.ok) return failed(ledgerFaultOf(done.fault));
  }
  return ok(undefined);
};

/** How a fault of the key store looks to those who know only the ledger. */
export const ledgerFaultOf = (cause: KeyStoreFault): LedgerFault => {
  const options = {
    retryable: cause.retryable,
    ...(cause.help === undefined ? {} : { help: cause.help }),
  };
  switch (cause.code) {
    case "KEYSTORE_DISK_FULL":
      return fault("LEDGER_DISK_FULL", cause.message, options);
    case "KEYSTORE_READ_ONLY":
      return fault("LEDGER_READ_ONLY", cause.message, options);
    case "KEYSTORE_UNREADABLE":
    case "KEYSTORE_EXISTS":
    case "KEYSTORE_EXPOSED":
      return fault("LEDGER_NO_KEY", cause.message, options);
  }
};
