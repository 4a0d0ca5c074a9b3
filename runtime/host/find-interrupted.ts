import { canonicalJson } from "#kernel/canonical-json.ts";
import type { RunId } from "#kernel/ids.ts";
import { ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { RunPast } from "#agent/index.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import type { PlacedEntry } from "./found-run.ts";
import { entriesOfRun, lastOfLife, UNKNOWN_RUN } from "./found-run.ts";
import { recordInterruption } from "./interrupted-runs.ts";

export interface InterruptedDeps {
  readonly reader: LedgerReader;
  /** Ours, to put the interruption on record. */
  readonly ledger: Pick<WritableLedger, "append" | "log">;
}

export type NotInterrupted =
  /** There is no such run, or it goes on or is over. */
  | { readonly k: "usage"; readonly fault: Fault<string> }
  | { readonly k: "unavailable"; readonly fault: Fault<string> };

/**
 * The entries of a run that was interrupted, with that on record, which only we can do now where its
 * host wrote another log than ours. So it is where a process died while it ended the run for good.
 */
export const findInterrupted = async (
  { reader, ledger }: InterruptedDeps,
  run: RunId,
  signal: AbortSignal,
): Promise<Result<readonly PlacedEntry[], NotInterrupted>> => {
  const placed = await entriesOfRun(reader, run, signal);
  if (!placed.ok) return failed({ k: "unavailable", fault: placed.fault });
  const found = openEndOf(placed.value);
  if (!found.ok) return failed({ k: "usage", fault: found.fault });
  const { at, last } = found.value;
  if (at.entry.type === "run.interrupted") return placed;
  const recorded = await recordInterruption(ledger, last.entry, "host-gone");
  if (!recorded.ok) return failed({ k: "unavailable", fault: recorded.fault });
  const again = await entriesOfRun(reader, run, signal);
  return again.ok ? again : failed({ k: "unavailable", fault: again.fault });
};

/**
 * The entry at which a run without an end stands, where nobody works on it any more, and the last one
 * of all; a fault for one that goes on or is over.
 */
export const openEndOf = (
  placed: readonly PlacedEntry[],
): Result<{ readonly at: PlacedEntry; readonly last: PlacedEntry }, Fault<string>> => {
  const life = lastOfLife(placed);
  const last = placed.at(-1);
  if (life === undefined || last === undefined) return failed(UNKNOWN_RUN);
  if (life.entry.type === "run.ended") return failed(RUN_IS_OVER);
  // Several may have given it up at once, each in a log of its own; whoever still writes may be the one that ends it.
  const givingUps = placed.filter(({ entry }) => isGivingUp(entry) && entry.run.seq > life.entry.run.seq);
  const at = givingUps.at(-1) ?? life;
  const isWorkedOn = [...givingUps, life].some((one) => one.entry.type !== "run.interrupted" && one.isLive);
  return isWorkedOn ? failed(GOES_ON) : ok({ at, last });
};

const isGivingUp = ({ type, public: fields }: PlacedEntry["entry"]): boolean =>
  type === "person.intervened" && ownValue(fields, "act") === "CANCEL";

const GOES_ON = fault("RUN_NOT_INTERRUPTED", "the run goes on in another process", {
  help: "`writ ps` lists what goes on and what was interrupted",
});
export const RUN_IS_OVER = fault("RUN_NOT_INTERRUPTED", "the run is over", {
  help: "`writ ps` lists runs that were interrupted",
});

/**
 * Whether this process is the run: of several that took it up, or ended it for good, from the same
 * interruption it is the one whose entry for that has the lowest time, then the lowest id. Ours is
 * durable by now, so of two at least one sees the other, and both come to the same.
 */
export const isAlone = async (
  { reader, ledger }: InterruptedDeps,
  run: RunId,
  interrupted: RunPast["interrupted"],
): Promise<Result<boolean, Fault<string>>> => {
  const placed = await entriesOfRun(reader, run, new AbortController().signal);
  if (!placed.ok) return placed;
  const entries = placed.value.map(({ entry }) => entry);
  const at = entries.find(({ id }) => id === interrupted.id)?.run.seq ?? -1;
  const last = canonicalJson(interrupted.last);
  const rivals = entries
    .filter((entry) =>
      entry.type === "run.resumed"
        ? canonicalJson(ownValue(entry.public, "last") ?? null) === last
        : isGivingUp(entry) && entry.run.seq > at,
    )
    .sort((left, right) => left.time.wallMs - right.time.wallMs || (left.id < right.id ? -1 : 1));
  return ok(rivals[0]?.log === ledger.log);
};
