import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { sweepLeft } from "#adapters/docker/sweep-left.ts";
import { systemClock } from "#adapters/clock/system-clock.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
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

export interface EndedRun {
  readonly outcome: RunOutcome;
  /** Why containers that it may have left could not be looked for, or null. */
  readonly unswept: Fault<string> | null;
}

/** Ends an interrupted run for good, on record, and takes away what its dead processes left on the engine. */
export const giveUpInterrupted = async (
  deps: GiveUpDeps,
  run: RunId,
  who: GivingUp,
  signal: AbortSignal,
): Promise<Result<EndedRun, NotInterrupted>> => {
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
  if (tier !== "docker" && tier !== "gvisor") return ok({ outcome, unswept: null });
  const { variables, place } = deps;
  const swept = await sweepLeft({ variables, memory: containerMemory(place) }, systemClock.wallMs());
  return ok({ outcome, unswept: swept.ok ? null : swept.fault });
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
