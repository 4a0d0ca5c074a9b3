import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costNanoUsd } from "#gate/model-cost.ts";
import { retryWaitMs } from "#gate/model-retry.ts";
import { GATE_LIMITS_DEFAULT } from "#gate/index.ts";
import type { ModelAgain, ModelEvent, ModelFault } from "#ports/language-model.ts";
import type { RigPlan } from "./rig.ts";
import { calm, createRig, modelCall, trace } from "./rig.ts";

const limits = GATE_LIMITS_DEFAULT.retry;

const faultWith = (again?: ModelAgain): ModelFault => ({
  code: "MODEL_UNAVAILABLE",
  message: "busy",
  retryable: true,
  ...(again === undefined ? {} : { again }),
});

describe("the wait before the next attempt", () => {
  const HOUR = 3_600_000;
  test.each<[string, ModelAgain | undefined, number, number, number, number, number | null]>([
    // what happened, what the provider said, attempt, waited, left, chance, wait
    ["chance chooses within the first second", { afterMs: null }, 1, 0, HOUR, 0.5, 500],
    ["it may be none", { afterMs: null }, 1, 0, HOUR, 0, 0],
    ["it doubles", { afterMs: null }, 3, 0, HOUR, 0.5, 2_000],
    ["what the provider asks for is a floor", { afterMs: 3_000 }, 1, 0, HOUR, 0.5, 3_500],
    ["a fraction of a millisecond is rounded up", { afterMs: 0.2 }, 1, 0, HOUR, 0, 1],
    ["the longest that a provider may ask for", { afterMs: 60_000 }, 1, 0, HOUR, 0, 60_000],
    ["more than it may ask for", { afterMs: 60_001 }, 1, 0, HOUR, 0, null],
    ["for ever", { afterMs: Infinity }, 1, 0, HOUR, 0, null],
    ["a fault that another attempt would not mend", undefined, 1, 0, HOUR, 0, null],
    ["the last retry", { afterMs: null }, 4, 0, HOUR, 0, 0],
    ["one too many", { afterMs: null }, 5, 0, HOUR, 0, null],
    ["all waits together are too long", { afterMs: 60_000 }, 2, 60_000, HOUR, 0, null],
    ["longer than the call has", { afterMs: 5_000 }, 1, 0, 5_000, 0, null],
  ])("%s", (_, again, attempt, waitedMs, leftMs, draw, expected) => {
    const wait = retryWaitMs(
      { fault: faultWith(again), attempt, waitedMs, leftMs, chance: () => draw },
      limits,
    );
    expect(wait).toBe(expected);
  });

  test("is never beyond a limit, whatever is said", () => {
    const anything = fc.record({
      attempt: fc.integer({ min: 1, max: 60 }),
      waitedMs: fc.nat(),
      leftMs: fc.integer(),
      afterMs: fc.option(fc.double({ min: 0, noNaN: true })),
      draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(anything, ({ attempt, waitedMs, leftMs, afterMs, draw }) => {
        const fault = faultWith({ afterMs });
        const wait = retryWaitMs({ fault, attempt, waitedMs, leftMs, chance: () => draw }, limits);
        if (wait === null) return;
        expect(Number.isSafeInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(afterMs ?? 0);
        expect(wait).toBeLessThan(Math.min(leftMs, limits.waitsMsMax - waitedMs));
        expect(wait).toBeLessThanOrEqual(Math.ceil(afterMs ?? 0) + limits.waitMsMax);
        expect(attempt).toBeLessThanOrEqual(limits.retriesMax);
      }),
    );
  });
});

const answer: ModelEvent = {
  k: "finished",
  reason: "stop",
  text: "fine",
  toolCalls: [],
  usage: { inputTokens: 12, outputTokens: 3, source: "reported" },
};
const busy: ModelEvent = { k: "failed", fault: faultWith({ afterMs: 2_000 }) };
const dead: ModelEvent = { k: "failed", fault: faultWith() };

/** A model that plays one list of events for each attempt; the last for all that follow. */
const attempts = (...turns: readonly (readonly ModelEvent[])[]) => {
  const count = { asked: 0 };
  const model: NonNullable<RigPlan["model"]> = async function* () {
    const turn = turns[Math.min(count.asked, turns.length - 1)] ?? [];
    count.asked += 1;
    yield* turn;
  };
  return { count, model };
};

const asked = async (turns: ReturnType<typeof attempts>, plan: RigPlan = {}) => {
  const rig = createRig({ ...plan, model: turns.model });
  const settled = await rig.clock.drive(rig.gate.callModel(modelCall(), calm()));
  return { rig, settled, lines: trace(rig.recorder).slice(1) };
};

describe("a model that is not always there", () => {
  const HOUR = 3_600_000;

  test("is waited for before each attempt, and the wait takes nothing of the call's time", async () => {
    const turns = attempts([busy], [answer]);
    const rig = createRig({
      model: turns.model,
      ready: (signal) => rig.clock.sleep(HOUR, signal),
      limits: { modelMsMax: 10_000 },
    });
    const settled = await rig.clock.drive(rig.gate.callModel(modelCall(), calm()));
    expect(settled).toMatchObject({ ok: true, value: { k: "answered", text: "fine" } });
    expect(rig.clock.monotonicMs()).toBeGreaterThanOrEqual(2 * HOUR);
  });

  test("is not asked when the run is cancelled meanwhile, and that is on record", async () => {
    const turns = attempts([answer]);
    const rig = createRig({ model: turns.model, ready: (signal) => rig.clock.sleep(HOUR, signal) });
    const controller = new AbortController();
    const calling = rig.gate.callModel(modelCall(), controller.signal).then(
      () => "resolved",
      (error: unknown) => (error as Error).name,
    );
    await rig.clock.advance(1_000);
    controller.abort();
    expect(await rig.clock.drive(calling)).toBe("AbortError");
    expect(trace(rig.recorder).slice(1)).toEqual(["model.requested", "model.failed CANCELLED"]);
    expect(turns.count.asked).toBe(0);
  });

  test("that breaks down over the question is asked, which shows it", async () => {
    const turns = attempts([dead]);
    const ready = (): Promise<void> => Promise.reject(new Error("no answer"));
    expect((await asked(turns, { ready })).lines.at(-1)).toBe("model.failed MODEL_UNAVAILABLE");
    expect(turns.count.asked).toBe(1);
  });
});

describe("a model call that fails and may be tried again", () => {
  test("is tried again after a recorded wait, and answers", async () => {
    const turns = attempts([{ k: "text-delta", text: "fi" }, busy], [busy], [answer]);
    const { rig, settled, lines } = await asked(turns);
    expect(settled).toMatchObject({ ok: true, value: { k: "answered", text: "fine" } });
    expect(lines).toEqual([
      "model.requested",
      "model.retried MODEL_UNAVAILABLE",
      "model.retried MODEL_UNAVAILABLE",
      "model.answered",
    ]);
    const retried = rig.recorder.ofType("model.retried").map((entry) => entry.public);
    expect(retried).toMatchObject([
      { code: "MODEL_UNAVAILABLE", attempt: 1 },
      { code: "MODEL_UNAVAILABLE", attempt: 2 },
    ]);
    const waits = retried.map((fields) => Number(fields["waitMs"]));
    expect(waits.every((ms) => ms >= 2_000 && ms < 4_000)).toBe(true);
    expect(rig.clock.monotonicMs()).toBe(waits.reduce((sum, ms) => sum + ms, 0));
    const requested = rig.recorder.ofType("model.requested")[0];
    expect(retried.every((fields) => fields["callId"] === requested?.public["callId"])).toBe(true);
  });

  test("is given up after its last retry, with the fault of the last attempt", async () => {
    const turns = attempts([busy]);
    const { settled, lines } = await asked(turns);
    expect(settled).toMatchObject({ ok: true, value: { k: "failed", fault: { code: "MODEL_UNAVAILABLE" } } });
    expect(turns.count.asked).toBe(limits.retriesMax + 1);
    expect(lines.at(-1)).toBe("model.failed MODEL_UNAVAILABLE");
  });

  test("is not tried again when the adapter does not say that it may be", async () => {
    const turns = attempts([dead], [answer]);
    expect((await asked(turns)).lines).toEqual(["model.requested", "model.failed MODEL_UNAVAILABLE"]);
    expect(turns.count.asked).toBe(1);
  });

  test("fails with what happened, not with the time, when the wait would be longer than the run", async () => {
    const turns = attempts([busy], [answer]);
    const { lines } = await asked(turns, { remainingMs: 1_500 });
    expect(lines).toEqual(["model.requested", "model.failed MODEL_UNAVAILABLE"]);
  });

  test("ends at once when it is cancelled while it waits", async () => {
    const turns = attempts([{ k: "failed", fault: faultWith({ afterMs: 50_000 }) }], [answer]);
    const rig = createRig({ model: turns.model });
    const controller = new AbortController();
    const call = rig.gate.callModel(modelCall(), controller.signal);
    call.catch(() => undefined);
    await rig.clock.advance(1_000);
    expect(trace(rig.recorder).at(-1)).toBe("model.retried MODEL_UNAVAILABLE");
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: "AbortError" });
    expect(rig.clock.monotonicMs()).toBe(1_000);
    expect(turns.count.asked).toBe(1);
    expect(trace(rig.recorder).at(-1)).toBe("model.failed CANCELLED");
  });

  test("ends the run when the retry cannot be recorded", async () => {
    const turns = attempts([busy], [answer]);
    const rig = createRig({ model: turns.model });
    // action.decided and model.requested come before it.
    rig.recorder.failAt(2);
    const settled = await rig.clock.drive(rig.gate.callModel(modelCall(), calm()));
    expect(settled).toMatchObject({ ok: false, fault: { code: "GATE_UNRECORDED" } });
    expect(turns.count.asked).toBe(1);
  });

  test("says what to do about a fault, where that is known", async () => {
    const fault: ModelFault = { ...faultWith(), message: "the key was refused", help: "put in another" };
    const { rig } = await asked(attempts([{ k: "failed", fault }]));
    expect(rig.recorder.ofType("model.failed")[0]?.content["explanation"]).toBe(
      "the key was refused; put in another",
    );
  });
});

describe("the cost of an answer", () => {
  const price = { inputUsdPerMillion: 2.5, cachedInputUsdPerMillion: 1.25, outputUsdPerMillion: 10 };
  test.each([
    ["input and output", { inputTokens: 1_000, outputTokens: 100 }, price, 3_500_000],
    ["cached input", { inputTokens: 1_000, cachedInputTokens: 400, outputTokens: 0 }, price, 2_000_000],
    ["nothing", { inputTokens: 0, outputTokens: 0 }, price, 0],
    ["a price that is not known", { inputTokens: 1_000, outputTokens: 100 }, undefined, null],
    ["more than can be counted", { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0 }, price, null],
  ])("of %s", (_, usage, known, expected) => {
    expect(costNanoUsd({ ...usage, source: "reported" }, known)).toBe(expected);
  });

  test("stands in the entry, and is null where it is not known", async () => {
    const { rig } = await asked(attempts([answer]));
    expect(rig.recorder.ofType("model.answered")[0]?.public).toMatchObject({
      cachedInputTokens: null,
      costNanoUsd: null,
    });
  });
});
