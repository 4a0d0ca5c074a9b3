import { performance } from "node:perf_hooks";

import { abortError, throwIfAborted } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";

/** Longest delay that a timer takes; it would end a longer one at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The machine's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    const endsAtMs = performance.now() + ms;
    // More than one timer for a long sleep, and for one whose timer ended a fraction of a millisecond early.
    for (let leftMs = ms; leftMs >= 0; leftMs = endsAtMs - performance.now()) {
      throwIfAborted(signal);
      await nap(Math.min(leftMs, TIMER_MS_MAX), signal);
    }
  },
};

/**
 * One timer. Each call of a tool ends one early, so an abort makes one error and not two, as
 * `node:timers/promises` would. No time at all is one turn of the event loop and not a millisecond.
 */
const nap = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const wake = (): void => {
      signal.removeEventListener("abort", cancel);
      resolve();
    };
    const cancel = (): void => {
      stop();
      reject(abortError());
    };
    const stop = ms > 0 ? timer(wake, ms) : turn(wake);
    signal.addEventListener("abort", cancel, { once: true });
  });

const timer = (wake: () => void, ms: number): (() => void) => {
  const set = setTimeout(wake, ms);
  return () => clearTimeout(set);
};

const turn = (wake: () => void): (() => void) => {
  const set = setImmediate(wake);
  return () => clearImmediate(set);
};
