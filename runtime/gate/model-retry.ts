import type { ModelFault } from "#ports/language-model.ts";
import type { RetryLimits } from "./limits.ts";

/** What is known when an attempt has failed. */
export interface FailedAttempt {
  readonly fault: ModelFault;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Waits of the call so far. */
  readonly waitedMs: number;
  /** What is left of the call's time. */
  readonly leftMs: number;
  /** Draws a number from 0 to below 1. Asked only when there is something to choose. */
  readonly chance: () => number;
}

/**
 * How long to wait before the model is asked again, in whole milliseconds, or null when it is not.
 * Exponential backoff with full jitter: any moment from now to the longest wait of this attempt is
 * as likely, so that clients that failed together do not come back together. A provider that says how
 * long to wait is given that, and the jitter on top; one that asks for too much is not asked again.
 */
export const retryWaitMs = (failed: FailedAttempt, limits: RetryLimits): number | null => {
  const { again } = failed.fault;
  if (again === undefined || failed.attempt > limits.retriesMax) return null;
  const askedMs = again.afterMs ?? 0;
  if (askedMs > limits.askedWaitMsMax) return null;
  const longestMs = Math.min(limits.waitMsMax, limits.firstWaitMsMax * 2 ** (failed.attempt - 1));
  const waitMs = Math.ceil(askedMs) + Math.floor(failed.chance() * longestMs);
  const roomMs = Math.min(failed.leftMs, limits.waitsMsMax - failed.waitedMs);
  return waitMs < roomMs ? waitMs : null;
};
