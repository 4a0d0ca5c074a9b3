import { afterEach, expect, test, vi } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { clockContract } from "#test/contracts/clock.ts";

clockContract("the system's clock", () => ({ clock: systemClock, drive: (work) => work }));

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

afterEach(() => vi.restoreAllMocks());

test.each([
  [-1, "1970-01-01T00:00:00.000Z"],
  [-(2 ** 50), "1970-01-01T00:00:00.000Z"],
  [1_700_000_000_000, "2023-11-14T22:13:20.000Z"],
  [2 ** 48, "9999-12-31T23:59:59.999Z"],
  [8_640_000_000_000_000, "9999-12-31T23:59:59.999Z"],
])("a machine whose clock is at %i tells a time that ids can hold", (nowMs, told) => {
  vi.spyOn(Date, "now").mockReturnValue(nowMs);
  expect(new Date(systemClock.wallMs()).toISOString()).toBe(told);
  const entropy = createSystemEntropy();
  const ids = Array.from({ length: 10_000 }, () => entropy.id(systemClock.wallMs()));
  expect(ids).toEqual([...new Set(ids)].sort());
});
