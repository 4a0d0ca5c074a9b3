import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { removeLeft } from "#adapters/docker/remove-left.ts";
import { systemClock } from "#adapters/clock/system-clock.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { RunOutcome } from "#protocol/run-event.ts";

import type { NotInterrupted } from "../find-interrupted.ts";
import type { GivingUp } from "../give-up-run.ts";
import { giveUp } from "../give-up-run.ts";
import type { Workspace } from "../workspace.ts";
import type { LedgerPlace } from "./ledger.ts";
import { openLowering } from "./lowering.ts";
import { recoverLogsOf } from "./resume.ts";
import { containerMemory, runAdapters } from "./run.ts";

export interface GiveUpDeps {
  readonly workspace: Workspace;
  readonly place: LedgerPlace;
  readonly reader: LedgerReader;
  readonly ledger: WritableLedger;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Name and version, for the ledger. */
  readonly product: string;
}

/**
 * Ends an interrupted run for good, on record; then what its publishes left in the workspace, and whatever
 * of it still runs on the engine. A fault `PUBLISH_LEFT` or `SANDBOX_LEFT` means that it is over, and that
 * something of it is there all the same.
 */
export const giveUpInterrupted = async (
  deps: GiveUpDeps,
  run: RunId,
  who: GivingUp,
  signal: AbortSignal,
): Promise<Result<RunOutcome, NotInterrupted>> => {
  const recovered = await recoverLogsOf(deps, run, signal);
  // A log that was changed keeps a run from going on, and from being given up as little as what else is gone.
  if (!recovered.ok && recovered.fault.k === "unavailable") {
    return failed({ k: "unavailable", fault: recovered.fault.fault });
  }
  const { variables, place } = deps;
  const { workspace } = runAdapters(deps.workspace, place, variables);
  const given = await giveUp(
    {
      ...deps,
      workspace,
      crypto: createNodeCrypto(),
      lowerAgain: (path, text) => lowered(path, text, signal),
    },
    run,
    who,
    signal,
  );
  if (!given.ok) return given;
  const { outcome, tier, left } = given.value;
  const hadContainers = tier === "docker" || tier === "gvisor";
  const removed = hadContainers
    ? await removeLeft({ variables, memory: containerMemory(place) }, run, systemClock.wallMs())
    : ok(undefined);
  const [first, ...more] = [...(removed.ok ? [] : [removed.fault]), ...left];
  if (first === undefined) return ok(outcome);
  const message = [first, ...more].map((one) => one.message).join("; ");
  return failed({ k: "unavailable", fault: { ...first, message } });
};

const lowered = async (path: string, text: string, signal: AbortSignal): Promise<AgentSpec | null> => {
  const lowering = openLowering();
  try {
    const read = await lowering.lower({ path, bytes: utf8(text) }, signal);
    return read.ok ? read.value.value : null;
  } finally {
    await lowering.close();
  }
};
