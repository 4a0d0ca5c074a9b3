import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { AuditReport, MissingPart } from "#ledger/missing-parts.ts";
import type { Clock } from "#ports/clock.ts";
import type { LogReport } from "#protocol/ledger-report.ts";
import { REPORTED_FAULTS_MAX } from "#protocol/ledger-report.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { Answer, Asked, Params } from "#host/rpc/peer.ts";
import { NO_SUCH_LOG, unavailable } from "./faults.ts";

type Verified = Answer<"ledger/verify">;
type WireFault = Verified["faults"][number];

/** Verifies the whole ledger of the workspace. `onChecked` gets the number of entries since it was called last. */
export type LedgerVerifier = (
  signal: AbortSignal,
  onChecked: (entries: number) => void,
) => Promise<Result<AuditReport, Fault<string>>>;

/** At most 10 a second. */
const PROGRESS_EVERY_MS = 100;

/** Verifies the ledger for clients, for one at a time: it reads everything, and a run should not notice. */
export class LedgerDesk {
  private readonly clock: Clock;
  private readonly verifier: LedgerVerifier;
  private isBusy = false;

  constructor(clock: Clock, verifier: LedgerVerifier) {
    this.clock = clock;
    this.verifier = verifier;
  }

  /** Rejects with an AbortError when aborted. */
  async verify(
    { log }: Params<"ledger/verify">,
    { signal, progress }: Asked,
  ): Promise<Result<Verified, CallFault>> {
    if (this.isBusy) return failed(BUSY);
    this.isBusy = true;
    let done = 0;
    let toldMs = -Infinity;
    try {
      const report = await this.verifier(signal, (entries) => {
        done += entries;
        const nowMs = this.clock.monotonicMs();
        if (nowMs - toldMs < PROGRESS_EVERY_MS) return;
        toldMs = nowMs;
        progress({ done, total: null, text: "entries checked" });
      });
      if (!report.ok) return failed(unavailable(report.fault));
      return log === null ? ok(ofAll(report.value)) : ofOne(report.value, log);
    } finally {
      this.isBusy = false;
    }
  }
}

const ofAll = ({ logs, level, missing, faultsTotal }: AuditReport): Verified =>
  verified(level, logs, missing, faultsTotal);

const ofOne = ({ logs, missing }: AuditReport, wanted: string): Result<Verified, CallFault> => {
  const own = logs.filter(({ log }) => log === wanted);
  const lost = missing.filter(({ log, isFault }) => log === wanted && isFault);
  const [report] = own;
  if (report === undefined && lost.length === 0) return failed(NO_SUCH_LOG);
  const level = lost.length > 0 ? null : (report?.level ?? null);
  return ok(verified(level, own, lost, (report?.faultsTotal ?? 0) + lost.length));
};

const verified = (
  level: Verified["level"],
  logs: readonly LogReport[],
  missing: readonly MissingPart[],
  faultsInAll: number,
): Verified => {
  const found = logs.flatMap(({ log, faults }) =>
    faults.map(({ kind, index, detail }): WireFault | null => log && { log, seq: index, kind, detail }),
  );
  const lost = missing.map(({ log, what, isFault }): WireFault | null =>
    log !== null && isFault ? { log, seq: null, kind: `missing-${what}`, detail: LOST } : null,
  );
  const faults = [...found, ...lost].filter((each) => each !== null).slice(0, REPORTED_FAULTS_MAX);
  return {
    level: faultsInAll === 0 ? level : null,
    entries: logs.reduce((sum, { lines }) => sum + lines, 0),
    faults,
    faultsInAll,
  };
};

const LOST = "the owner's state must hold it and does not; `writ audit verify` says what to do";

const BUSY = unavailable(
  fault("LEDGER_VERIFYING", "the ledger is being verified for somebody already", { retryable: true }),
);
