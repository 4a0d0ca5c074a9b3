export { consentNeed } from "./consent.ts";
export type { CallResult, Gate, GateRun } from "./contract.ts";
export { createGate } from "./gate.ts";
export { GATE_LIMITS_DEFAULT, type GateLimits } from "./limits.ts";
export { powersLines } from "./powers-lines.ts";
export { offeredTools, powersDigest, powersOf } from "./powers.ts";
