import { describe, expect, test } from "vitest";

import { isAbort } from "#kernel/abort.ts";
import { fault } from "#kernel/result.ts";
import { verifies } from "#test/kit/verifies.ts";

import type { Rig } from "./rig.ts";
import { createRig, DIGEST, key, NEVER, settle, startParams, untilCancelled } from "./rig.ts";

const LOST = {
  callId: "018bcfe5-6800-7000-8000-00000000000a",
  tool: "publish_file",
  arguments: { path: "a.md" },
  preview: null,
};

/** A host on a ledger in which an earlier one was killed in the midst of a run. */
const afterKill = async (): Promise<{ readonly rig: Rig; readonly run: string }> => {
  const first = await createRig();
  first.script = untilCancelled;
  const { peer } = await first.connect();
  const started = await peer.call("run/start", startParams(), { signal: NEVER });
  if (!started.ok) throw new Error(started.fault.message);
  return { rig: await first.successor(), run: started.value.run };
};

const intervention = (run: string, change: object = {}) => ({
  run,
  idempotencyKey: key(9),
  act: "EFFECT_HAPPENED" as const,
  target: LOST.callId,
  detail: "I looked.",
  ...change,
});

const call = { signal: NEVER };

describe("an interrupted run", () => {
  test("goes on when a client asks for it, and its state is told from then on", async () => {
    const { rig, run } = await afterKill();
    const { peer } = await rig.connect();
    expect(await peer.call("run/get", { run }, call)).toMatchObject({ value: { state: "interrupted" } });
    const resumed = await peer.call("run/resume", { run, consent: DIGEST }, call);
    expect(resumed).toMatchObject({ ok: true });
    await settle();
    expect(await peer.call("run/get", { run }, call)).toMatchObject({ value: { state: "completed" } });
    const again = await peer.call("run/resume", { run, consent: null }, call);
    expect(again).toMatchObject({ ok: false, fault: { error: "conflict", code: "RUN_NOT_INTERRUPTED" } });
  });

  test("stays interrupted where it is refused, and may be asked for again", async () => {
    const { rig, run } = await afterKill();
    const { peer } = await rig.connect();
    rig.refusesResumption = fault("RESUME_CHANGED", "the agent file changed");
    const refused = await peer.call("run/resume", { run, consent: null }, call);
    expect(refused).toMatchObject({ ok: false, fault: { error: "refused", code: "RESUME_CHANGED" } });
    expect(await peer.call("run/get", { run }, call)).toMatchObject({ value: { state: "interrupted" } });
    rig.refusesResumption = null;
    expect(await peer.call("run/resume", { run, consent: null }, call)).toMatchObject({ ok: true });
  });

  test("goes on once, however many ask", async () => {
    const { rig, run } = await afterKill();
    rig.lost = [LOST];
    const { peer } = await rig.connect();
    const other = await rig.connect();
    const both = await Promise.all(
      [peer, other.peer].map((one) => one.call("run/resume", { run, consent: null }, call)),
    );
    expect(both.map(({ ok }) => ok)).toEqual([true, true]);
    const third = await peer.call("run/resume", { run, consent: null }, call);
    expect(third).toMatchObject({ ok: true, value: { state: "waiting-for-person" } });
    expect(rig.resumptions).toEqual([run]);
  });

  test("that nobody knows is not found, and none is taken up while the host drains", async () => {
    const { rig, run } = await afterKill();
    const { peer } = await rig.connect();
    expect(await peer.call("run/resume", { run: key(5), consent: null }, call)).toMatchObject({
      fault: { error: "not-found" },
    });
    await peer.call("host/drain", { reason: "test" }, call);
    expect(await peer.call("run/resume", { run, consent: null }, call)).toMatchObject({
      fault: { error: "draining" },
    });
  });
});

