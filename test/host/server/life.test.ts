import { describe, expect, test } from "vitest";
import { createWirePair } from "#test/kit/wire-pair.ts";
import type { Rig } from "./rig.ts";
import { createRig, key, NEVER, settle, startParams, untilCancelled } from "./rig.ts";

const OPTIONS = { signal: NEVER };

/** Whether the host is over by now. */
const isEnded = async ({ server }: Rig): Promise<boolean> => {
  let ended = false;
  void server.ended.then(() => (ended = true));
  await settle();
  return ended;
};

describe("a host that nobody needs", () => {
  test("ends 30 seconds after it began, when nobody came", async () => {
    const rig = await createRig();
    await rig.clock.advance(29_999);
    expect(await isEnded(rig)).toBe(false);
    await rig.clock.advance(1);
    expect(await isEnded(rig)).toBe(true);
  });

  test("counts from when the last client left", async () => {
    const rig = await createRig();
    const first = await rig.connect();
    const second = await rig.connect();
    await rig.clock.advance(120_000);
    first.end();
    await settle();
    await rig.clock.advance(120_000);
    expect(await isEnded(rig)).toBe(false);
    second.end();
    await settle();
    await rig.clock.advance(29_999);
    expect(await isEnded(rig)).toBe(false);
    await rig.clock.advance(1);
    expect(await isEnded(rig)).toBe(true);
  });

  test("counts anew when a client came in between", async () => {
    const rig = await createRig();
    await rig.clock.advance(29_000);
    const client = await rig.connect();
    client.end();
    await settle();
    await rig.clock.advance(29_000);
    expect(await isEnded(rig)).toBe(false);
  });

  test("does not wait where it can record nothing more, so that another takes up its log", async () => {
    const rig = await createRig();
    const client = await rig.connect();
    rig.isDiskFull = true;
    expect(await client.peer.call("run/start", startParams(), OPTIONS)).toMatchObject({ ok: false });
    expect(await isEnded(rig)).toBe(false);
    client.end();
    expect(await isEnded(rig)).toBe(true);
  });

  test("is needed while a run goes on", async () => {
    const rig = await createRig();
    rig.script = untilCancelled;
    const client = await rig.connect();
    await client.peer.call("run/start", startParams(), OPTIONS);
    client.end();
    await settle();
    await rig.clock.advance(3_600_000);
    expect(await isEnded(rig)).toBe(false);
    await rig.server.close();
  });
});

describe("a drain", () => {
  test("takes no new run, waits for those that go on, and ends the host when the last client left", async () => {
    const rig = await createRig();
    const go = Promise.withResolvers<void>();
    rig.script = async () => {
      await go.promise;
      return "completed";
    };
    const client = await rig.connect();
    const { peer } = client;
    const started = await peer.call("run/start", startParams(), OPTIONS);
    const drains = [1, 2].map(() => peer.call("host/drain", { reason: "newer" }, OPTIONS));
    await settle();
    const more = await peer.call("run/start", startParams({ idempotencyKey: key(2) }), OPTIONS);
    expect(more).toMatchObject({ fault: { error: "draining", code: "HOST_DRAINING", retryable: true } });
    // What was started before is still found under its key.
    expect(await peer.call("run/start", startParams(), OPTIONS)).toMatchObject({
      value: { run: started.ok ? started.value.run : "", repeated: true },
    });
    expect(await peer.call("host/status", {}, OPTIONS)).toMatchObject({ value: { draining: true, runs: 1 } });
    go.resolve();
    expect(await Promise.all(drains)).toEqual([
      { ok: true, value: { finished: 1, parked: 0 } },
      { ok: true, value: { finished: 1, parked: 0 } },
    ]);
    expect(await isEnded(rig)).toBe(false);
    client.end();
    expect(await isEnded(rig)).toBe(true);
  });

  test("is told to whoever comes later", async () => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    await peer.call("host/drain", { reason: "newer" }, OPTIONS);
    expect((await rig.connect()).host.isDraining).toBe(true);
  });
});

describe("connections", () => {
  test("that say nothing are ended after 5 seconds", async () => {
    const rig = await createRig();
    const [there, here] = createWirePair();
    rig.server.accept(there);
    await rig.clock.advance(4_999);
    expect(here.isEnded).toBe(false);
    await rig.clock.advance(1);
    expect(here.isEnded).toBe(true);
  });

  test("that have not shown who they are, are 16 at most, and known clients do not count", async () => {
    const rig = await createRig();
    for (let client = 0; client < 20; client += 1) await rig.connect();
    const pairs = Array.from({ length: 17 }, () => createWirePair());
    for (const [there] of pairs) rig.server.accept(there);
    await settle();
    expect(pairs.map(([, here]) => here.isEnded)).toEqual([...Array.from({ length: 16 }, () => false), true]);
  });

  test("that break the protocol end, and no other with them", async () => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    const [there, here] = createWirePair();
    rig.server.accept(there);
    here.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    await settle();
    expect(here.isEnded).toBe(true);
    expect(await peer.call("host/status", {}, OPTIONS)).toMatchObject({
      value: { product: "writ test", clients: 1, runs: 0, approvalsWaiting: 0, draining: false },
    });
  });

  test.each(["host/later", "model/stream", "notification/show"])(
    "hear of `%s` that there is no such method",
    async (method) => {
      const rig = await createRig();
      const { peer } = await rig.connect();
      const answer = await peer.call(method as "host/status", {}, OPTIONS);
      expect(answer).toMatchObject({ ok: false, fault: { error: "method-not-found" } });
    },
  );
});

test("closing a host cancels its runs first, waits for them, and then lets its clients go", async () => {
  const rig = await createRig();
  rig.script = untilCancelled;
  const { peer, closed } = await rig.connect();
  await peer.call("run/start", startParams(), OPTIONS);
  await rig.server.close();
  await closed;
  const next = await rig.successor();
  const after = await next.connect();
  expect(await after.peer.call("run/list", { states: null, after: null }, OPTIONS)).toMatchObject({
    value: { runs: [{ state: "cancelled" }] },
  });
});
