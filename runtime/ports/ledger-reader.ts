import type { Sha256 } from "#kernel/digest.ts";
import type { LogId } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import type { LedgerFault } from "./ledger.ts";

/**
 * A ledger for those who look: lists, explorers, reports. It shows what stands in the files and
 * vouches for none of it; whether that is what was written only verification says. Reading needs no
 * hold and disturbs no writer.
 */
export interface LedgerReader {
  /** The logs, oldest first. */
  logs(): Promise<Result<readonly LogSummary[], LedgerFault>>;
  /**
   * Entries that the query selects, log by log from the oldest, each log from its beginning, a bunch
   * at a time. Ends after a fault. Throws an AbortError when aborted.
   */
  entries(
    query: EntryQuery,
    signal: AbortSignal,
  ): AsyncGenerator<Result<readonly ShownEntry[], LedgerFault>, void, undefined>;
  /** One part of an entry's content. */
  content(shown: ShownEntry, part: string): Promise<Result<ContentReading, LedgerFault>>;
  /** How the entry hangs on a signed commit record; null while no commit record stands behind it. */
  proof(shown: ShownEntry, signal: AbortSignal): Promise<Result<EntryProof | null, LedgerFault>>;
}

export interface LogSummary {
  readonly log: LogId;
  /** The workspace's public key that its first line names, in hexadecimal. */
  readonly workspaceKey: string | null;
  /** Whether that is a key of this user; a log of anybody else is foreign. */
  readonly ours: boolean;
  /** Whether a writer holds it now. */
  readonly live: boolean;
  /** Lines, in bytes. */
  readonly sizeBytes: number;
}

/** All members that are given have to hold. */
export interface EntryQuery {
  readonly log?: LogId;
  /** The run's id. */
  readonly run?: string;
  readonly type?: string;
  /** The id of an entry or of a run, or its last characters. */
  readonly id?: string;
}

export interface ShownEntry {
  readonly log: LogId;
  /** Index of the line in its log, from 0. */
  readonly index: number;
  readonly segment: number;
  /** Where the line's sealed parts begin in the segment's content file. */
  readonly contentOffset: number;
  /** Null for a line that is no entry; then `problem` says why. A query for ids, runs or types passes such lines over. */
  readonly entry: LedgerEntry | null;
  readonly problem: string | null;
}

export type ContentReading =
  | { readonly state: "open"; readonly value: JsonValue }
  /** The scope's key is not in this user's key store: it was erased, or never was ours. */
  | { readonly state: "erased" }
  /** The sealed bytes are not those that the entry names. */
  | { readonly state: "damaged" };

/** An inclusion proof after RFC 6962 in the tree that the next commit record signs. */
export interface EntryProof {
  readonly leaf: Sha256;
  readonly index: number;
  readonly size: number;
  /** From the leaf up. */
  readonly path: readonly Sha256[];
  readonly root: Sha256;
  /** The commit record as it stands in the log. */
  readonly commit: LedgerEntry;
  /** Whether leaf and path lead to the root that the commit record states. */
  readonly leads: boolean;
}
