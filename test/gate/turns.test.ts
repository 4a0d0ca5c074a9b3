import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stretches } from "#gate/parallel.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { allow, approvalBy, deny, digestOf, stepUp } from "#test/kit/decisions.ts";
import { createPolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import type { ToolFakePlan } from "#test/kit/tool-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import { call, calm, createRig, trace } from "./rig.ts";

const reading: Partial<ToolDescriptor> = { effects: ["reads-run-files"], idempotent: true };
const reads = (afterMs: number): ToolFakePlan => ({ descriptor: reading, act: { k: "result", afterMs } });
const writes = (afterMs: number): ToolFakePlan => ({ act: { k: "result", afterMs } });

describe("the calls of a turn", () => {
  test("that only read run together; outcomes keep the order of the calls", async () => {
    const rig = createRig({ tools: { slow: reads(300), quick: reads(100), middle: reads(200) } });
    const performing = rig.gate.performAll([call("slow"), call("quick"), call("middle")], calm());
    const outcomes = await rig.clock.drive(performing);
    expect(outcomes.ok && outcomes.value.map((outcome) => outcome.text)).toEqual([
      "slow did it",
      "quick did it",
      "middle did it",
    ]);
    expect(rig.clock.monotonicMs()).toBe(300);
    expect(trace(rig.recorder)).toEqual([
      "action.decided slow allow",
      "action.decided quick allow",
      "action.decided middle allow",
      "action.intended slow",
      "action.intended quick",
      "action.intended middle",
      "action.completed quick done",
      "action.completed middle done",
      "action.completed slow done",
    ]);
    const inputs = outcomes.ok ? outcomes.value.map((outcome) => outcome.entry.input) : [];
    expect(inputs).toEqual([2, 0, 1]);
  });

  test("run together up to a number", async () => {
    verifies("tools.executor.parallel");
    const rig = createRig({ tools: { act: reads(100) }, limits: { parallelMax: 2 } });
    const calls = Array.from({ length: 5 }, () => call("act"));
    await rig.clock.drive(rig.gate.performAll(calls, calm()));
    expect(rig.clock.monotonicMs()).toBe(300);
  });

  test("that change something run alone, and what follows is decided after them", async () => {
    const rig = createRig({ tools: { read: reads(10), write: writes(10) } });
    await rig.clock.drive(rig.gate.performAll([call("read"), call("write"), call("read")], calm()));
    expect(trace(rig.recorder).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "action.decided read",
      "action.intended read",
      "action.completed read",
      "action.decided write",
      "action.intended write",
      "action.completed write",
      "action.decided read",
      "action.intended read",
      "action.completed read",
    ]);
  });

  test("are decided by the policies they began with, and the next turn by the new ones", async () => {
    verifies("policy.update.realtime");
    const rig = createRig({
      tools: { act: writes(10) },
      decisions: {
        act: () => {
          rig.useDecider(
            createPolicyDeciderFake({ act: { ...deny(), policies: digestOf("b") } }, digestOf("b")),
          );
          return allow();
        },
      },
    });
    const turn = await rig.clock.drive(rig.gate.performAll([call("act"), call("act")], calm()));
    expect(turn.ok && turn.value.map((outcome) => outcome.status)).toEqual(["done", "done"]);
    const next = await rig.gate.perform(call("act"), calm());
    expect(next).toMatchObject({ ok: true, value: { status: "denied" } });
    const policies = rig.recorder.ofType("action.decided").map((entry) => entry.public["policies"]);
    expect(policies).toEqual([digestOf("a"), digestOf("a"), digestOf("b")]);
  });

  test("are asked about one after the other", async () => {
    const rig = createRig({
      tools: { act: reads(10) },
      decisions: { act: stepUp(approvalBy()) },
      answers: [
        { k: "approves", by: "ada" },
        { k: "refused", by: "ada", surface: "terminal", reason: null },
      ],
    });
    const outcomes = await rig.clock.drive(rig.gate.performAll([call("act"), call("act")], calm()));
    expect(outcomes.ok && outcomes.value.map((outcome) => outcome.status)).toEqual(["done", "refused"]);
    expect(trace(rig.recorder).filter((line) => line.startsWith("approval"))).toEqual([
      "approval.asked",
      "approval.answered approved",
      "approval.asked",
      "approval.answered refused",
    ]);
  });

  test("may be one proposal twice, and none", async () => {
    const rig = createRig();
    const same = call("act");
    const twice = await rig.gate.performAll([same, same], calm());
    expect(twice.ok && twice.value.length).toBe(2);
    expect(rig.tools["act"]?.executed).toHaveLength(2);
    expect(await rig.gate.performAll([], calm())).toEqual({ ok: true, value: [] });
  });

  test("that are cancelled together are over and on record together", async () => {
    verifies("tools.executor.parallel");
    const hangs: ToolFakePlan = { descriptor: reading, act: { k: "hangs" } };
    const rig = createRig({ tools: { one: hangs, two: hangs, three: hangs }, limits: { parallelMax: 2 } });
    const controller = new AbortController();
    const performing = rig.gate.performAll([call("one"), call("two"), call("three")], controller.signal);
    performing.catch(() => undefined);
    await rig.clock.advance(10);
    controller.abort();
    await expect(performing).rejects.toMatchObject({ name: "AbortError" });
    expect(trace(rig.recorder).slice(3)).toEqual([
      "action.intended one",
      "action.intended two",
      "action.completed one failed CANCELLED",
      "action.completed two failed CANCELLED",
    ]);
    expect(rig.tools["three"]?.options).toEqual([]);
  });
});

test("stretches keep every call in its place, and none that changes something has company", () => {
  const executorOf = (name: string) =>
    name === "nothing"
      ? undefined
      : ({ descriptor: { effects: name === "read" ? ["reads-run-files"] : ["executes-code"] } } as never);
  fc.assert(
    fc.property(fc.array(fc.constantFrom("read", "write", "nothing")), (calls) => {
      const cut = stretches(calls, executorOf);
      expect(cut.flat()).toEqual(calls);
      expect(cut.filter((stretch) => stretch.includes("write") && stretch.length > 1)).toEqual([]);
      const neighbours = cut.slice(1).map((stretch, index) => [...(cut[index] ?? []), ...stretch]);
      expect(neighbours.filter((both) => !both.includes("write"))).toEqual([]);
    }),
  );
});
