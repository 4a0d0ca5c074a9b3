import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

import { abortError } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";

/** The machine's clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, { signal });
    } catch {
      // A timer rejects for one reason only; callers are promised an AbortError whatever the
      // signal's own reason was.
      throw abortError();
    }
  },
};
