import { abortError } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";

export interface ClockFake extends Clock {
  /** Lets time pass, waking sleepers in their order. */
  advance(ms: number): Promise<void>;
  /** Waits for `work`; whenever nothing else can happen, time jumps to the next sleeper. */
  drive<T>(work: Promise<T>): Promise<T>;
  /** Moves the wall clock only, also back. */
  setWall(ms: number): void;
  readonly sleepers: number;
}

interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. Passes the conformance suite of Clock. */
export const createClockFake = (startWallMs = 1_700_000_000_000): ClockFake => {
  let monotonic = 0;
  let wallOffset = startWallMs;
  const sleepers = new Set<Sleeper>();
  const soonest = (): Sleeper | undefined =>
    [...sleepers].reduce<Sleeper | undefined>(
      (first, one) => (first === undefined || one.wakesAtMs < first.wakesAtMs ? one : first),
      undefined,
    );
  const advanceTo = async (ms: number): Promise<void> => {
    for (let next = soonest(); next !== undefined && next.wakesAtMs <= ms; next = soonest()) {
      monotonic = Math.max(monotonic, next.wakesAtMs);
      sleepers.delete(next);
      next.wake();
      await everythingElse();
    }
    monotonic = Math.max(monotonic, ms);
  };
  return {
    wallMs: () => wallOffset + Math.floor(monotonic),
    monotonicMs: () => monotonic,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(abortError());
          return;
        }
        const aborted = (): void => {
          sleepers.delete(sleeper);
          reject(abortError());
        };
        const sleeper: Sleeper = {
          wakesAtMs: monotonic + ms,
          wake() {
            signal.removeEventListener("abort", aborted);
            resolve();
          },
        };
        signal.addEventListener("abort", aborted, { once: true });
        sleepers.add(sleeper);
      }),
    async advance(ms) {
      const target = monotonic + ms;
      await everythingElse();
      await advanceTo(target);
      await everythingElse();
    },
    async drive(work) {
      const state = { over: false };
      const settled = work.finally(() => {
        state.over = true;
      });
      // The caller gets the rejection; here it only ends the loop.
      settled.catch(() => undefined);
      await everythingElse();
      while (!state.over) {
        const next = soonest();
        if (next === undefined) throw new Error("the work waits for something that no clock brings");
        await advanceTo(next.wakesAtMs);
        await everythingElse();
      }
      return settled;
    },
    setWall(ms) {
      wallOffset = ms - Math.floor(monotonic);
    },
    get sleepers() {
      return sleepers.size;
    },
  };
};

/** Runs every promise reaction that is due. */
const everythingElse = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
