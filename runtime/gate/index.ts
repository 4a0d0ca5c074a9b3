export { consentNeed } from "./consent.ts";
export type {
  CallOutcome,
  Gate,
  GateFault,
  GateRun,
  ProposedCall,
  ProposedModelCall,
  Refusal,
} from "./contract.ts";
export { createGate } from "./gate.ts";
export { GATE_LIMITS_DEFAULT, type GateLimits } from "./limits.ts";
export { powersLines } from "./powers-lines.ts";
export { offeredTools, powersDigest, powersOf } from "./powers.ts";
export { widens } from "./widening.ts";
