/** What other rooms use of the policy room; `policy-decider.ts` is what the gate asks. */
export { BUILTIN_LAYER } from "./builtin-layer.ts";
export { compileCedar } from "./cedar-file.ts";
export { compileAgentFile } from "./compile-rules.ts";
export type { CompiledSource, FileProblem } from "./compiled-policy.ts";
export type { PolicyEngine } from "./engine.ts";
export { createPolicyEngine } from "./engine.ts";
export type { LoadedPolicies } from "./loaded-policies.ts";
