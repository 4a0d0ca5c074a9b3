import type { Fault, Result } from "#kernel/result.ts";

import type { RunSummary } from "../server/run-history.ts";
import { readRunHistory } from "../server/run-history.ts";
import type { HostSurroundings } from "./host.ts";
import { hostLedgerPlace, openHostReader } from "./host.ts";

/** The runs that are on record in a workspace, oldest first, where no host can be asked. */
export const readRuns = async (
  surroundings: Pick<HostSurroundings, "workspace" | "stateDirectory" | "variables">,
  signal: AbortSignal,
): Promise<Result<readonly RunSummary[], Fault<string>>> => {
  const reader = await openHostReader(hostLedgerPlace(surroundings));
  return reader.ok ? readRunHistory(reader.value, signal) : reader;
};
