import type { RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { agentOfEntityId } from "#protocol/entity-id.ts";
import type { EntryType } from "#protocol/run-event.ts";
import { RUN_OUTCOMES } from "#protocol/run-event.ts";
import type { Answer } from "#host/rpc/peer.ts";

export type RunSummary = Answer<"run/get">;
export type RunState = RunSummary["state"];

const OVER: ReadonlySet<RunState> = new Set(["refused", "completed", "failed", "cancelled", "limited"]);

/** Whether nothing more comes of a run. An interrupted one is not over, and nobody works on it. */
export const isOver = ({ state }: Pick<RunSummary, "state">): boolean => OVER.has(state);

/** Types that say how a run stands, in the order in which a run has them. */
const LIFE: readonly EntryType[] = [
  "run.started",
  "consent.refused",
  "run.interrupted",
  "run.resumed",
  "run.ended",
];

/**
 * The runs of a ledger as its entries tell, oldest first. A run without an end whose log nobody
 * writes any more was interrupted, also where the next writer has yet to put that on record.
 */
export const readRunHistory = async (
  reader: LedgerReader,
  signal: AbortSignal,
): Promise<Result<readonly RunSummary[], LedgerFault>> => {
  const logs = await reader.logs();
  if (!logs.ok) return logs;
  const runs = new Map<string, RunSummary>();
  for (const { log, live, ours } of logs.value) {
    if (!ours) continue;
    for (const type of LIFE) {
      for await (const shown of reader.entries({ log, type }, signal)) {
        if (!shown.ok) return shown;
        for (const { entry } of shown.value) {
          if (entry?.run === undefined || entry.run === null) continue;
          const { id } = entry.run;
          const after = entryApplied(runs.get(id), entry, live);
          if (after !== undefined) runs.set(id, after);
        }
      }
    }
  }
  return ok([...runs.values()].sort((left, right) => (left.run < right.run ? -1 : 1)));
};

const entryApplied = (
  before: RunSummary | undefined,
  entry: LedgerEntry,
  isLive: boolean,
): RunSummary | undefined => {
  const { run, time, public: fields } = entry;
  if (run === null) return before;
  const lastSeq = Math.max(before?.lastSeq ?? -1, run.seq);
  switch (entry.type) {
    case "run.started": {
      const { agent } = fields;
      if (typeof agent !== "string") return before;
      const tier = SANDBOX_TIERS.find((known) => known === fields["tier"]) ?? null;
      return {
        ...begun(run.id, agent, time.wallMs),
        tier,
        state: isLive ? "running" : "interrupted",
        lastSeq,
      };
    }
    case "consent.refused": {
      const agent = agentOfPrincipal(entry.principal);
      if (before !== undefined || agent === undefined) return before;
      return { ...begun(run.id, agent, time.wallMs), endedMs: time.wallMs, state: "refused", lastSeq };
    }
    case "run.interrupted":
      return before && { ...before, state: "interrupted", lastSeq };
    case "run.resumed":
      return before && { ...before, state: isLive ? "running" : "interrupted", lastSeq };
    case "run.ended": {
      const outcome = RUN_OUTCOMES.find((known) => known === fields["outcome"]) ?? "failed";
      return before && { ...before, state: outcome, endedMs: time.wallMs, lastSeq };
    }
    default:
      return before;
  }
};

/** A run of which nothing is known but that it began. */
export const begun = (run: RunId, agent: string, startedMs: number): RunSummary => ({
  run,
  agent,
  path: agentOfEntityId(agent)?.path ?? "unknown",
  state: "starting",
  startedMs,
  endedMs: null,
  tier: null,
  approvalsWaiting: 0,
  lastSeq: -1,
});

const agentOfPrincipal = (principal: string): string | undefined =>
  /^Agent::"([^"\\]+)"$/.exec(principal)?.[1];