describe("an interrupted run that is cancelled", () => {
  test("is over for good, told once to all who ask, and cannot go on any more", async () => {
    const { rig, run } = await afterKill();
    const { peer } = await rig.connect();
    const cancel = () => peer.call("run/cancel", { run, reason: "no longer wanted" }, call);
    const both = await Promise.all([cancel(), cancel()]);
    expect(both).toMatchObject([{ value: { state: "cancelled" } }, { value: { state: "cancelled" } }]);
    expect(await peer.call("run/get", { run }, call)).toMatchObject({
      value: { state: "cancelled", endedMs: expect.any(Number) },
    });
    expect(await cancel()).toMatchObject({ value: { state: "cancelled" } });
    const resumed = await peer.call("run/resume", { run, consent: null }, call);
    expect(resumed).toMatchObject({ fault: { error: "conflict", code: "RUN_NOT_INTERRUPTED" } });
    expect(rig.resumptions).toEqual([]);
  });

  test("either goes on or is over where both are asked for at once", async () => {
    const { rig, run } = await afterKill();
    rig.lost = [LOST];
    const { peer } = await rig.connect();
    const [cancelled, resumed] = await Promise.all([
      peer.call("run/cancel", { run, reason: null }, call),
      peer.call("run/resume", { run, consent: null }, call),
    ]);
    expect(cancelled).toMatchObject({ value: { state: "cancelled" } });
    const state = await peer.call("run/get", { run }, call);
    expect(state).toMatchObject({ value: { state: "cancelled" } });
    // Whichever came first, nothing goes on.
    if (resumed.ok) expect(rig.resumptions).toEqual([run]);
    else expect(rig.resumptions).toEqual([]);
  });
});

describe("an interrupted run that is about to go on when it is cancelled", () => {
  const OVER = { ok: false, fault: { error: "conflict", code: "RUN_NOT_INTERRUPTED" } };

  /** A run whose going on waits to be put on record until it is let go. */
  const held = async () => {
    const { rig, run } = await afterKill();
    const gate = Promise.withResolvers<void>();
    rig.beforeResume = () => gate.promise;
    const { peer } = await rig.connect();
    const { peer: other } = await rig.connect();
    const resume = (one = peer) => one.call("run/resume", { run, consent: null }, call);
    const cancel = (one = other) => one.call("run/cancel", { run, reason: "writ stop" }, call);
    return { rig, run, peer, other, resume, cancel, letGo: gate.resolve };
  };

  /** How it stands for this host, and for one that knows of it by the ledger alone. */
  const states = async (rig: Rig, run: string): Promise<readonly unknown[]> => {
    const { peer } = await rig.connect();
    const here = await peer.call("run/get", { run }, call);
    const { peer: later } = await (await rig.successor()).connect();
    const there = await later.call("run/get", { run }, call);
    return [here, there].map((got) => got.ok && got.value.state);
  };

  test("is over on record, and whoever wanted it to go on hears that it is over", async () => {
    const { rig, run, resume, cancel, letGo } = await held();
    const resumed = resume();
    await settle();
    const cancelled = cancel();
    await settle();
    letGo();
    expect(await cancelled).toMatchObject({ ok: true, value: { state: "cancelled" } });
    expect(await resumed).toMatchObject(OVER);
    expect(await states(rig, run)).toEqual(["cancelled", "cancelled"]);
  });

  test("is over once, however many cancel it and however many want it to go on", async () => {
    const { rig, run, peer, other, resume, cancel, letGo } = await held();
    const resumed = [resume(peer), resume(other)];
    await settle();
    const cancelled = [cancel(other), cancel(peer)];
    await settle();
    resumed.push(resume(other));
    await settle();
    letGo();
    for (const one of cancelled) expect(await one).toMatchObject({ value: { state: "cancelled" } });
    for (const one of resumed) expect(await one).toMatchObject(OVER);
    expect(await resume()).toMatchObject(OVER);
    expect(rig.resumptions).toEqual([run]);
    expect(await states(rig, run)).toEqual(["cancelled", "cancelled"]);
  });

  test("is over where it was cancelled before it was looked at", async () => {
    const { rig, run, resume, cancel, letGo } = await held();
    letGo();
    const [cancelled, resumed] = await Promise.all([cancel(), resume()]);
    expect(cancelled).toMatchObject({ value: { state: "cancelled" } });
    expect(resumed).toMatchObject(OVER);
    expect(await states(rig, run)).toEqual(["cancelled", "cancelled"]);
  });

  test("ends as a run that went on where that was on record already", async () => {
    const { rig, run, resume, cancel, letGo } = await held();
    rig.lost = [LOST];
    letGo();
    expect(await resume()).toMatchObject({ ok: true });
    expect(await cancel()).toMatchObject({ value: { state: "cancelled" } });
    expect(await resume()).toMatchObject(OVER);
    expect(await states(rig, run)).toEqual(["cancelled", "cancelled"]);
  });

  test("goes on for another client when only the first takes its wish back", async () => {
    const { rig, run, peer, other, resume, letGo } = await held();
    const mind = new AbortController();
    const asked = peer.call("run/resume", { run, consent: null }, { signal: mind.signal });
    const first = asked.then(
      () => "answered",
      (error: unknown) => (isAbort(error) ? "withdrawn" : "broken"),
    );
    await settle();
    const second = resume(other);
    await settle();
    mind.abort();
    await settle();
    letGo();
    expect(await first).toBe("withdrawn");
    expect(await second).toMatchObject({ ok: true });
    expect(rig.resumptions).toEqual([run, run]);
  });

  test("can be asked for again where it could not be ended", async () => {
    const { rig, run, resume, cancel, letGo } = await held();
    rig.isGivingUpRefused = true;
    const resumed = resume();
    await settle();
    const cancelled = cancel();
    await settle();
    letGo();
    expect(await cancelled).toMatchObject({ ok: false, fault: { error: "unavailable" } });
    expect(await resumed).toMatchObject({ ok: true });
    expect(rig.resumptions).toEqual([run, run]);
  });
});

