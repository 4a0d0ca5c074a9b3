import { fromHex } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Crypto } from "#ports/crypto.ts";
import { effectOf } from "./calls.ts";
import { Course } from "./course.ts";
import type { JournalEntry, JournalFault } from "./journal.ts";
import type { RunLimits } from "./limits.ts";
import { RUN_LIMITS_DEFAULT } from "./limits.ts";
import type { ProgramSource } from "./program.ts";
import { programOf } from "./program.ts";
import type { Effect, RunState } from "./state.ts";
import { RUN_KEY_BYTES } from "./state-digest.ts";

export interface Replay {
  /** The digest of the state after each input, in their order. */
  readonly digests: readonly Sha256[];
  /** The state after the last one. */
  readonly state: RunState;
  /** The last thing that takes time among what was asked for; `stillToDo` narrows it to what is left of it. */
  readonly asked: Effect | null;
  /** The run's own, for digests of private text. */
  readonly key: Uint8Array;
}

export type ReplayFault =
  | JournalFault
  | Fault<
      | "AGENT_UNKNOWN"
      /** The inputs do not begin with `run.started`, or one is missing or stands twice. */
      | "REPLAY_INCOMPLETE"
      /** The inputs lead where no run of this agent can go: it is another file, or another engine. */
      | "REPLAY_DIVERGED"
    >;

/**
 * Runs the transition again over what a run recorded. Nothing acts: no model, no tool, no clock.
 *
 * @param source the agent file as it was (its digest stands in `run.started`) and the tools that
 *   the run was given; the limits are those that the run recorded.
 * @param entries the entries that feed, in any order.
 * @public for readers of finished runs.
 */
export const replayRun = (
  crypto: Crypto,
  source: Omit<ProgramSource, "limits">,
  entries: readonly JournalEntry[],
): Result<Replay, ReplayFault> => {
  const journal = [...entries].sort((left, right) => left.input - right.input);
  const [opening] = journal;
  if (opening?.type !== "run.started" || journal.some((entry, index) => entry.input !== index)) {
    return failed(fault("REPLAY_INCOMPLETE", "the inputs of the run are not all there, each once"));
  }
  const key = keyOf(opening);
  const limits = limitsOf(opening);
  if (key === null || limits === null) {
    return failed(fault("JOURNAL_UNREADABLE", "the start of the run cannot be read"));
  }
  const program = programOf({ ...source, limits });
  if (!program.ok) return program;
  const course = new Course(crypto, program.value, key, null);
  const digests: Sha256[] = [];
  let asked: Effect | null = null;
  try {
    for (const entry of journal) {
      const commands = course.take(entry);
      if (!commands.ok) return commands;
      asked = effectOf(commands.value) ?? asked;
      digests.push(course.digest());
    }
    const { state } = course;
    invariant(state !== null, "a run that began has a state");
    return ok({ digests, state, asked, key });
  } catch (error) {
    // The transition takes an input that cannot come for a mistake of ours; here it is the journal's.
    if (isInvariant(error))
      return failed(fault("REPLAY_DIVERGED", "an input does not fit the run before it"));
    throw error;
  }
};

const isInvariant = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "KERNEL_INVARIANT";

const keyOf = ({ content }: JournalEntry): Uint8Array | null => {
  const text = ownValue(content, "key");
  const key = typeof text === "string" ? fromHex(text) : undefined;
  return key?.length === RUN_KEY_BYTES ? key : null;
};

/** The limits that the run recorded: every one of them, each a number above 0. */
const limitsOf = ({ content }: JournalEntry): RunLimits | null => {
  const limits = ownValue(content, "limits");
  const run = isJsonObject(limits) ? ownValue(limits, "run") : undefined;
  return isShapedLike(run, RUN_LIMITS_DEFAULT as unknown as JsonObject)
    ? (run as unknown as RunLimits)
    : null;
};

const isShapedLike = (value: JsonValue | undefined, shape: JsonValue): boolean => {
  if (!isJsonObject(shape)) return typeof value === "number" && value > 0;
  if (!isJsonObject(value)) return false;
  return Object.keys(shape).every((name) => isShapedLike(ownValue(value, name), shape[name] ?? null));
};
