import type { LogId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { checkLeftLog } from "#ledger/open-ledger.ts";

import type { RunSummary } from "../server/run-history.ts";
import { readRunHistory } from "../server/run-history.ts";
import { readTestRunHistory, type TestRunSummary } from "../tests/test-run-history.ts";
import { openHostReader } from "./host.ts";
import type { LedgerPlace } from "./ledger.ts";
import { ledgerDeps } from "./ledger.ts";

/** The runs that are on record in a ledger, oldest first, where no host can be asked. */
export const readRuns = async (
  place: LedgerPlace,
  signal: AbortSignal,
): Promise<Result<readonly RunSummary[], Fault<string>>> => {
  const reader = await openHostReader(place);
  return reader.ok ? readRunHistory(reader.value, signal) : reader;
};

/** The runs of tests that are on record in a ledger, oldest first. No host has any: they end with their terminal. */
export const readTestRuns = async (
  place: LedgerPlace,
  signal: AbortSignal,
): Promise<Result<readonly TestRunSummary[], Fault<string>>> => {
  const reader = await openHostReader(place);
  return reader.ok ? readTestRunHistory(reader.value, signal) : reader;
};

/** Why a run cannot go on: its content was erased, or a log that it stands in is not as it was written. */
export type Unresumable = "erased" | "damaged";

/** Those of some interrupted runs of agents that cannot go on for what is to be seen of their record at once. */
export const unresumableRuns = async (
  place: LedgerPlace,
  runs: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, Unresumable>, Fault<string>>> => {
  const reader = await openHostReader(place);
  if (!reader.ok) return reader;
  const unresumable = new Map<string, Unresumable>();
  const runsOfLog = new Map<LogId, Set<string>>();
  for (const run of runs) {
    for await (const bunch of reader.value.entries({ run }, signal)) {
      if (!bunch.ok) return bunch;
      for (const shown of bunch.value) {
        runsOfLog.set(shown.log, (runsOfLog.get(shown.log) ?? new Set()).add(run));
        const part = shown.entry?.type === "run.started" ? shown.entry.content[0]?.name : undefined;
        const content = part === undefined ? null : await reader.value.content(shown, part);
        if (content?.ok === false) return content;
        if (content?.value.state === "erased") unresumable.set(run, "erased");
      }
    }
  }
  for (const [log, standing] of runsOfLog) {
    const whole = await checkLeftLog(ledgerDeps(place), log);
    if (whole.ok) continue;
    if (whole.fault.code !== "LEDGER_TAMPERED") return whole;
    for (const run of standing) unresumable.set(run, "damaged");
  }
  return ok(unresumable);
};
