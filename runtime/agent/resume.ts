import { isJsonObject, ownValue } from "#kernel/json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import { lostCalls } from "./calls.ts";
import type { LostEffect } from "./lost-effects.ts";
import { effectsInDoubt, lostEffect } from "./lost-effects.ts";
import type { RunPast } from "./past.ts";
import type { Replay, ReplayFault } from "./replay.ts";
import { replayRun } from "./replay.ts";
import type { Foundations } from "./run-entries.ts";
import { FOUNDATIONS, foundations } from "./run-entries.ts";
import type { RunRequest } from "./run-request.ts";

/** A run that may go on where it was interrupted. */
export interface ResumePlan {
  readonly past: RunPast;
  readonly inputs: JsonObject;
  readonly replay: Replay;
  /** What a person has to say something about before anything else is done. */
  readonly lost: readonly LostEffect[];
}

export type ResumeFault =
  | ReplayFault
  | Fault</** What the run stands on is not what it began with. */
    "RESUME_CHANGED">;

/**
 * Whether and from where a run goes on: everything that it stands on must be as it was, and its
 * inputs must lead to the states that it stated. Records nothing and does nothing.
 */
export const planResume = (
  crypto: Crypto,
  request: Omit<RunRequest, "inputs">,
  past: RunPast,
): Result<ResumePlan, ResumeFault> => {
  const { started } = past;
  const now = { source: request.spec.source.digest, ...foundations(crypto, { ...request, inputs: {} }) };
  const changed = ["source" as const, ...FOUNDATIONS].filter(
    (name) => ownValue(started.public, name) !== now[name],
  );
  if (changed.length > 0) return failed(changedFault(changed));
  const { spec, agent, registry, offered } = request;
  const replay = replayRun(crypto, { spec, agent, registry, offered }, past.journal);
  if (!replay.ok) return replay;
  const { digests, state } = replay.value;
  if (past.stated.some((stated) => digests.every((digest) => digest !== stated))) {
    return failed(fault("REPLAY_DIVERGED", "the run's inputs do not lead to the states that it stated"));
  }
  const inputs = ownValue(started.content, "inputs");
  return ok({
    past,
    inputs: isJsonObject(inputs) ? inputs : {},
    replay: replay.value,
    lost: [
      ...lostCalls(state).map(({ callId, tool }) => lostEffect(past.decided, callId, tool)),
      ...effectsInDoubt(past, registry),
    ],
  });
};

const NAMES: Readonly<Record<"source" | keyof Foundations, string>> = {
  source: "the agent file",
  spec: "what this release reads in the agent file",
  policies: "the policies",
  tools: "the tools",
  configuration: "the limits",
  semantics: "the engine",
  tier: "the sandbox tier",
  model: "the model or where it answers",
  powers: "what the agent may do",
};

const changedFault = (changed: readonly (keyof typeof NAMES)[]): Fault<"RESUME_CHANGED"> => {
  // What follows from another file needs no words of its own.
  const told = changed.includes("source") ? (["source"] as const) : changed;
  const what = told.map((name) => NAMES[name]).join(", ");
  return fault("RESUME_CHANGED", `since the run began this changed: ${what}`, {
    help: "put it back as it was and resume the run, or start a new one",
  });
};
