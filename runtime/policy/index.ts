/** What other rooms use of the policy room; `policy-decider.ts` is what the gate asks. */
export { compileCedar } from "./cedar-file.ts";
export { compileAgentFile } from "./compile-rules.ts";
export type { FileProblem } from "./compiled-policy.ts";
export type { PolicyEngine } from "./engine.ts";
export { createPolicyEngine } from "./engine.ts";
export type { LoadedPolicies } from "./loaded-policies.ts";
