import { describe, expect, test } from "vitest";
import { clockContract } from "#test/contracts/clock.ts";
import { entropyContract } from "#test/contracts/entropy.ts";
import { policyDeciderContract } from "#test/contracts/policy-decider.ts";
import { runRecorderContract } from "#test/contracts/run-recorder.ts";
import { toolExecutorContract } from "#test/contracts/tool-executor.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { allow, deny } from "#test/kit/decisions.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import { createPolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import { createToolFake } from "#test/kit/tool-fake.ts";

runRecorderContract("the fake", async () => {
  const recorder = createRunRecorderFake();
  return {
    recorder,
    types: async () => recorder.entries.map((entry) => entry.type),
    lives: () => recorder.lives.map(({ after, data }) => [after, data["text"] as string]),
    breakLedger: () => recorder.failAt(0),
  };
});

toolExecutorContract("the fake", {
  good: { path: "a" },
  bad: [],
  vain: [],
  create: async (spend) => {
    const executor = createToolFake("act", spend, async () => undefined);
    return { executor, world: async () => JSON.stringify(executor.executed) };
  },
});

clockContract("the fake", () => {
  const clock = createClockFake();
  return { clock, drive: (work) => clock.drive(work) };
});

let seeds = 0;
entropyContract("the fake", () => createEntropyFake((seeds += 1)));

policyDeciderContract("the fake", async () => ({
  decider: createPolicyDeciderFake({ read_file: allow(), shell: deny() }),
  close: async () => undefined,
}));

describe("the recorder fake refuses what the event page does not allow:", () => {
  const draft = {
    type: "sandbox.closed" as const,
    cause: null,
    public: { tier: "wasm", reason: "ended" },
    content: {},
    feeds: false,
  };
  test.each([
    ["a field more", { ...draft, public: { ...draft.public, more: 1 } }],
    ["a value of no set", { ...draft, public: { ...draft.public, reason: "bored" } }],
    ["a sealed part more", { ...draft, content: { more: 1 } }],
    ["an input that is none", { ...draft, feeds: true }],
  ])("%s", async (_, wrong) => {
    await expect(createRunRecorderFake().record(wrong)).rejects.toThrow(/sandbox\.closed/);
  });
});

describe("the clock fake", () => {
  const calm = (): AbortSignal => new AbortController().signal;

  test("wakes sleepers in their order, and only as far as it is moved", async () => {
    const clock = createClockFake();
    const woken: string[] = [];
    for (const ms of [30, 10, 20])
      void clock.sleep(ms, calm()).then(() => woken.push(`${ms} at ${clock.monotonicMs()}`));
    await clock.advance(25);
    expect(woken).toEqual(["10 at 10", "20 at 20"]);
    expect([clock.monotonicMs(), clock.sleepers]).toEqual([25, 1]);
  });

  test("lets an aborted sleeper go", async () => {
    const clock = createClockFake();
    const controller = new AbortController();
    const sleeping = clock.sleep(10, controller.signal);
    controller.abort();
    await expect(sleeping).rejects.toMatchObject({ name: "AbortError" });
    expect(clock.sleepers).toBe(0);
  });

  test("drives work to its end, and says when nothing can bring it there", async () => {
    const clock = createClockFake();
    const work = clock.sleep(1_000, calm()).then(() => clock.sleep(500, calm()));
    await clock.drive(work);
    expect(clock.monotonicMs()).toBe(1_500);
    await expect(clock.drive(new Promise(() => undefined))).rejects.toThrow("no clock brings");
  });

  test("has a wall that can be set back and a monotonic scale that cannot", async () => {
    const clock = createClockFake(1_000);
    await clock.advance(50);
    clock.setWall(10);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([10, 50]);
    await clock.advance(5);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([15, 55]);
  });
});

test("the entropy fake repeats for a seed, and its ids are all different", () => {
  const [one, same, other] = [createEntropyFake(3), createEntropyFake(3), createEntropyFake(4)];
  const ids = Array.from({ length: 2_000 }, () => one.id<"run">(5));
  expect(ids).toEqual(Array.from({ length: 2_000 }, () => same.id<"run">(5)));
  expect(new Set(ids).size).toBe(2_000);
  expect([...ids].sort()).toEqual(ids);
  expect(other.bytes(8)).not.toEqual(createEntropyFake(3).bytes(8));
});
