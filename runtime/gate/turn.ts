import { abortError } from "#kernel/abort.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import { admit } from "./admission.ts";
import type { Candidate } from "./candidate.ts";
import type { Authority } from "./capability.ts";
import type { CallOutcome, GateFault } from "./contract.ts";
import { eachAtMost } from "./parallel.ts";
import type { Approved } from "./phases/approved.ts";
import type { Completed } from "./phases/completed.ts";
import { completeExecuted, completeStopped } from "./phases/completed.ts";
import { Executed } from "./phases/executed.ts";
import type { ToolHow } from "./phases/intended.ts";
import { Intended } from "./phases/intended.ts";
import type { World } from "./world.ts";

/**
 * Decides calls in their order, then executes together those that may be. Outcomes stand in the
 * order of the calls. Rejects with an AbortError when one was cut short by `signal`, after all
 * that had begun is over and recorded.
 */
export const performTogether = async (
  world: World,
  authority: Authority,
  policy: PolicyDecider,
  candidates: readonly Candidate<ToolHow>[],
  signal: AbortSignal,
): Promise<Result<readonly CallOutcome[], GateFault>> => {
  const outcomes: (CallOutcome | null)[] = candidates.map(() => null);
  const admitted: { readonly index: number; readonly approved: Approved<ToolHow> }[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const step = await admit(world, candidate, policy, signal);
    if (step.k === "fault") return failed(step.fault);
    if (step.k === "next") {
      admitted.push({ index, approved: step.phase });
      continue;
    }
    const completed = await completeStopped(world, step.stopped);
    if (!completed.ok) return completed;
    outcomes[index] = completed.value;
  }
  // A ledger that refuses one ends those beside it: their outcomes could not be recorded either.
  const group = new AbortController();
  const either = AbortSignal.any([signal, group.signal]);
  const faults: GateFault[] = [];
  await eachAtMost(admitted, world.run.limits.parallelMax, async ({ index, approved }) => {
    const settled = await execute(world, authority, approved, either).catch((error: unknown) => {
      group.abort();
      throw error;
    });
    if (settled.ok && !settled.value.cancelled) {
      outcomes[index] = settled.value.outcome;
      return "go on";
    }
    if (!settled.ok) faults.push(settled.fault);
    group.abort();
    return "stop";
  });
  const fault = faults.find(({ effect }) => effect === "possible") ?? faults[0];
  if (fault !== undefined) return failed(fault);
  const whole = outcomes.filter((outcome) => outcome !== null);
  if (whole.length < outcomes.length) throw abortError();
  return ok(whole);
};

const execute = async (
  world: World,
  authority: Authority,
  approved: Approved<ToolHow>,
  signal: AbortSignal,
): Promise<Result<Completed, GateFault>> => {
  const intended = await Intended.record(world, approved, signal);
  switch (intended.k) {
    case "fault":
      return failed(intended.fault);
    case "stopped": {
      const completed = await completeStopped(world, intended.stopped);
      return completed.ok ? ok({ outcome: completed.value, cancelled: false }) : completed;
    }
    case "next":
      return completeExecuted(world, await Executed.execute(world, authority, intended.phase, signal));
  }
};
