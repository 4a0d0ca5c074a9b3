import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import { admit } from "./admission.ts";
import type { Candidate } from "./candidate.ts";
import type { CallOutcome, GateFault } from "./contract.ts";
import { completeExecuted, completeStopped } from "./phases/completed.ts";
import { Executed } from "./phases/executed.ts";
import type { GiveHow } from "./phases/intended.ts";
import { Intended } from "./phases/intended.ts";
import type { World } from "./world.ts";

/** Lets the run respond or end itself when that is allowed. */
export const performGive = async (
  world: World,
  policy: PolicyDecider,
  candidate: Candidate<GiveHow>,
  signal: AbortSignal,
): Promise<Result<CallOutcome, GateFault>> => {
  const admitted = await admit(world, candidate, policy, signal);
  const intended = admitted.k === "next" ? await Intended.record(world, admitted.phase, signal) : admitted;
  switch (intended.k) {
    case "fault":
      return failed(intended.fault);
    case "stopped":
      return completeStopped(world, intended.stopped);
    case "next": {
      const completed = await completeExecuted(world, Executed.give(intended.phase));
      return completed.ok ? ok(completed.value.outcome) : completed;
    }
  }
};
