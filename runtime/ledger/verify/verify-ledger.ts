import { throwIfAborted } from "#kernel/abort.ts";
import { toHex } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { readSegmentFile, segmentFile } from "#protocol/ledger-format.ts";
import type { FoundFault, LedgerReport, LogReport } from "#protocol/ledger-report.ts";
import { VERIFICATION_LEVELS } from "#protocol/ledger-report.ts";
import { ByteStream } from "./byte-stream.ts";
import type { LogSource, VerifierCrypto } from "./source.ts";
import { TreeHash } from "./tree-hash.ts";
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
 */
export const verifyLedger = async (
  source: LedgerSource,
  crypto: VerifierCrypto,
  pinnedKey: string | null,
  signal: AbortSignal,
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
    const options = { log, pinnedKey, anchor: anchor.value, live };
    const one = await verifyLog(isPresent ? source.log(log) : NOTHING, crypto, options, signal);
    if (!one.ok) return one;
    verified.set(log, one.value);
  }

  const logs: LogReport[] = [];
  const claims = collectClaims([...verified.values()]);
  for (const [log, { report }] of verified) {
    const claim = report.workspaceKey === null ? undefined : claims.get(report.workspaceKey)?.get(log);
    // A log that is wrong by itself needs no witness.
    if (claim === undefined || report.faultsTotal > 0) {
      logs.push(report);
      continue;
    }
    const found = await claimFault(source.log(log), crypto, claim, signal);
    if (!found.ok) return found;
    logs.push(found.value === undefined ? report : withFault(report, found.value));
  }
  for (const [log, claim] of [...claims.values()].flatMap((byLog) => [...byLog])) {
    if (verified.has(log)) continue;
    logs.push(withFault(missingLog(log, pinnedKey !== null), truncatedBy(claim, 0)));
  }
  return ok(summary(logs));
};

const NOTHING: LogSource = {
  files: async () => ok([]),
  read: async () => ok(new Uint8Array()),
};

interface Claim {
  readonly size: number;
  readonly root: string;
  readonly by: LogId;
}

/**
 * The largest checkpoint of each log that logs without a fault recorded, by the workspace key of those
 * that recorded it: a log of somebody else in the same folder has no say about ours.
 */
const collectClaims = (
  verified: readonly LogVerification[],
): ReadonlyMap<string, ReadonlyMap<LogId, Claim>> => {
  const claims = new Map<string, Map<LogId, Claim>>();
  for (const { report, seen } of verified) {
    if (report.faultsTotal > 0 || report.workspaceKey === null || report.log === null) continue;
    const byLog = claims.get(report.workspaceKey) ?? new Map<LogId, Claim>();
    claims.set(report.workspaceKey, byLog);
    for (const [log, { size, root }] of seen) {
      if (isId<"log">(log) && size > (byLog.get(log)?.size ?? 0))
        byLog.set(log, { size, root, by: report.log });
    }
  }
  return claims;
};

/** What is wrong with a log in the light of another that recorded a checkpoint of it. */
const claimFault = async (
  source: LogSource,
  crypto: VerifierCrypto,
  claim: Claim,
  signal: AbortSignal,
): Promise<Result<FoundFault | undefined, Fault<string>>> => {
  // Read again: a log that is being written may have grown since it was verified, and by what
  // another log, verified later, recorded of it.
  const prefix = await prefixOf(source, crypto, claim.size, signal);
  if (!prefix.ok) return prefix;
  const { root, lines } = prefix.value;
  if (lines < claim.size) return ok(truncatedBy(claim, lines));
  if (toHex(root) === claim.root) return ok(undefined);
  return ok(fault("wrong-root", claim.size - 1, `log ${claim.by} recorded another history up to here`));
};

/** The root of a log's first `size` lines, or of all when there are fewer; and how many that were. */
const prefixOf = async (
  source: LogSource,
  crypto: VerifierCrypto,
  size: number,
  signal: AbortSignal,
): Promise<Result<{ readonly root: Uint8Array; readonly lines: number }, Fault<string>>> => {
  const tree = new TreeHash(crypto);
  const files = await source.files();
  if (!files.ok) return files;
  let left = size;
  for (const { name, sizeBytes } of [...files.value].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const segment = readSegmentFile(name);
    if (segment?.part !== "jsonl") continue;
    const stream = new ByteStream(source, segmentFile(segment.number, "jsonl"), sizeBytes);
    while (left > 0) {
      throwIfAborted(signal);
      const lines = await stream.lines();
      if (!lines.ok) return lines;
      if (lines.value.length === 0) break;
      for (const line of lines.value.slice(0, left)) tree.add(line);
      left -= Math.min(left, lines.value.length);
    }
  }
  return ok({ root: tree.root(), lines: size - left });
};

const fault = (kind: FoundFault["kind"], index: number, detail: string): FoundFault => ({
  kind,
  index,
  entry: null,
  type: null,
  place: null,
  detail,
});

const truncatedBy = (claim: Claim, lines: number): FoundFault =>
  fault("truncated", lines, `log ${claim.by} recorded that it had ${claim.size} lines, there are ${lines}`);

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
