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

/** Types that say how a run stands. */
const LIFE: readonly EntryType[] = [
  "run.started",
  "consent.refused",
  "run.interrupted",
  "run.resumed",
  "run.ended",
];

/**
 * The runs of a ledger as its entries tell, oldest first. A run without an end whose log nobody
 * writes any more was interrupted, also where the next writer has yet to put that on record. A run
 * may go on in another log than it began in, so its entries are taken in its own order.
 */
export const readRunHistory = async (
  reader: LedgerReader,
  signal: AbortSignal,
): Promise<Result<readonly RunSummary[], LedgerFault>> => {
  const logs = await reader.logs();
  if (!logs.ok) return logs;
  const lives = new Map<string, { readonly entry: LedgerEntry; readonly isLive: boolean }[]>();
  for (const { log, live, ours } of logs.value) {
    if (!ours) continue;
    for (const type of LIFE) {
      for await (const shown of reader.entries({ log, type }, signal)) {
        if (!shown.ok) return shown;
        for (const { entry } of shown.value) {
          if (entry?.run === undefined || entry.run === null) continue;
          const { id } = entry.run;
          lives.set(id, [...(lives.get(id) ?? []), { entry, isLive: live }]);
        }
      }
    }
  }
  const runs = [...lives.values()].flatMap((life) => summaryOf(life) ?? []);
  return ok(runs.sort((left, right) => (left.run < right.run ? -1 : 1)));
};

const summaryOf = (
  life: readonly { readonly entry: LedgerEntry; readonly isLive: boolean }[],
): RunSummary | undefined =>
  life
    .toSorted((left, right) => (left.entry.run?.seq ?? 0) - (right.entry.run?.seq ?? 0))
    .reduce<RunSummary | undefined>(
      (before, { entry, isLive }) => entryApplied(before, entry, isLive),
      undefined,
    );

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
