import { describe, expect, test } from "vitest";
import { Authority } from "#gate/capability.ts";
import type { Authorized, PreparedCall, Spend } from "#ports/executor.ts";
import { digestOf } from "#test/kit/decisions.ts";
import type { Act } from "#test/kit/tool-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { Rig } from "./rig.ts";
import { call, calm, createRig, trace } from "./rig.ts";

type Right = Authorized<PreparedCall>;

/** A rig whose tool `act` does `what` with its right; `other` is a tool of the same run. */
const rigDoing = (what: (right: Right, spend: Spend) => Promise<void>): Rig => {
  const act: Act = {
    k: "does",
    async what(authorized, spend) {
      await what(authorized, spend);
      return { ok: true, value: { text: "did", value: null, labels: [], changes: [] } };
    },
  };
  return createRig({ tools: { act: { act }, other: {} } });
};

/** Takes the right out of a call that does nothing with it, so that a test can. */
const stolenRight = async (): Promise<{ readonly rig: Rig; readonly right: Right }> => {
  const stolen: Right[] = [];
  const rig = rigDoing(async (right) => void stolen.push(right));
  await rig.gate.perform(call("act"), calm());
  return { rig, right: stolen[0] as Right };
};

const REFUSED = "capability.refused ";
const refusals = (rig: Rig): readonly string[] =>
  trace(rig.recorder)
    .filter((line) => line.startsWith(REFUSED))
    .map((line) => line.slice(REFUSED.length));

