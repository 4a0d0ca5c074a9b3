import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { Clock } from "#ports/clock.ts";

/** The behaviour that every Clock has. `drive` lets time pass until `work` is over; a real clock does that by itself. */
export const clockContract = (
  name: string,
  create: () => { readonly clock: Clock; readonly drive: <T>(work: Promise<T>) => Promise<T> },
): void => {
  describe(`${name} as a Clock`, () => {
    const calm = (): AbortSignal => new AbortController().signal;

    test("wall time is whole milliseconds and monotonic time does not fall", () => {
      const { clock } = create();
      expect(Number.isSafeInteger(clock.wallMs())).toBe(true);
      const readings = Array.from({ length: 100 }, () => clock.monotonicMs());
      expect([...readings].sort((left, right) => left - right)).toEqual(readings);
    });

    test("a sleep lasts at least as long as asked", async () => {
      const { clock, drive } = create();
      const before = clock.monotonicMs();
      await drive(clock.sleep(5, calm()));
      expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(5);
    });

    test("a sleep of no time lets others go on first", async () => {
      const { clock, drive } = create();
      let turned = false;
      setImmediate(() => {
        turned = true;
      });
      await drive(clock.sleep(0, calm()));
      expect(turned).toBe(true);
    });

    test.each(["before", "during"])(
      "an abort %s a sleep rejects with an AbortError, whatever its reason",
      async (when) => {
        const { clock } = create();
        const controller = new AbortController();
        if (when === "before") controller.abort(new Error("other"));
        const sleep = clock.sleep(60_000, controller.signal);
        controller.abort(new Error("other"));
        await expect(sleep).rejects.toMatchObject({ name: "AbortError" });
      },
    );

    test("sleeps leave no listener on their signal", async () => {
      const { clock, drive } = create();
      const signal = calm();
      for (let index = 0; index < 20; index += 1) await drive(clock.sleep(index % 2, signal));
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });
  });
};
