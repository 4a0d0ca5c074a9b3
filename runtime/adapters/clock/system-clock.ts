import { performance } from "node:perf_hooks";

import { abortError, throwIfAborted } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";

/**
 * One error for every sleep that is cut short: each call of a tool cuts two, making an error costs more
 * than the timer, and the stack of a timer tells nobody anything.
 */
const CUT_SHORT = abortError();

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

/** One timer. No time at all is one turn of the event loop, and not the millisecond that a timer takes at least. */
const nap = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const wake = (): void => {
      signal.removeEventListener("abort", cancel);
      resolve();
    };
    const cancel = (): void => {
      stop();
      reject(CUT_SHORT);
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
