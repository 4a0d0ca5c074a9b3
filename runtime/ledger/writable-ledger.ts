import { toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { EntryId, LogId, ScopeId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { KeyStore } from "#ports/key-store.ts";
import type { ArtefactStore, Ledger, LedgerFault, LedgerStore, LogHold } from "#ports/ledger.ts";
import type { ContentReference } from "#protocol/ledger-entry.ts";
import {
  CONTENT_PART_BYTES_MAX,
  CONTENT_PARTS_MAX,
  ENTRY_CONTENT_BYTES_MAX,
  LEDGER_DEPTH_MAX,
  LEDGER_LINE_BYTES_MAX,
  LEDGER_VERSION,
} from "#protocol/ledger-entry.ts";
import { isStructural, readEntry } from "#protocol/ledger-line.ts";
import type { EntryType, NewEntry, RecordedEntry } from "#protocol/run-event.ts";
import { createArtefactStore } from "./artefacts.ts";
import type { RecordBatch } from "./batch.ts";
import { batchEntry } from "./batch.ts";
import { countScopeEntries } from "./count-scope.ts";
import { isLineTooLong, prepareEntry, sizeOfPrepared } from "./entry-line.ts";
import type { SigningKey } from "./keys.ts";
import { ledgerFaultOf, promoteNextKey, SECRET_NAME, SEED_BYTES, signingKeyOf } from "./keys.ts";
import { LOG_BYTES_MAX } from "./limits.ts";
import type { LogWriter, LogWriterDeps } from "./log-writer.ts";
import { wallMsOf } from "./log-writer.ts";
import type { Scopes } from "./scopes.ts";
import { sealPart } from "./sealing.ts";

/** An open ledger with all that its owner, the host, may do beyond appending. */
export interface WritableLedger extends Ledger {
  readonly artefacts: ArtefactStore;
  /** What ended writing, for good: nothing more is recorded until the log is opened again. */
  readonly fault: LedgerFault | undefined;
  /** Lets go of a scope's keys in memory; it can be opened again. */
  closeScope(scope: ScopeId): void;
  /** What a `batch.recorded` of these records holds; its scope must be open. */
  batch(scope: ScopeId, batch: RecordBatch): Result<Pick<NewEntry, "public" | "content">, LedgerFault>;
  /** Records the erasure and then destroys the scope's key: its content can never be opened again. Repeating it is safe. */
  eraseScope(erasure: Erasure): Promise<Result<RecordedEntry, LedgerFault>>;
  /** Replaces the key that signs this log's commits by a new one; with a reason, the old one is revoked. */
  rotateKey(revocation?: { readonly reason: string }): Promise<Result<void, LedgerFault>>;
  /** Closes the log for good; the next writer begins another. */
  retire(reason: string): Promise<Result<void, LedgerFault>>;
}

export interface Erasure {
  readonly scope: ScopeId;
  /** `User::"…"` or `Host::"…"`: who acted. */
  readonly principal: string;
  /** The person who wanted it. */
  readonly by: string;
  /** A code such as `USER_REQUEST`. */
  readonly reason: string;
}

export interface WritableLedgerDeps extends LogWriterDeps {
  readonly store: LedgerStore;
  readonly keys: KeyStore;
}

export const createWritableLedger = (
  deps: WritableLedgerDeps,
  writer: LogWriter,
  hold: LogHold,
  scopes: Scopes,
  workspaceKey: SigningKey,
): WritableLedger => {
  const { log } = writer;
  let closing: Promise<Result<void, LedgerFault>> | undefined;
  const closed: LedgerFault = fault("LEDGER_CLOSED", "the ledger was closed");

  /** Seals the parts and hands the entry to the writer, all within the caller's turn. */
  const submit = (entry: NewEntry): Promise<Result<RecordedEntry, LedgerFault>> => {
    if (writer.fault !== undefined) return Promise.resolve(failed(writer.fault));
    if (closing !== undefined) return Promise.resolve(failed(closed));
    invariant(!isStructural(entry.type), "structural entries are written by the ledger alone");
    if (entry.content.length > CONTENT_PARTS_MAX) {
      return refused(`an entry has at most ${CONTENT_PARTS_MAX} parts of content`);
    }
    const id = deps.entropy.id<"entry">(wallMsOf(deps.clock));
    const references: ContentReference[] = [];
    const sealed: Uint8Array[] = [];
    let bytes = 0;
    for (const { scope, name, value } of entry.content) {
      const keys = scopes.get(scope);
      if (!keys.ok) return Promise.resolve(keys);
      const plain = isDeeper(value, LEDGER_DEPTH_MAX) ? undefined : utf8(canonicalJson(value));
      if (plain === undefined || plain.length > CONTENT_PART_BYTES_MAX) {
        return refused(
          `the part \`${name}\` has more than ${CONTENT_PART_BYTES_MAX} bytes or ${LEDGER_DEPTH_MAX} levels`,
        );
      }
      const part = sealPart(deps.crypto, keys.value, { entry: id, name, plain });
      references.push(part.reference);
      sealed.push(part.sealed);
      bytes += part.sealed.length;
    }
    if (bytes > ENTRY_CONTENT_BYTES_MAX) {
      return refused(`the content of an entry has at most ${ENTRY_CONTENT_BYTES_MAX} bytes`);
    }
    assertForm(entry, id, log, references);
    // The public fields stand one level below the line.
    if (isDeeper(entry.public, LEDGER_DEPTH_MAX - 1)) {
      return refused(`a line nests at most ${LEDGER_DEPTH_MAX} levels deep`);
    }
    const prepared = prepareEntry(entry, id, log, references);
    if (isLineTooLong(prepared)) {
      return refused(`a line has at most ${LEDGER_LINE_BYTES_MAX} bytes; what is long belongs into content`);
    }
    return writer.submit({ prepared, sealed, bytes: sizeOfPrepared(prepared) + bytes });
  };

  const submitStructural = (type: EntryType, fields: NewEntry["public"]): ReturnType<LogWriter["submit"]> =>
    writer.submit(writer.structural(type, fields));

  const shutDown = async (reason: string | undefined): Promise<Result<void, LedgerFault>> => {
    await writer.settled();
    const why = reason ?? (writer.logBytes >= LOG_BYTES_MAX ? "large enough" : undefined);
    let outcome: Result<void, LedgerFault> =
      writer.fault === undefined ? ok(undefined) : failed(writer.fault);
    if (outcome.ok && why !== undefined) {
      const retired = await submitStructural("log.retired", { reason: why });
      if (retired.ok) {
        // Without its key nobody, not even we, can add to the log.
        const destroyed = await deps.keys.destroy(SECRET_NAME.writer(log));
        if (!destroyed.ok) outcome = failed(ledgerFaultOf(destroyed.fault));
      } else outcome = retired;
      await writer.settled();
    }
    await hold.release();
    return outcome.ok && writer.fault !== undefined ? failed(writer.fault) : outcome;
  };

  return {
    log,
    get fault() {
      return writer.fault;
    },
    // Async, so that a caller's mistake rejects; everything up to the queue still happens in this turn.
    async append(entry) {
      return submit(entry);
    },
    openScope: (scope) => scopes.open(scope),
    closeScope: (scope) => {
      scopes.close(scope);
    },
    artefacts: createArtefactStore(deps, log, hold, scopes),

    batch(scope, batch) {
      const keys = scopes.get(scope);
      return keys.ok ? ok(batchEntry(deps.crypto, keys.value, batch)) : keys;
    },

    async eraseScope({ scope, principal, by, reason }) {
      scopes.close(scope);
      await writer.settled();
      const entries = await countScopeEntries(deps.store, scope);
      if (!entries.ok) return entries;
      const recorded = await submit({
        type: "content.erased",
        run: null,
        cause: null,
        principal,
        onBehalfOf: null,
        labels: [],
        input: null,
        public: { scope, entries: entries.value, by, reason },
        content: [],
      });
      if (!recorded.ok) return recorded;
      const destroyed = await scopes.destroy(scope);
      return destroyed.ok ? recorded : destroyed;
    },

    async rotateKey(revocation) {
      if (closing !== undefined) return failed(closed);
      const seed = deps.entropy.bytes(SEED_BYTES);
      const next = signingKeyOf(deps.crypto, seed);
      const created = await deps.keys.create(SECRET_NAME.nextWriter(log), seed);
      if (!created.ok) return failed(ledgerFaultOf(created.fault));
      const old = hexKey(writer.key);
      const by = hexKey(workspaceKey);
      const fields = { role: "writer", previous: old, key: hexKey(next), by };
      const rotated = await writer.submit({
        ...writer.structural("key.rotated", fields),
        signer: workspaceKey.seed,
        nextKey: next,
      });
      if (!rotated.ok) {
        // Only then is it certain that the log does not name the new key, and that it may go.
        if (rotated.fault.code === "LEDGER_BUSY") await deps.keys.destroy(SECRET_NAME.nextWriter(log));
        return rotated;
      }
      const promoted = await promoteNextKey(deps.keys, log, seed);
      if (!promoted.ok || revocation === undefined) return promoted;
      const revoked = await writer.submit({
        ...writer.structural("key.revoked", { key: old, by, reason: revocation.reason }),
        signer: workspaceKey.seed,
      });
      return revoked.ok ? ok(undefined) : revoked;
    },

    retire: (reason) => (closing ??= shutDown(reason)),
    close: () => (closing ??= shutDown(undefined)),
  };
};

const refused = (message: string): Promise<Result<never, LedgerFault>> =>
  Promise.resolve(failed(fault("LEDGER_TOO_LARGE", message)));

/** An entry that no reader would accept is a mistake of the caller, found before it is written. */
const assertForm = (entry: NewEntry, id: EntryId, log: LogId, content: readonly ContentReference[]): void => {
  const { type, run, cause, principal, onBehalfOf, labels, input } = entry;
  const placed = {
    type,
    run,
    cause,
    principal,
    onBehalfOf,
    labels,
    input,
    public: entry.public,
    content,
    id,
    log,
  };
  const reading = readEntry({ ...placed, ...ANY_PLACE } as unknown as JsonValue);
  invariant(
    reading.ok,
    reading.ok ? "" : `an entry of type ${type} that cannot be read back: ${reading.detail}`,
  );
};

const ANY_PLACE = {
  v: LEDGER_VERSION,
  seq: 0,
  writer: "0".repeat(16),
  prev: "0".repeat(64),
  hash: "0".repeat(64),
  signature: null,
  time: { wallMs: 0, monotonicMs: 0 },
};

/** Whether a value nests deeper than `levels`; a scalar has no level. Looks no deeper than that itself. */
const isDeeper = (value: JsonValue, levels: number): boolean => {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner: JsonValue) => isDeeper(inner, levels - 1));
};

const hexKey = (key: SigningKey): string => toHex(key.publicKey);
