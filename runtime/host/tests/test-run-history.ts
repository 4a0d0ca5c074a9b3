import type { RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import { entityText } from "#protocol/entity-id.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { RUN_OUTCOMES, type RunOutcome } from "#protocol/run-event.ts";

/** A run of tests as its ledger has it. */
export interface TestRunSummary {
  readonly run: RunId;
  /** The document's path in its workspace. */
  readonly document: string;
  /** Of one that was interrupted nothing more comes: tests are begun anew. */
  readonly state: "running" | "interrupted" | RunOutcome;
  readonly startedMs: number;
  /** Null while it goes on, and where nobody saw its end. */
  readonly endedMs: number | null;
  /** Causes that contradict the document; null where they were not added up. */
  readonly failures: number | null;
}

/** The runs of tests of this user, oldest first. One without an end whose log nobody writes any more was interrupted. */
export const readTestRunHistory = async (
  reader: LedgerReader,
  signal: AbortSignal,
): Promise<Result<readonly TestRunSummary[], LedgerFault>> => {
  const logs = await reader.logs();
  if (!logs.ok) return logs;
  const runs = new Map<RunId, TestRunSummary>();
  for (const { log, live, ours } of logs.value) {
    if (!ours) continue;
    // A run of tests begins and ends in one log, its beginning first.
    for (const type of ["tests.started", "run.interrupted", "tests.ended"]) {
      for await (const shown of reader.entries({ log, type }, signal)) {
        if (!shown.ok) return shown;
        for (const { entry } of shown.value) if (entry !== null) apply(runs, entry, live);
      }
    }
  }
  return ok([...runs.values()].sort((left, right) => (left.run < right.run ? -1 : 1)));
};

const apply = (runs: Map<RunId, TestRunSummary>, entry: LedgerEntry, isLive: boolean): void => {
  const { run, type, principal, time, public: fields } = entry;
  if (run === null) return;
  const known = runs.get(run.id);
  if (type === "tests.started") {
    runs.set(run.id, {
      run: run.id,
      document: documentOf(principal),
      state: isLive ? "running" : "interrupted",
      startedMs: time.wallMs,
      endedMs: null,
      failures: null,
    });
  } else if (known !== undefined && type === "run.interrupted") {
    runs.set(run.id, { ...known, state: "interrupted" });
  } else if (known !== undefined) {
    const { outcome, failures } = fields;
    runs.set(run.id, {
      ...known,
      state: RUN_OUTCOMES.find((each) => each === outcome) ?? "failed",
      endedMs: time.wallMs,
      failures: typeof failures === "number" ? failures : null,
    });
  }
};

const documentOf = (principal: string): string =>
  entityText(/^TestRun::"([^"\\]+)"$/.exec(principal)?.[1] ?? "") ?? "unknown";
