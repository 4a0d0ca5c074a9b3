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

/** The last moment whose year has four digits, in Unix milliseconds: the end of 9999. */
const WALL_MS_MAX = 253_402_300_799_999;

/** The machine's clocks. */
export const systemClock: Clock = {
  // Ids and entries hold 48 bits of milliseconds since 1970. A machine whose clock is set before that
  // or far behind it is wrong anyway: it gets the nearest moment that can be recorded, so that its
  // runs are on record under a plainly wrong date instead of not being possible. The bound above lies
  // a thousand years below what 48 bits hold, so that ids can count on from there.
  wallMs: () => Math.min(Math.max(Date.now(), 0), WALL_MS_MAX),
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
