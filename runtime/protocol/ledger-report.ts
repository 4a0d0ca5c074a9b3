import type { EntryId, LogId } from "#kernel/ids.ts";
import type { VerificationFault } from "./ledger-entry.ts";

/** What verifying a ledger found; docs/formats/ledger.md, sections 12 and 13, says what it means. */

/** Ascending by the adversaries that are stopped. */
export const VERIFICATION_LEVELS = ["internal", "since-local-anchor", "since-witness"] as const;
export type VerificationLevel = (typeof VERIFICATION_LEVELS)[number];

/** Faults that one report lists; more are only counted. */
export const REPORTED_FAULTS_MAX = 1_000;

export interface LogReport {
  /** As given, else as the first line names it; null when there is neither. */
  readonly log: LogId | null;
  /** Null when a fault was found. */
  readonly level: VerificationLevel | null;
  /** The workspace's public key that line 0 names, in hexadecimal; null when it cannot be read. */
  readonly workspaceKey: string | null;
  /** Whether the verifier had been given a key to expect. Without one `internal` only says that the log agrees with itself. */
  readonly pinned: boolean;
  readonly lines: number;
  readonly commits: number;
  /** Sealed parts whose bytes were checked. */
  readonly parts: number;
  readonly segments: number;
  /** Lines behind the last commit record; no fault while a writer lives. */
  readonly uncommitted: number;
  readonly live: boolean;
  readonly retired: boolean;
  /** Wall time of the first and the last readable line, in Unix milliseconds. */
  readonly wallMs: { readonly first: number; readonly last: number } | null;
  /** Lines that the local anchor covers; null without one. */
  readonly anchoredLines: number | null;
  /** The first `REPORTED_FAULTS_MAX`, in the order of the specification. */
  readonly faults: readonly FoundFault[];
  readonly faultsTotal: number;
}

export interface FoundFault {
  readonly kind: VerificationFault;
  /** Index of the line in the log, from 0. */
  readonly index: number;
  /** The line's own id, where it could be read. */
  readonly entry: EntryId | null;
  /** The line's type, where it could be read. */
  readonly type: string | null;
  /** Where it stands, lines counted from 1; null for what no file shows. */
  readonly place: { readonly file: string; readonly line: number } | null;
  /** What is wrong, in lower case, without anything quoted from the log but ids and numbers. */
  readonly detail: string;
}

export interface LedgerReport {
  readonly logs: readonly LogReport[];
  /** The weakest level of all logs; null when there is a fault or no log. */
  readonly level: VerificationLevel | null;
  readonly faultsTotal: number;
}
