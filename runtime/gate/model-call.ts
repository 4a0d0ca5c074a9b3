import { abortError } from "#kernel/abort.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import { admit } from "./admission.ts";
import type { Candidate } from "./candidate.ts";
import type { GateFault, ModelOutcome } from "./contract.ts";
import type { Conversation } from "./conversation.ts";
import type { ModelHow } from "./model-candidate.ts";
import { Answered, completeAnswered } from "./phases/answered.ts";
import { completeStopped } from "./phases/completed.ts";
import { Requested } from "./phases/requested.ts";
import type { World } from "./world.ts";

/** Asks the model when that is allowed. Rejects with an AbortError when cut short, after that is recorded. */
export const performModelCall = async (
  world: World,
  conversation: Conversation,
  policy: PolicyDecider,
  candidate: Candidate<ModelHow>,
  signal: AbortSignal,
): Promise<Result<ModelOutcome, GateFault>> => {
  const admitted = await admit(world, candidate, policy, signal);
  const requested =
    admitted.k === "next" ? await Requested.record(world, admitted.phase, conversation, signal) : admitted;
  switch (requested.k) {
    case "fault":
      return failed(requested.fault);
    case "stopped": {
      const { refusal, text } = requested.stopped;
      invariant(refusal !== null, "a model call is not made only where it is refused");
      const completed = await completeStopped(world, requested.stopped);
      if (!completed.ok) return completed;
      const { callId, entry } = completed.value;
      return ok({ k: "denied", callId, refusal, text, entry });
    }
    case "next": {
      const answered = await completeAnswered(world, await Answered.ask(world, requested.phase, signal));
      if (!answered.ok) return answered;
      if (answered.value.cancelled) throw abortError();
      return ok(answered.value.outcome);
    }
  }
};
