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
import type { LedgerPlace } from "./ledger.ts";
import { openLowering } from "./lowering.ts";
import { recoverLogsOf } from "./resume.ts";
import { containerMemory } from "./run.ts";

export interface GiveUpDeps {
  readonly place: LedgerPlace;
  readonly reader: LedgerReader;
  readonly ledger: WritableLedger;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Name and version, for the ledger. */
  readonly product: string;
}

/**
 * Ends an interrupted run for good, on record, and then whatever of it still runs on the engine. A fault
 * `SANDBOX_LEFT` means that it is over, and that something of it may run all the same.
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
  const given = await giveUp(
    {
      ...deps,
      crypto: createNodeCrypto(),
      lowerAgain: (path, text) => lowered(path, text, signal),
    },
    run,
    who,
    signal,
  );
  if (!given.ok) return given;
  const { outcome, tier } = given.value;
  if (tier !== "docker" && tier !== "gvisor") return ok(outcome);
  const { variables, place } = deps;
  const removed = await removeLeft({ variables, memory: containerMemory(place) }, run, systemClock.wallMs());
  return removed.ok ? ok(outcome) : failed({ k: "unavailable", fault: removed.fault });
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
