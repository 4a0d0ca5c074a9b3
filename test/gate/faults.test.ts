import { describe, expect, test } from "vitest";
import type { Gate } from "#gate/contract.ts";
import { approvalBy, deny, stepUp } from "#test/kit/decisions.ts";
import type { Rig, RigPlan } from "./rig.ts";
import { call, calm, createRig, modelCall } from "./rig.ts";

const answering: RigPlan["model"] = async function* () {
  yield {
    k: "finished",
    reason: "stop",
    text: "fine",
    toolCalls: [],
    usage: { inputTokens: 1, outputTokens: 1, source: "reported" },
  };
};

const everything: RigPlan = {
  decisions: {
    act: stepUp(approvalBy()),
    never: deny(),
    respond: stepUp(),
    terminate: stepUp(),
    model_call: stepUp(),
  },
  tools: { act: {}, never: {} },
  answers: [{ k: "approves", by: "ada" }],
  model: answering,
};

/** What a run may do, each with the number of entries that a whole one has. */
const actions: readonly [string, number, (gate: Gate) => Promise<{ readonly ok: boolean }>][] = [
  ["a tool call", 5, (gate) => gate.perform(call("act"), calm())],
  ["a denied tool call", 2, (gate) => gate.perform(call("never"), calm())],
  ["an unknown tool", 2, (gate) => gate.perform(call("nothing"), calm())],
  ["a model call", 5, (gate) => gate.callModel(modelCall(), calm())],
  ["a response", 5, (gate) => gate.respond({ value: "x", labels: [], iteration: 1, cause: null }, calm())],
  ["an end", 5, (gate) => gate.terminate({ reason: "x", labels: [], iteration: 1, cause: null }, calm())],
];

/** Fails the ledger at entry `at`, performs, and gives the rig and what came back. */
const failing = async (
  at: number,
  act: (gate: Gate) => Promise<unknown>,
): Promise<{ rig: Rig; settled: unknown }> => {
  const rig = createRig(everything);
  rig.recorder.failAt(at);
  return { rig, settled: await rig.clock.drive(act(rig.gate)) };
};

describe("a ledger that refuses", () => {
  test.each(actions)("one entry of %s, whichever, ends the run there", async (_, entries, act) => {
    for (let at = 0; at < entries; at += 1) {
      const { rig, settled } = await failing(at, act);
      const begun =
        rig.recorder.ofType("action.intended").length + rig.recorder.ofType("model.requested").length;
      expect(settled).toMatchObject({
        ok: false,
        fault: {
          code: "GATE_UNRECORDED",
          effect: begun > 0 ? "possible" : "none",
          ledger: { code: "LEDGER_DISK_FULL" },
        },
      });
      expect(rig.tools["act"]?.executed.length ?? 0).toBeLessThanOrEqual(begun);
      expect(rig.recorder.entries).toHaveLength(at);
      // Nothing acts any more, by any door.
      for (const [, , again] of actions) expect(await again(rig.gate)).toEqual(settled);
      expect(rig.tools["act"]?.executed.length ?? 0).toBeLessThanOrEqual(begun);
    }
    const whole = await failing(entries, act);
    expect(whole.settled).toMatchObject({ ok: true });
    expect(whole.rig.recorder.entries).toHaveLength(entries);
  });

  test("says to people what happened, without help of its own", async () => {
    const { settled } = await failing(0, (gate) => gate.perform(call("act"), calm()));
    expect(settled).toMatchObject({
      fault: { message: "what the run does can no longer be recorded: the disk is full" },
    });
  });

  test("by throwing, a bug of ours, ends the run there too", async () => {
    for (const at of [0, 1, 2]) {
      const rig = createRig();
      let written = 0;
      rig.recorder.beforeRecord = async () => {
        written += 1;
        if (written > at) throw new TypeError("a bug");
      };
      await expect(rig.gate.perform(call("act"), calm())).rejects.toThrow("a bug");
      expect(rig.tools["act"]?.executed).toHaveLength(at === 2 ? 1 : 0);
      rig.recorder.beforeRecord = null;
      await expect(rig.gate.perform(call("act"), calm())).rejects.toThrow("a bug");
      expect(rig.recorder.entries).toHaveLength(at);
    }
  });

  test("ends the calls that run beside the one it refused", async () => {
    const reads = { effects: ["reads-run-files" as const], idempotent: true };
    const rig = createRig({
      tools: { quick: { descriptor: reads }, slow: { descriptor: reads, act: { k: "hangs" } } },
    });
    // Two decisions, two intents; then the quick one's outcome is refused.
    rig.recorder.failAt(4);
    const settled = await rig.gate.performAll([call("slow"), call("quick")], calm());
    expect(settled).toMatchObject({ ok: false, fault: { effect: "possible" } });
    expect(rig.tools["slow"]?.options[0]?.signal.aborted).toBe(true);
  });
});
