import { getEventListeners } from "node:events";

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
  expect(systemClock.monotonicMs() - before).toBeGreaterThanOrEqual(5);
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

test("a sleep of no time lets the event loop turn", async () => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await systemClock.sleep(0, new AbortController().signal);
  expect(turned).toBe(true);
});

test("a sleep that is longer than a timer can be does not end at once", async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(366 * 86_400_000, controller.signal);
  const first = await Promise.race([
    sleep.then(() => "the long sleep"),
    systemClock.sleep(50, controller.signal).then(() => "the short one"),
  ]);
  expect(first).toBe("the short one");
  controller.abort();
  await expect(sleep).rejects.toMatchObject({ name: "AbortError" });
});

test("sleeps leave no listener on their signal", async () => {
  const { signal } = new AbortController();
  for (let index = 0; index < 20; index += 1) await systemClock.sleep(index % 2, signal);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
