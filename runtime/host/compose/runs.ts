import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";

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

/** Those of some runs of agents of which the content was erased: none of them can go on. */
export const erasedRuns = async (
  place: LedgerPlace,
  runs: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadonlySet<string>, Fault<string>>> => {
  const reader = await openHostReader(place);
  if (!reader.ok) return reader;
  const erased = new Set<string>();
  for (const run of runs) {
    for await (const bunch of reader.value.entries({ run, type: "run.started" }, signal)) {
      if (!bunch.ok) return bunch;
      for (const shown of bunch.value) {
        const part = shown.entry?.content[0]?.name;
        const content = part === undefined ? null : await reader.value.content(shown, part);
        if (content?.ok === false) return content;
        if (content?.value.state === "erased") erased.add(run);
      }
    }
  }
  return ok(erased);
};
