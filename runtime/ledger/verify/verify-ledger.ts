import type { LogId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { FoundFault, LedgerReport, LogReport } from "#protocol/ledger-report.ts";
import { VERIFICATION_LEVELS } from "#protocol/ledger-report.ts";
import type { Claim } from "./seen-checkpoints.ts";
import { claimFault, truncatedBy } from "./seen-checkpoints.ts";
import type { LogSource, VerifierCrypto } from "./source.ts";
import type { LogVerification } from "./verify-log.ts";
import { verifyLog } from "./verify-log.ts";

/** All logs of a ledger, and what is kept apart from it. */
export interface LedgerSource {
  logs(): Promise<Result<readonly LogId[], Fault<string>>>;
  log(log: LogId): LogSource;
  /** Whether a writer holds the log now. */
  isHeld(log: LogId): Promise<boolean>;
  /** Logs of this ledger that have a local anchor. */
  anchored(): Promise<Result<readonly LogId[], Fault<string>>>;
  anchor(log: LogId): Promise<Result<Uint8Array | null, Fault<string>>>;
}

/**
 * Verifies every log of a ledger, those that are gone but have an anchor included, and then holds
 * them against what they recorded of each other. Fails only when the source does; throws an
 * AbortError when aborted.
 *
 * @param onChecked gets the number of lines that were checked since it was called last; must not throw.
 */
export const verifyLedger = async (
  source: LedgerSource,
  crypto: VerifierCrypto,
  pinnedKey: string | null,
  signal: AbortSignal,
  onChecked?: (lines: number) => void,
): Promise<Result<LedgerReport, Fault<string>>> => {
  const anchored = await source.anchored();
  if (!anchored.ok) return anchored;
  const present = await source.logs();
  if (!present.ok) return present;
  const gone = anchored.value.filter((log) => !present.value.includes(log));

  const verified = new Map<LogId, LogVerification>();
  for (const log of [...present.value, ...gone].sort()) {
    const isPresent = !gone.includes(log);
    // The anchor before the log: a writer may be at work, and an anchor must never seem to be ahead.
    const anchor = await source.anchor(log);
    if (!anchor.ok) return anchor;
    const live = isPresent && (await source.isHeld(log));
    const watched = onChecked === undefined ? {} : { onChecked };
    const options = { log, pinnedKey, anchor: anchor.value, live, ...watched };
    const one = await verifyLog(isPresent ? source.log(log) : NOTHING, crypto, options, signal);
    if (!one.ok) return one;
    verified.set(log, one.value);
  }

  const logs: LogReport[] = [];
  const claims = collectClaims([...verified.values()]);
  for (const [log, { report }] of verified) {
    const ofLog = report.workspaceKey === null ? undefined : claims.get(report.workspaceKey)?.get(log);
    // A log that is wrong by itself needs no witness.
    if (ofLog === undefined || report.faultsTotal > 0) {
      logs.push(report);
      continue;
    }
    const found = await claimFault(source.log(log), crypto, ofLog, signal);
    if (!found.ok) return found;
    logs.push(found.value === undefined ? report : withFault(report, found.value));
  }
  for (const [log, ofLog] of [...claims.values()].flatMap((byLog) => [...byLog])) {
    const [claim] = ofLog;
    if (claim === undefined || verified.has(log)) continue;
    logs.push(withFault(missingLog(log, pinnedKey !== null), truncatedBy(claim, 0)));
  }
  return ok(summary(logs));
};

const NOTHING: LogSource = {
  files: async () => ok([]),
  read: async () => ok(new Uint8Array()),
};

/**
 * The checkpoints of each log that logs without a fault recorded, by the workspace key of those that
 * recorded them: a log of somebody else in the same folder has no say about ours.
 */
const collectClaims = (
  verified: readonly LogVerification[],
): ReadonlyMap<string, ReadonlyMap<LogId, readonly Claim[]>> => {
  const claims = new Map<string, Map<LogId, Claim[]>>();
  for (const { report, seen } of verified) {
    if (report.faultsTotal > 0 || report.workspaceKey === null || report.log === null) continue;
    const byLog = claims.get(report.workspaceKey) ?? new Map<LogId, Claim[]>();
    claims.set(report.workspaceKey, byLog);
    for (const { log, size, root } of seen.values()) {
      if (!isId<"log">(log)) continue;
      const ofLog = byLog.get(log) ?? [];
      byLog.set(log, ofLog);
      ofLog.push({ size, root, by: report.log });
    }
  }
  return claims;
};

const withFault = (report: LogReport, found: FoundFault): LogReport => ({
  ...report,
  level: null,
  faults: [...report.faults, found],
  faultsTotal: report.faultsTotal + 1,
});

const missingLog = (log: LogId, pinned: boolean): LogReport => ({
  log,
  level: null,
  workspaceKey: null,
  pinned,
  lines: 0,
  commits: 0,
  parts: 0,
  segments: 0,
  uncommitted: 0,
  live: false,
  retired: false,
  wallMs: null,
  anchoredLines: null,
  faults: [],
  faultsTotal: 0,
});

const summary = (logs: readonly LogReport[]): LedgerReport => {
  const levels = logs.map(({ level }) => level);
  const weakest = VERIFICATION_LEVELS.find((level) => levels.includes(level)) ?? null;
  return {
    logs,
    level: levels.includes(null) ? null : weakest,
    faultsTotal: logs.reduce((sum, { faultsTotal }) => sum + faultsTotal, 0),
  };
};
