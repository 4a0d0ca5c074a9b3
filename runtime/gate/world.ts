import type { Sha256 } from "#kernel/digest.ts";
import type { CallId, Id } from "#kernel/ids.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault } from "#kernel/result.ts";
import type { Approver } from "#ports/approver.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { EntryDraft, RunEntry, RunRecorder } from "#ports/run-recorder.ts";
import type { GateFault, GateRun } from "./contract.ts";
import type { Fingerprinter } from "./fingerprint.ts";

/** What every phase of one gate works with. */
export interface World {
  readonly run: GateRun;
  readonly recorder: RunRecorder;
  readonly approver: Approver;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly fingerprint: Fingerprinter;
  /** Of private text, under the run's key. */
  readonly runDigest: Fingerprinter;
  /** SHA-256 of canonical JSON, without a key: for what is no secret. */
  readonly digest: (value: JsonValue) => Sha256;
}

export const newId = <Kind extends string>(world: World): Id<Kind> =>
  world.entropy.id<Kind>(world.clock.wallMs());

export const newCallId = (world: World): CallId => newId<"call">(world);

/** Milliseconds that the run still has, 0 when its time is over. */
export const remainingMs = (world: World): number =>
  Math.max(0, Math.floor(world.run.endsAtMonotonicMs - world.clock.monotonicMs()));

/** Whole milliseconds since a moment of the monotonic clock. */
export const elapsedMs = (world: World, sinceMonotonicMs: number): number =>
  Math.max(0, Math.round(world.clock.monotonicMs() - sinceMonotonicMs));

/** Records an entry; `effect` says what has already happened should the ledger refuse. */
export const record = async (
  world: World,
  draft: EntryDraft,
  effect: GateFault["effect"],
): Promise<Result<RunEntry, GateFault>> => {
  const recorded = await world.recorder.record(draft);
  if (recorded.ok) return recorded;
  const { message, help, retryable } = recorded.fault;
  return failed({
    ...fault("GATE_UNRECORDED", `what the run does can no longer be recorded: ${message}`, {
      ...(help === undefined ? {} : { help }),
      retryable,
    }),
    ledger: recorded.fault,
    effect,
  });
};
