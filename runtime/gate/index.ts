export type {
  CallOutcome,
  CallResult,
  CallStatus,
  Gate,
  GateDeps,
  GateFault,
  GateRun,
  ModelAnswer,
  ModelOutcome,
  Proposed,
  ProposedCall,
  ProposedEnd,
  ProposedModelCall,
  ProposedResponse,
  Refusal,
} from "./contract.ts";
export { consentNeed, type ConsentNeed } from "./consent.ts";
export { createGate } from "./gate.ts";
export { GATE_LIMITS_DEFAULT, type GateLimits } from "./limits.ts";
export { powersLines } from "./powers-lines.ts";
export { offeredTools, powersDigest, powersOf, type PowersContext } from "./powers.ts";
export { widens } from "./widening.ts";
