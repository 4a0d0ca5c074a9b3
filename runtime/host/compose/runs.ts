import type { Fault, Result } from "#kernel/result.ts";

import type { RunSummary } from "../server/run-history.ts";
import { readRunHistory } from "../server/run-history.ts";
import { readTestRunHistory, type TestRunSummary } from "../tests/test-run-history.ts";
import { openHostReader } from "./host.ts";
import type { LedgerPlace } from "./ledger.ts";

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
