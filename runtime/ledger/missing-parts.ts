import type { LogId } from "#kernel/ids.ts";
import type { LedgerReport, LogReport } from "#protocol/ledger-report.ts";
import { OPENING_LINES } from "./limits.ts";

/**
 * Something that the state of the ledger's own user must hold and does not. The files of a log
 * cannot show this, so it is no fault of the format: a copy elsewhere verifies without it.
 */
export interface MissingPart {
  /** The anchor of a log, a log together with its anchor, or the key that certified the logs. */
  readonly what: "anchor" | "log" | "workspace-key";
  /** Null for the workspace's key. */
  readonly log: LogId | null;
  /** False for a log that another workspace of this user may have had. */
  readonly isFault: boolean;
}

export interface AuditReport extends LedgerReport {
  readonly missing: readonly MissingPart[];
}

/** What this user's state says of logs. */
export interface HeldState {
  /** Whether it is the workspace's own ledger and not one in a folder that somebody named. */
  readonly isOwn: boolean;
  /** Whether logs of other workspaces may lie beside its own. */
  readonly isShared: boolean;
  /** Public workspace key in hexadecimal, or null where there is none. */
  readonly ownKey: string | null;
  /**
   * Logs whose writer key is there under its lasting name, which it has from when the log was there
   * until it is retired. Listed before the logs were read.
   */
  readonly writers: ReadonlySet<LogId>;
  /** Logs with an anchor, listed after the logs were read: what is begun meanwhile lacks nothing. */
  readonly anchored: ReadonlySet<LogId>;
  /** Logs that lie, or have an anchor, anywhere in the state; likewise. */
  readonly known: ReadonlySet<LogId>;
  /** Whether a log of which there is only a key may have been another workspace's. */
  readonly mayBeOthers: boolean;
}

/**
 * What is missing around verified logs. The key of a retired log was destroyed on purpose; such a
 * log is known as ours by who certified it, and one that is gone altogether only by its anchor.
 */
export const findMissing = (logs: readonly LogReport[], state: HeldState): readonly MissingPart[] => {
  const { isOwn, isShared, ownKey, writers, anchored } = state;
  const missing: MissingPart[] = [];
  const present = new Set<LogId>();
  let hasOurs = false;
  for (const { log, lines, workspaceKey } of logs) {
    if (log === null) continue;
    present.add(log);
    hasOurs ||= writers.has(log) || (isOwn && (!isShared || anchored.has(log)));
    const isOurs = writers.has(log) || (isOwn && workspaceKey !== null && workspaceKey === ownKey);
    if (isOurs && lines > OPENING_LINES && !anchored.has(log)) {
      missing.push({ what: "anchor", log, isFault: true });
    }
  }
  if (isOwn) {
    for (const log of writers) {
      if (present.has(log) || state.known.has(log)) continue;
      missing.push({ what: "log", log, isFault: !state.mayBeOthers });
    }
  }
  if (ownKey === null && hasOurs) missing.push({ what: "workspace-key", log: null, isFault: true });
  return missing;
};

/** A report that also counts what is missing: with such a fault there is no level. */
export const withMissing = (report: LedgerReport, missing: readonly MissingPart[]): AuditReport => {
  const faults = missing.filter(({ isFault }) => isFault).length;
  return {
    ...report,
    level: faults === 0 ? report.level : null,
    faultsTotal: report.faultsTotal + faults,
    missing,
  };
};