describe("a right to act", () => {
  test("is spent once and gives the call that was decided, frozen", async () => {
    const seen: unknown[] = [];
    const rig = rigDoing(async (right, spend) => void seen.push(await spend(right, "act")));
    await rig.gate.perform(call("act", { path: "a" }), calm());
    expect(seen).toMatchObject([{ ok: true, value: { tool: "act", arguments: { path: "a" } } }]);
    expect(Object.isFrozen((seen[0] as { value: PreparedCall }).value.arguments)).toBe(true);
    expect(refusals(rig)).toEqual([]);
  });

  test("shows nothing to whoever holds it", async () => {
    const { right } = await stolenRight();
    expect(Reflect.ownKeys(right)).toEqual([]);
    expect(Object.getPrototypeOf(right)).toBe(null);
    expect(Object.isFrozen(right)).toBe(true);
  });

  test("is refused when it is used again", async () => {
    verifies("gate.beyond.single-use-capability", "agent.loop.typestate");
    const codes: (string | null)[] = [];
    const rig = rigDoing(async (right, spend) => {
      for (const _ of [1, 2, 3]) {
        const spent = await spend(right, "act");
        codes.push(spent.ok ? null : spent.fault.code);
      }
    });
    await rig.gate.perform(call("act"), calm());
    expect(codes).toEqual([null, "GATE_CAPABILITY_REUSED", "GATE_CAPABILITY_REUSED"]);
    expect(refusals(rig)).toEqual(["act GATE_CAPABILITY_REUSED", "act GATE_CAPABILITY_REUSED"]);
    const [decided] = rig.recorder.ofType("action.decided");
    expect(rig.recorder.ofType("capability.refused")[0]?.public["callId"]).toBe(decided?.public["callId"]);
  });

  test("has one winner when it is spent by many at the same moment", async () => {
    verifies("gate.beyond.single-use-capability");
    let spent: boolean[] = [];
    const rig = rigDoing(async (right, spend) => {
      const all = await Promise.all(Array.from({ length: 20 }, () => spend(right, "act")));
      spent = all.map((one) => one.ok);
    });
    await rig.gate.perform(call("act"), calm());
    expect(spent.filter(Boolean)).toEqual([true]);
    expect(refusals(rig)).toEqual(Array<string>(19).fill("act GATE_CAPABILITY_REUSED"));
  });

  const forged: Right = Object.freeze({}) as Right;
  test.each<[string, unknown]>([
    ["an object of one's own", forged],
    ["nothing", null],
    ["a text", "GATE"],
  ])("is refused when it is %s", async (_, right) => {
    verifies("gate.beyond.single-use-capability");
    const rig = createRig();
    expect(await rig.spend(right as Right, "act")).toMatchObject({
      ok: false,
      fault: { code: "GATE_CAPABILITY_FORGED" },
    });
    expect(trace(rig.recorder)).toEqual(["capability.refused act GATE_CAPABILITY_FORGED"]);
    expect(rig.recorder.entries[0]?.public["callId"]).toBe(null);
  });

  test("of one tool is refused to another, and still serves its own", async () => {
    verifies("gate.beyond.single-use-capability");
    const spends: boolean[] = [];
    const rig = rigDoing(async (right, spend) => {
      spends.push((await spend(right, "other")).ok, (await spend(right, "act")).ok);
    });
    await rig.gate.perform(call("act"), calm());
    expect(spends).toEqual([false, true]);
    expect(refusals(rig)).toEqual(["other GATE_CAPABILITY_FOREIGN"]);
  });

  test("of one run is refused by another run, which learns nothing of it", async () => {
    verifies("gate.beyond.single-use-capability");
    const { right } = await stolenRight();
    const elsewhere = createRig();
    expect(await elsewhere.spend(right, "act")).toMatchObject({
      ok: false,
      fault: { code: "GATE_CAPABILITY_FOREIGN" },
    });
    expect(elsewhere.recorder.entries[0]?.public).toEqual({
      callId: null,
      tool: "act",
      code: "GATE_CAPABILITY_FOREIGN",
    });
  });

  test("is over when its call is", async () => {
    verifies("gate.beyond.single-use-capability");
    const { rig, right } = await stolenRight();
    expect(await rig.spend(right, "act")).toMatchObject({
      ok: false,
      fault: { code: "GATE_CAPABILITY_EXPIRED" },
    });
    expect(refusals(rig)).toEqual(["act GATE_CAPABILITY_EXPIRED"]);
  });

  test("is over at its deadline, also while its call still runs", async () => {
    verifies("gate.beyond.single-use-capability");
    const codes: (string | null)[] = [];
    const rig = rigDoing(async (right, spend) => {
      await rig.clock.sleep(1_000, calm());
      const spent = await spend(right, "act");
      codes.push(spent.ok ? null : spent.fault.code);
    });
    const outcome = await rig.clock.drive(rig.gate.perform(call("act"), calm()));
    expect(codes).toEqual(["GATE_CAPABILITY_EXPIRED"]);
    expect(outcome).toMatchObject({ ok: true, value: { status: "unknown" } });
  });

  test("asked for by a tool of no build names no tool in public", async () => {
    const rig = createRig();
    await rig.spend(forged, "a name from outside");
    expect(trace(rig.recorder)).toEqual(["capability.refused GATE_CAPABILITY_FORGED"]);
  });

  test("that cannot be refused on record is refused all the same, and ends the run", async () => {
    const rig = createRig();
    rig.recorder.failAt(0);
    expect((await rig.spend(forged, "act")).ok).toBe(false);
    expect(await rig.gate.perform(call("act"), calm())).toMatchObject({
      ok: false,
      fault: { code: "GATE_UNRECORDED" },
    });
  });
});

describe("an executor that does not spend its right", () => {
  test("has its result disbelieved", async () => {
    const rig = rigDoing(async () => undefined);
    const outcome = await rig.gate.perform(call("act"), calm());
    expect(outcome).toMatchObject({ ok: true, value: { status: "unknown" } });
    expect(trace(rig.recorder).at(-1)).toBe("effect.unknown act GATE_CAPABILITY_UNSPENT");
  });

  test("and breaks, has done nothing", async () => {
    const rig = rigDoing(() => Promise.reject(new Error("broke")));
    const outcome = await rig.gate.perform(call("act"), calm());
    expect(outcome).toMatchObject({ ok: true, value: { status: "failed" } });
  });
});

test("a call that no longer has the fingerprint it was decided under is refused", async () => {
  verifies("gate.beyond.single-use-capability");
  const codes: string[] = [];
  const authority = new Authority({
    monotonicMs: () => 0,
    fingerprintOf: () => digestOf("2"),
    onRefused: async ({ code }) => void codes.push(code),
  });
  const subject = { identity: { callId: "call" }, call: { tool: "act" } };
  const intended = { consume: () => ({ subject, fingerprint: digestOf("1"), timeoutMs: 1 }) };
  const { authorized } = authority.grant(intended as never);
  expect(await authority.spend(authorized, "act")).toMatchObject({ ok: false });
  expect(codes).toEqual(["GATE_CAPABILITY_ALTERED"]);
});
