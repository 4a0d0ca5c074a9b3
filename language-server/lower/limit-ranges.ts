import { DURATION_MS_MAX } from "#kernel/duration.ts";

/* What limits an agent file may set, as docs/formats/agent-spec.md gives them. */

export interface LimitRange {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

export const TIMEOUT_RANGE: LimitRange = { min: 1, max: DURATION_MS_MAX, whole: true };
export const ITERATIONS_RANGE: LimitRange = { min: 1, max: 10_000, whole: true };
export const TOKENS_RANGE: LimitRange = { min: 1, max: 1_000_000_000, whole: true };
/** In MiB, as files write it. */
export const MEMORY_MIB_RANGE: LimitRange = { min: 1, max: 1024 * 1024, whole: true };
export const CPU_CORES_RANGE: LimitRange = { min: 0.001, max: 1_024, whole: false };

/** Longest time that a `require` may give one call. */
export const CALL_TIMEOUT_MS_MAX = 86_400_000;

/** From here on a number without unit was meant as milliseconds. */
export const BARE_TIMEOUT_MAX = 1_000;

export const within = (value: number, range: LimitRange): boolean =>
  value >= range.min && value <= range.max && (!range.whole || Number.isInteger(value));
