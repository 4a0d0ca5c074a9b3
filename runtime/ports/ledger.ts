import type { Sha256 } from "#kernel/digest.ts";
import type { LogId, ScopeId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { NewEntry, RecordedEntry } from "#protocol/run-event.ts";

/**
 * Where evidence goes. An effect happens only after the append of its intent resolved.
 */
export interface Ledger {
  readonly log: LogId;
  /**
   * Resolves when the entry and its content are durable and signed; entries keep the order of the
   * calls. LEDGER_BUSY when more waits than memory should hold: nothing of the entry was taken.
   * LEDGER_TOO_LARGE and LEDGER_NO_KEY concern this entry alone. After any other fault the ledger
   * takes nothing more and answers every call with that fault.
   */
  append(entry: NewEntry): Promise<Result<RecordedEntry, LedgerFault>>;
  /** Makes a content scope with its own key, or takes up one that an earlier process made. Entries with content need it first. */
  openScope(id: ScopeId): Promise<Result<void, LedgerFault>>;
  /** Commits what is left, closes the files and frees the log for the next writer. Safe to call twice. */
  close(): Promise<Result<void, LedgerFault>>;
}

/**
 * Whole files of runs, addressed by a digest. The digest is keyed by the scope: it tells that two
 * files of one scope are equal and tells nothing else, so it may stand in public fields; it is
 * never the SHA-256 of the file. Sealed under the scope's key like any other content.
 */
export interface ArtefactStore {
  /** Durable when it resolves; the same bytes again are stored once. */
  put(scope: ScopeId, bytes: Uint8Array): Promise<Result<Sha256, LedgerFault>>;
  /** The bytes, checked against the digest: LEDGER_TAMPERED when they are not these, LEDGER_UNREADABLE when they are nowhere, LEDGER_NO_KEY when the scope was erased. */
  get(scope: ScopeId, digest: Sha256): Promise<Result<Uint8Array, LedgerFault>>;
}

/**
 * Bytes on durable storage, a folder per log; what the ledger room reads and writes through. The
 * names of logs are UUIDv7s, those of files as docs/formats/ledger.md has them; whatever else lies
 * there is passed over. Nothing is promised about the bytes: whoever can write there may have.
 */
export interface LedgerStore {
  /** Existing logs, sorted. None where the ledger does not exist yet. */
  logs(): Promise<Result<readonly LogId[], LedgerFault>>;
  /**
   * Takes the log for this process until `release`; a crashed owner's hold ends with its process.
   * Makes the folder when `create`. LEDGER_HELD while another holder lives, be it in this process.
   */
  acquire(log: LogId, options: { readonly create: boolean }): Promise<Result<LogHold, LedgerFault>>;
  /** Whether a living process holds the log. False where that cannot be found out. */
  isHeld(log: LogId): Promise<boolean>;
  /** Up to `bytesMax` bytes from `offset`; fewer only at the end of the file. A file that does not exist has no bytes. */
  read(log: LogId, file: string, offset: number, bytesMax: number): Promise<Result<Uint8Array, LedgerFault>>;
  /** Segments and aside files of a log with their sizes in bytes, sorted by name. */
  files(log: LogId): Promise<Result<readonly StoredFile[], LedgerFault>>;
}

export interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** The only way to write a log; at most one hold exists for a log on a machine. */
export interface LogHold {
  /** Appends to a file of the log and makes it durable before resolving. All of it or a torn tail, never bytes elsewhere. */
  append(file: string, bytes: Uint8Array): Promise<Result<void, LedgerFault>>;
  /** Stores a whole file, durable when it resolves; a file of this name that exists stays as it is. Several may be under way. */
  create(file: string, bytes: Uint8Array): Promise<Result<void, LedgerFault>>;
  /** Cuts a file to a length, after its rest was saved under another name. */
  setAside(file: string, keepBytes: number, asideName: string): Promise<Result<void, LedgerFault>>;
  release(): Promise<void>;
}

/** Longest checkpoint note, in bytes. */
export const ANCHOR_BYTES_MAX = 65_536;

/**
 * The last checkpoint of each log, kept apart from the ledger: what the ledger alone cannot show,
 * that it was cut back, shows against these.
 */
export interface AnchorStore {
  /** Logs that have an anchor, sorted. */
  list(): Promise<Result<readonly LogId[], LedgerFault>>;
  /** The note, or null; at most one byte more than `ANCHOR_BYTES_MAX` of it. */
  read(log: LogId): Promise<Result<Uint8Array | null, LedgerFault>>;
  /** Replaces the note: after a crash it is the old or the new one. Calls for one log do not overlap. */
  replace(log: LogId, note: Uint8Array): Promise<Result<void, LedgerFault>>;
}

export type LedgerFault = Fault<
  | "LEDGER_DISK_FULL"
  | "LEDGER_READ_ONLY"
  | "LEDGER_UNREADABLE"
  | "LEDGER_HELD"
  | "LEDGER_TAMPERED"
  | "LEDGER_TOO_LARGE"
  | "LEDGER_BUSY"
  | "LEDGER_CLOSED"
  | "LEDGER_NO_KEY"
>;
