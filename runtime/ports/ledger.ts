import type { Sha256 } from "#kernel/digest.ts";
import type { LogId, ScopeId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { NewEntry, RecordedEntry } from "#protocol/run-event.ts";

/**
 * Where evidence goes. An effect happens only after the append of its intent resolved.
 */
export interface Ledger {
  readonly log: LogId;
  /** Resolves when the entry and its content are durable and signed; entries keep the order of the calls. */
  append(entry: NewEntry): Promise<Result<RecordedEntry, LedgerFault>>;
  /** A new content scope with its own key; erasing the scope destroys that key. */
  openScope(id: ScopeId): Promise<Result<void, LedgerFault>>;
  /** Commits what is left, closes the files and frees the log for the next writer. Safe to call twice. */
  close(): Promise<Result<void, LedgerFault>>;
}

/**
 * Bytes by their digest, for files of a run. Sealed under a scope's key like any other content.
 */
export interface ArtefactStore {
  put(scope: ScopeId, bytes: Uint8Array): Promise<Result<Sha256, LedgerFault>>;
  get(scope: ScopeId, digest: Sha256): Promise<Result<Uint8Array, LedgerFault>>;
}

/** Bytes on durable storage, one file a log segment; what the ledger room writes through. */
export interface LedgerStore {
  /** Existing logs of the directory, sorted. */
  logs(): Promise<Result<readonly string[], LedgerFault>>;
  /** Takes the log for this process until `release`; a crashed owner's hold ends with its process. Creates the folder when `create`. */
  acquire(log: string, options: { readonly create: boolean }): Promise<Result<LogHold, LedgerFault>>;
  /** Reads a file of a log that nobody need hold, at most `bytesMax` from `offset`. */
  read(log: string, file: string, offset: number, bytesMax: number): Promise<Result<Uint8Array, LedgerFault>>;
  /** Files of a log with their sizes in bytes, sorted by name. */
  files(
    log: string,
  ): Promise<Result<readonly { readonly name: string; readonly sizeBytes: number }[], LedgerFault>>;
}

/** The only way to write a log; at most one hold exists for a log on a machine. */
export interface LogHold {
  /** Appends to a file of the log and makes it durable before resolving. All of it or a torn tail, never bytes elsewhere. */
  append(file: string, bytes: Uint8Array): Promise<Result<void, LedgerFault>>;
  /** Cuts a file to a length, after its rest was saved under another name. */
  setAside(file: string, keepBytes: number, asideName: string): Promise<Result<void, LedgerFault>>;
  release(): Promise<void>;
}

export type LedgerFault = Fault<
  | "LEDGER_DISK_FULL"
  | "LEDGER_READ_ONLY"
  | "LEDGER_UNREADABLE"
  | "LEDGER_HELD"
  | "LEDGER_TAMPERED"
  | "LEDGER_TOO_LARGE"
  | "LEDGER_CLOSED"
  | "LEDGER_NO_KEY"
>;
