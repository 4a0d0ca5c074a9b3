import type { Fault, Result } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { LedgerReport } from "#protocol/ledger-report.ts";

import type { Environment } from "./command.ts";

/** What the audit commands need from the host; nothing here can write. */
export interface AuditDeps {
  /** The ledger in a folder, or with null the one of the workspace that the command is run in. Nothing needs to be there yet. */
  openLedger(directory: string | null, environment: Environment): Promise<Result<AuditLedger, Fault<string>>>;
  /** One log in a folder of any name, such as a copy that somebody sent. */
  openLog(folder: string, environment: Environment): Promise<Result<AuditLog, Fault<string>>>;
}

export interface AuditLog {
  /** Absolute, for people; null for a workspace in which nothing was ever recorded. */
  readonly directory: string | null;
  /** Public workspace key of this user in hexadecimal, or null where none was made yet. */
  readonly ownKey: string | null;
  /** Folders of ledgers in this user's state that belong to no known workspace. */
  readonly unclaimed: readonly string[];
  /** @param pinnedKey the public key to hold the logs against, or null for none. */
  verify(pinnedKey: string | null, signal: AbortSignal): Promise<Result<AuditReport, Fault<string>>>;
}

/** What verification found and, for one's own ledger, what is missing around it; a fault there counts in `faultsTotal`. */
export interface AuditReport extends LedgerReport {
  readonly missing: readonly MissingPart[];
}

export interface MissingPart {
  readonly what: "anchor" | "log" | "workspace-key";
  /** Null for the workspace's key. */
  readonly log: string | null;
  /** False for a log that another workspace of this user may have had. */
  readonly isFault: boolean;
}

export interface AuditLedger extends AuditLog {
  readonly reader: LedgerReader;
}
