import { describe, expect, test } from "vitest";
import { approvalBy, stepUp } from "#test/kit/decisions.ts";
import type { Act } from "#test/kit/tool-fake.ts";
import type { RigPlan } from "./rig.ts";
import { call, calm, createRig, modelCall, trace } from "./rig.ts";

/** Performs a call and cancels the run after `ms`; gives what is on record when the gate has settled. */
const cancelled = async (plan: RigPlan, ms: number): Promise<readonly string[]> => {
  const rig = createRig(plan);
  const controller = new AbortController();
  const performing = rig.gate.perform(call("act"), controller.signal);
  const settled = performing.then(
    () => "resolved",
    (error: unknown) => (error as Error).name,
  );
  await rig.clock.advance(ms);
  controller.abort(new Error("any reason"));
  expect(await rig.clock.drive(settled)).toBe("AbortError");
  return trace(rig.recorder);
};

const acts = (act: Act, idempotent = false): RigPlan => ({
  tools: { act: { act, descriptor: { idempotent } } },
});

describe("a run that is cancelled", () => {
  const never = new Promise<never>(() => undefined);
  const decided = "action.decided act allow";
  const intended = "action.intended act";
  const asked = { decisions: { act: stepUp(approvalBy()) }, answers: [{ k: "silent" as const }] };
  test.each<[string, RigPlan, readonly string[]]>([
    ["while a call is prepared", { tools: { act: { prepare: () => never } } }, []],
    ["while it is decided", { decisions: { act: "silent" } }, []],
    [
      "while a person is asked",
      asked,
      ["action.decided act step-up", "approval.asked", "approval.answered unavailable"],
    ],
    ["while it is executed", acts({ k: "hangs" }), [decided, intended, "effect.unknown act CANCELLED"]],
    [
      "while it is executed, and nobody hears it",
      acts({ k: "deaf" }),
      [decided, intended, "effect.unknown act CANCELLED"],
    ],
    [
      "while that may be repeated is executed",
      acts({ k: "hangs" }, true),
      [decided, intended, "action.completed act failed CANCELLED"],
    ],
  ])("%s leaves a record that says so", async (_, plan, expected) => {
    expect(await cancelled(plan, 10)).toEqual(expected);
  });

  test("before it began leaves nothing", async () => {
    const rig = createRig();
    await expect(rig.gate.perform(call("act"), AbortSignal.abort())).rejects.toMatchObject({
      name: "AbortError",
    });
    await expect(rig.gate.callModel(modelCall(), AbortSignal.abort())).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(rig.recorder.entries).toEqual([]);
  });

  test("keeps the result of a tool that finished all the same", async () => {
    const finishes: Act = {
      k: "does",
      async what(authorized, spend, { signal }) {
        await spend(authorized, "act");
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        return { ok: true, value: { text: "just done", value: null, labels: [], changes: [] } };
      },
    };
    const rig = createRig(acts(finishes));
    const controller = new AbortController();
    const performing = rig.gate.perform(call("act"), controller.signal);
    await rig.clock.advance(10);
    controller.abort();
    expect(await performing).toMatchObject({ ok: true, value: { status: "done", text: "just done" } });
  });

  // Cancels while each entry in turn is being written: there is no moment that leaves a wrong record.
  test.each([
    [0, "AbortError", 0],
    [1, "AbortError", 0],
    [2, "unknown", 1],
  ])("while entry %i is written ends with %s after %i acts", async (at, end, acted) => {
    const rig = createRig(acts({ k: "hangs" }));
    const controller = new AbortController();
    let written = 0;
    rig.recorder.beforeRecord = async () => {
      if (written === at) controller.abort();
      written += 1;
    };
    const settled = rig.gate.perform(call("act"), controller.signal).then(
      (outcome) => (outcome.ok ? outcome.value.status : outcome.fault.code),
      (error: unknown) => (error as Error).name,
    );
    expect(await rig.clock.drive(settled)).toBe(end);
    expect(rig.tools["act"]?.executed).toHaveLength(acted);
    const intents = rig.recorder.ofType("action.intended").length;
    expect(rig.recorder.entries.filter((entry) => entry.feeds)).toHaveLength(intents);
  });

  test("lets a second wait for the truth pass without cutting it short", async () => {
    const rig = createRig(acts({ k: "deaf" }));
    const controller = new AbortController();
    const performing = rig.gate.perform(call("act"), controller.signal);
    performing.catch(() => undefined);
    await rig.clock.advance(10);
    controller.abort();
    await rig.clock.advance(9_999);
    expect(rig.recorder.ofType("effect.unknown")).toEqual([]);
    await rig.clock.advance(1);
    expect(rig.recorder.ofType("effect.unknown")).toHaveLength(1);
    await expect(performing).rejects.toMatchObject({ name: "AbortError" });
  });
});

test("a signal that nobody aborts is left as it was, and nobody sleeps on", async () => {
  const rig = createRig();
  const signal = calm();
  const listeners = { added: 0, removed: 0 };
  Object.assign(signal, {
    addEventListener(...given: Parameters<AbortSignal["addEventListener"]>) {
      listeners.added += 1;
      AbortSignal.prototype.addEventListener.apply(signal, given);
    },
    removeEventListener(...given: Parameters<AbortSignal["removeEventListener"]>) {
      listeners.removed += 1;
      AbortSignal.prototype.removeEventListener.apply(signal, given);
    },
  });
  await rig.gate.perform(call("act"), signal);
  expect(listeners.added).toBeGreaterThan(0);
  expect(listeners.removed).toBe(listeners.added);
  expect(rig.clock.sleepers).toBe(0);
});
