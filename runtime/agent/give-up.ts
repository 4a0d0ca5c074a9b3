import type { Sha256 } from "#kernel/digest.ts";
import { isSha256 } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import { ownValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { EntryDraft, RunRecorder } from "#ports/run-recorder.ts";
import type { RunOutcome } from "#protocol/run-event.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { closingEntries } from "./lost-effects.ts";
import type { PastEntry, RunPast } from "./past.ts";
import { pastFrom } from "./past.ts";
import type { ProgramSource } from "./program.ts";
import { Recording } from "./recording.ts";
import type { Replay } from "./replay.ts";
import { replayRun } from "./replay.ts";
import { cancelEntry, endEntry, endFor } from "./run-entries.ts";
import type { RunRequest } from "./run-request.ts";

/** An interrupted run that nobody will go on with, as far as its record can still be read. */
export interface Abandoned {
  /** In the run's order; without content where that is gone. */
  readonly entries: readonly PastEntry[];
  readonly started: PastEntry;
  readonly interrupted: RunPast["interrupted"];
  /** Whether all of its content is there; else its key may be gone, and nothing is sealed for it any more. */
  readonly isWhole: boolean;
  /** The agent's file as it was, to lead the inputs through again; null where it cannot be had. */
  readonly source: Pick<ProgramSource, "spec" | "agent" | "offered"> | null;
}

export interface GiveUpDeps {
  /** Goes on where the run's entries end. */
  readonly recorder: RunRecorder;
  readonly crypto: Crypto;
  /** Every tool of this build. */
  readonly registry: readonly ToolDescriptor[];
  /** Whether no other process did anything with the run at the same moment; asked once the cancel is durable. */
  readonly isAlone: () => Promise<Result<boolean, Fault<string>>>;
}

/**
 * Ends an interrupted run for good: what its dead host left open is closed on record, as for a run
 * that goes on, then comes who gave it up, then the end. Nothing of the run is done, so this needs
 * neither what it stood on nor its content. Gives how it ended, which is `cancelled` unless it had come
 * to its end before. Where another process was faster, no end is recorded.
 */
export const giveUpRun = async (
  { recorder, crypto, registry, isAlone }: GiveUpDeps,
  { entries, started, interrupted, isWhole, source }: Abandoned,
  canceller: RunRequest["canceller"],
): Promise<Result<RunOutcome, Fault<string>>> => {
  const past = pastFrom(entries, started, interrupted);
  const recording = new Recording(recorder, { inputs: inputsOf(past), toolMs: past.used.toolMs }, NOTHING);
  let cause: EntryId = interrupted.id;
  const record = async (draft: EntryDraft): Promise<void> => {
    const recorded = await recording.record(isWhole ? draft : { ...draft, content: {} });
    if (recorded.ok) cause = recorded.value.id;
  };
  for (const draft of closingEntries(past, registry)) await record(draft);
  await record({ ...cancelEntry({ canceller }), cause });
  if (recording.fault !== null) return failed(recording.fault);
  const alone = await isAlone();
  if (!alone.ok) return alone;
  if (!alone.value) return failed(SUPERSEDED);
  const replay = source && replayed(crypto, { ...source, registry }, past, recording.takeFed());
  const measures = {
    ...usageOf(entries),
    wallMs: Math.round(past.used.wallMs),
    toolMs: Math.round(recording.toolMs),
    inputs: recording.inputs,
    state: replay?.digests.at(-1) ?? lastStated(past),
  };
  // One whose inputs had led to its end already only lacks the record of that.
  const end = replay?.state.end ?? endFor("CANCELLED");
  await record(endEntry(end, measures, cause));
  return recording.fault === null ? ok(end.outcome) : failed(recording.fault);
};

const NOTHING = (): void => undefined;

const SUPERSEDED = fault("RUN_SUPERSEDED", "another process took up or ended the run at the same moment", {
  help: "`writ ps --all` shows how it stands",
});

/** Their numbers have no gaps, but entries may be gone. */
const inputsOf = ({ journal }: RunPast): number =>
  journal.reduce((most, { input }) => Math.max(most, input + 1), 0);

/** The whole run led through the transition again; null where it does not lead to what the run stated. */
const replayed = (
  crypto: Crypto,
  source: Omit<ProgramSource, "limits">,
  { journal, stated }: RunPast,
  added: Parameters<typeof replayRun>[2],
): Replay | null => {
  const replay = replayRun(crypto, source, [...journal, ...added]);
  if (!replay.ok) return null;
  const { digests } = replay.value;
  return stated.every((state) => digests.some((digest) => digest === state)) ? replay.value : null;
};

/** Where the last state cannot be computed any more it is the last one on record, and none where there is none. */
const lastStated = ({ stated }: RunPast): Sha256 => {
  const last = stated.at(-1);
  return last !== undefined && isSha256(last) ? last : NO_STATE;
};

const NO_STATE = "0".repeat(64) as Sha256;

const usageOf = (entries: readonly PastEntry[]): JsonObject => {
  const sumOf = (name: string): number =>
    entries
      .filter(({ type }) => type === "model.answered")
      .reduce((sum, { public: fields }) => sum + numberOf(fields, name), 0);
  const asked = entries.filter(({ type }) => type === "model.requested");
  return {
    iterations: new Set(asked.map(({ public: fields }) => numberOf(fields, "iteration"))).size,
    inputTokens: sumOf("inputTokens"),
    outputTokens: sumOf("outputTokens"),
  };
};

const numberOf = (fields: JsonObject, name: string): number => {
  const value = ownValue(fields, name);
  return typeof value === "number" ? value : 0;
};
