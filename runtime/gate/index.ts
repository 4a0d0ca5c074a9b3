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
export { shortFingerprint } from "./fingerprint.ts";
export { createGate } from "./gate.ts";
export { GATE_LIMITS_DEFAULT, type GateLimits } from "./limits.ts";
