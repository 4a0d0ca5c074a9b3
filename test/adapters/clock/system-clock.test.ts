import { expect, test } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";

test("wall time is whole milliseconds and monotonic time does not fall", () => {
  expect(Number.isInteger(systemClock.wallMs())).toBe(true);
  const readings = Array.from({ length: 100 }, () => systemClock.monotonicMs());
  expect([...readings].sort((left, right) => left - right)).toEqual(readings);
});

test("a sleep lasts at least as long as asked", async () => {
  const before = systemClock.monotonicMs();
  await systemClock.sleep(5, new AbortController().signal);
  expect(systemClock.monotonicMs() - before).toBeGreaterThanOrEqual(4);
});

test.each(["before", "during"])(
  "an abort %s a sleep rejects with an AbortError, whatever its reason",
  async (when) => {
    const controller = new AbortController();
    if (when === "before") controller.abort(new Error("other"));
    const sleep = systemClock.sleep(60_000, controller.signal);
    controller.abort(new Error("other"));
    await expect(sleep).rejects.toMatchObject({ name: "AbortError" });
  },
);
