import type { RunId } from "#kernel/ids.ts";
import { isJsonObject, ownText, ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Abandoned } from "#agent/index.ts";
import { createRunRecorder, giveUpRun } from "#agent/index.ts";
import { offeredTools } from "#gate/index.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { WorkspaceFiles } from "#ports/workspace-files.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import type { Surface } from "#protocol/consent.ts";
import { agentEntityId } from "#protocol/entity-id.ts";
import type { LiveEvent, RunOutcome } from "#protocol/run-event.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import { findInterrupted, isAlone } from "./find-interrupted.ts";
import type { NotInterrupted } from "./find-interrupted.ts";
import type { FoundRun } from "./found-run.ts";
import { openFoundRun } from "./found-run.ts";
import { removeLeftPublishes } from "./left-publishes.ts";

export interface GiveUpRunDeps {
  readonly reader: LedgerReader;
  readonly ledger: WritableLedger;
  readonly crypto: Crypto;
  readonly workspace: Pick<WorkspaceFiles, "removeLeft">;
  /** The agent's file as the run began with it, lowered again; null where that does not come to a spec any more. */
  readonly lowerAgain: (path: string, text: string) => Promise<AgentSpec | null>;
}

/** Who gives a run up, and in what way, as far as that is known. */
export interface GivingUp {
  /** Operating-system user. */
  readonly user: string;
  readonly surface: Surface;
  readonly how: string | null;
}

export interface GivenUp {
  readonly outcome: RunOutcome;
  readonly tier: FoundRun["tier"];
  /** Why something of its publishes is left in the workspace. */
  readonly left: Awaited<ReturnType<typeof removeLeftPublishes>>;
}

/**
 * Ends an interrupted run for good, also one that cannot go on any more: what it stood on may have
 * changed, and its content may be gone. Nothing of the run is done.
 */
export const giveUp = async (
  deps: GiveUpRunDeps,
  run: RunId,
  { user, surface, how }: GivingUp,
  signal: AbortSignal,
): Promise<Result<GivenUp, NotInterrupted>> => {
  const { reader, ledger, crypto } = deps;
  const placed = await findInterrupted(deps, run, signal);
  if (!placed.ok) return placed;
  const unavailable = (reason: Fault<string>): Result<never, NotInterrupted> =>
    failed({ k: "unavailable", fault: reason });
  const found = await openFoundRun(reader, run, placed.value, "rest");
  if (!found.ok) return unavailable(found.fault);
  const { entries, isWhole, parent, path, agent, scope, tier } = found.value;
  const started = entries.find(({ type }) => type === "run.started");
  const interruption = entries.findLast(({ type }) => type === "run.interrupted");
  const last = interruption && ownValue(interruption.public, "last");
  if (started === undefined || interruption === undefined || !isJsonObject(last)) return unavailable(NO_END);
  const interrupted = { id: interruption.id, last };
  const text = ownText(started.content, "source");
  const spec = isWhole ? await deps.lowerAgain(path, text) : null;
  const source = spec && sourceOf(spec, found.value);
  // The key of content that was erased must not come back as another one.
  const opened = isWhole ? await ledger.openScope(scope) : ok(undefined);
  if (!opened.ok) return unavailable(opened.fault);
  try {
    const recorder = createRunRecorder(
      { ledger, publish: NOBODY_WATCHES },
      {
        run,
        parent,
        scope,
        principal: `Agent::${JSON.stringify(agentEntityId(path, agent))}`,
        onBehalfOf: { kind: "user", id: user },
        recorded: { entries: after(entries, "runSeq"), inputs: after(entries, "input") },
      },
    );
    const given = await giveUpRun(
      { recorder, crypto, registry: BUILTIN_TOOLS, isAlone: () => isAlone(deps, run, interrupted) },
      { entries, started, interrupted, isWhole, source },
      { by: user, surface, how: () => how },
    );
    if (!given.ok) return unavailable(given.fault);
    const left = await removeLeftPublishes(deps.workspace, entries);
    return ok({ outcome: given.value, tier, left });
  } finally {
    ledger.closeScope(scope);
  }
};

/** What the run's inputs can be led through again; null for an agent or a tier that this build does not have. */
const sourceOf = (spec: AgentSpec, { agent: name, tier: named }: FoundRun): Abandoned["source"] => {
  const agent = spec.agents.find((known) => known.name === name);
  const tier = SANDBOX_TIERS.find((known) => known === named);
  if (agent === undefined || tier === undefined) return null;
  const offered = offeredTools(agent, { tools: BUILTIN_TOOLS, tier });
  return { spec, agent: name, offered: offered.map((tool) => tool.name) };
};

const NOBODY_WATCHES = (_event: LiveEvent): void => undefined;

/** Their numbers have no gaps, but entries may be gone. */
const after = (entries: FoundRun["entries"], name: "runSeq" | "input"): number =>
  entries.reduce((most, entry) => Math.max(most, (entry[name] ?? -1) + 1), 0);

const NO_END = fault("RUN_UNREADABLE", "what is on record of the run does not say how it stands", {
  help: "`writ audit verify` says whether a log was changed",
});
