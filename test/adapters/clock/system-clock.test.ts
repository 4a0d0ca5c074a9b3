import { expect, test } from "vitest";

import { systemClock } from "#adapters/clock/system-clock.ts";
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
