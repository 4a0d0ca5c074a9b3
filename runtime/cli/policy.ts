import type { Command } from "./command.ts";
import type { PolicyCommandDeps } from "./policy-deps.ts";
import { createPolicyEvaluate } from "./policy-evaluate.ts";
import { createPolicyExplain } from "./policy-explain.ts";

/** `policy evaluate` and `policy explain`. */
export const createPolicyCommands = (deps: PolicyCommandDeps): readonly Command[] => [
  createPolicyEvaluate(deps),
  createPolicyExplain(deps),
];