describe("a lost effect", () => {
  const waiting = async (): Promise<{ readonly rig: Rig; readonly run: string }> => {
    const { rig, run } = await afterKill();
    rig.lost = [LOST];
    const connection = await rig.connect();
    const { peer } = connection;
    await peer.call("run/resume", { run, consent: null }, call);
    await settle();
    expect(await peer.call("run/get", { run }, call)).toMatchObject({
      value: { state: "waiting-for-person" },
    });
    connection.end();
    return { rig, run };
  };

  test("waits until a person says what became of it, which is on record then", async () => {
    verifies("gate.beyond.unknown-effects");
    const { rig, run } = await waiting();
    const { peer } = await rig.connect();
    const said = await peer.call("run/intervene", intervention(run), call);
    expect(said).toMatchObject({ ok: true, value: { entry: expect.any(String) } });
    await settle();
    expect(await peer.call("run/get", { run }, call)).toMatchObject({ value: { state: "completed" } });
    // The same words under the same key are the same act.
    expect(await peer.call("run/intervene", intervention(run), call)).toEqual(said);
    const other = await peer.call("run/intervene", intervention(run, { detail: null }), call);
    expect(other).toMatchObject({ fault: { error: "conflict", code: "RUN_KEY_REUSED" } });
  });

  test.each([
    ["of another call", { target: key(3) }, "not-found"],
    ["of no call", { target: null }, "not-found"],
    ["of another run", { run: key(4) }, "not-found"],
    ["of another kind", { act: "INSTRUCT" }, "unavailable"],
  ] as const)("does not take a word %s", async (_what, change, error) => {
    const { rig, run } = await waiting();
    const { peer } = await rig.connect();
    const said = await peer.call("run/intervene", intervention(run, change), call);
    expect(said).toMatchObject({ ok: false, fault: { error } });
    expect(await peer.call("run/intervene", intervention(run), call)).toMatchObject({ ok: true });
  });

  test.each(["server", "debugger"] as const)("does not take a word from a %s", async (kind) => {
    const { rig, run } = await waiting();
    const { peer } = await rig.connect({ kind });
    expect(await peer.call("run/intervene", intervention(run), call)).toMatchObject({
      ok: false,
      fault: { error: "refused", code: "RUN_NO_PERSON" },
    });
  });

  test("waits no longer when its run is cancelled", async () => {
    const { rig, run } = await waiting();
    const { peer } = await rig.connect();
    expect(await peer.call("run/cancel", { run, reason: null }, call)).toMatchObject({
      value: { state: "cancelled" },
    });
    expect(await peer.call("run/intervene", intervention(run), call)).toMatchObject({
      fault: { error: "not-found" },
    });
  });
});
