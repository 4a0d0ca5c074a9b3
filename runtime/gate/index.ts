export type * from "./contract.ts";
export { GATE_LIMITS_DEFAULT, type GateLimits } from "./limits.ts";
