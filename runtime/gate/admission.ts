import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { Candidate } from "./candidate.ts";
import { Approved } from "./phases/approved.ts";
import { Decided } from "./phases/decided.ts";
import type { Step } from "./phases/phase.ts";
import { Prepared } from "./phases/prepared.ts";
import type { World } from "./world.ts";

/** Prepares, decides and asks: everything that comes before an intent. Rejects with an AbortError when aborted. */
export const admit = async <How>(
  world: World,
  candidate: Candidate<How>,
  policy: PolicyDecider,
  signal: AbortSignal,
): Promise<Step<Approved<How>>> => {
  const prepared = await Prepared.prepare(world, candidate, policy.policies, signal);
  if (prepared.k !== "next") return prepared;
  const decided = await Decided.decide(world, prepared.phase, policy, signal);
  if (decided.k !== "next") return decided;
  return Approved.ask(world, decided.phase, signal);
};
