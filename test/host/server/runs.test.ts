import { describe, expect, test } from "vitest";
import { AGENT, createRig, DIGEST, key, NEVER, PERSON, settle, startParams, untilCancelled } from "./rig.ts";

const OPTIONS = { signal: NEVER };
const listed = { states: null, after: null };

const codeOf = (answer: { ok: boolean; fault?: { error: string; code: string } }): string =>
  answer.ok ? "ok" : `${answer.fault?.error} ${answer.fault?.code}`;

describe("a run", () => {
  test("is answered once its start is on record, and then listed until it is over and after", async () => {
    const rig = await createRig();
    rig.script = untilCancelled;
    const { peer } = await rig.connect();
    const started = await peer.call("run/start", startParams(), OPTIONS);
    expect(started).toMatchObject({ ok: true, value: { repeated: false } });
    const runs = await peer.call("run/list", listed, OPTIONS);
    expect(runs).toMatchObject({
      value: {
        more: null,
        runs: [
          {
            agent: AGENT,
            path: "agents/notes.symbi",
            state: "running",
            tier: "wasm",
            endedMs: null,
            lastSeq: 0,
          },
        ],
      },
    });
    const run = runs.ok ? (runs.value.runs[0]?.run ?? "") : "";
    expect(await peer.call("run/get", { run }, OPTIONS)).toMatchObject({ value: { state: "running" } });
    expect(await peer.call("run/cancel", { run, reason: null }, OPTIONS)).toEqual({
      ok: true,
      value: { state: "cancelled" },
    });
    expect(await peer.call("run/list", { ...listed, states: ["cancelled"] }, OPTIONS)).toMatchObject({
      value: { runs: [{ run, state: "cancelled", lastSeq: 1 }] },
    });
    expect(await peer.call("run/list", { ...listed, states: ["running"] }, OPTIONS)).toMatchObject({
      value: { runs: [] },
    });
  });

  test("is cancelled only once everything of it is gone", async () => {
    const rig = await createRig();
    const gone = Promise.withResolvers<void>();
    rig.script = async (run) => {
      await untilCancelled(run);
      await gone.promise;
      return "cancelled";
    };
    const { peer } = await rig.connect();
    const started = await peer.call("run/start", startParams(), OPTIONS);
    const run = started.ok ? started.value.run : "";
    let answered = false;
    const cancelling = peer.call("run/cancel", { run, reason: null }, OPTIONS).then(() => (answered = true));
    await settle();
    expect(answered).toBe(false);
    gone.resolve();
    await cancelling;
  });

  test("goes on when the client that started it dies", async () => {
    const rig = await createRig();
    const go = Promise.withResolvers<void>();
    rig.script = async () => {
      await go.promise;
      return "completed";
    };
    const first = await rig.connect();
    const started = await first.peer.call("run/start", startParams(), OPTIONS);
    rig.wires[0]?.drop();
    await first.closed;
    go.resolve();
    await settle();
    const { peer } = await rig.connect();
    const run = started.ok ? started.value.run : "";
    expect(await peer.call("run/get", { run }, OPTIONS)).toMatchObject({ value: { state: "completed" } });
  });

  test("starts although its client dies before the answer", async () => {
    const rig = await createRig();
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    rig.beforeStart = async () => {
      reached.resolve();
      await go.promise;
    };
    const first = await rig.connect();
    const starting = first.peer.call("run/start", startParams(), OPTIONS);
    await reached.promise;
    rig.wires[0]?.drop();
    expect(codeOf(await starting)).toBe("connection-lost RPC_CONNECTION_LOST");
    go.resolve();
    await settle();
    const { peer } = await rig.connect();
    expect(await peer.call("run/list", listed, OPTIONS)).toMatchObject({
      value: { runs: [{ state: "completed" }] },
    });
  });

  test("that is cancelled before its start is on record never was", async () => {
    const rig = await createRig();
    const reached = Promise.withResolvers<void>();
    rig.beforeStart = (_order, signal) =>
      new Promise((resolve) => {
        reached.resolve();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    const { peer } = await rig.connect();
    const cancel = new AbortController();
    const starting = peer.call("run/start", startParams(), { signal: cancel.signal });
    starting.catch(() => undefined);
    await reached.promise;
    cancel.abort();
    await expect(starting).rejects.toMatchObject({ name: "AbortError" });
    await settle();
    expect(await peer.call("run/list", listed, OPTIONS)).toMatchObject({ value: { runs: [] } });
  });

  test("that nobody knows is not found", async () => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    expect(codeOf(await peer.call("run/get", { run: key(5) }, OPTIONS))).toBe("not-found RUN_UNKNOWN");
    expect(codeOf(await peer.call("run/cancel", { run: key(5), reason: null }, OPTIONS))).toBe(
      "not-found RUN_UNKNOWN",
    );
  });

  test.each([[{ onBehalf: { kind: "schedule", id: "s", principal: null } }], [{ parent: key(9) }]] as const)(
    "for somebody else than the person at the client is not started: %j",
    async (change) => {
      const rig = await createRig();
      const { peer } = await rig.connect();
      expect(codeOf(await peer.call("run/start", startParams(change), OPTIONS))).toBe(
        "unavailable RUN_NOT_FOR_OTHERS",
      );
      expect(rig.orders).toEqual([]);
    },
  );

  test("beyond the 64th is not started", async () => {
    const rig = await createRig();
    rig.script = untilCancelled;
    const { peer } = await rig.connect();
    for (let number = 0; number < 64; number += 1) {
      const started = await peer.call("run/start", startParams({ idempotencyKey: key(number) }), OPTIONS);
      expect(started.ok).toBe(true);
    }
    const more = await peer.call("run/start", startParams({ idempotencyKey: key(100) }), OPTIONS);
    expect(codeOf(more)).toBe("unavailable RUN_TOO_MANY");
    await rig.server.close();
  });

  test("whose host was killed is interrupted for the next one", async () => {
    const rig = await createRig();
    rig.script = untilCancelled;
    const { peer } = await rig.connect();
    const started = await peer.call("run/start", startParams(), OPTIONS);
    const run = started.ok ? started.value.run : "";
    const next = await rig.successor();
    const after = await next.connect();
    expect(await after.peer.call("run/get", { run }, OPTIONS)).toMatchObject({
      value: { state: "interrupted" },
    });
  });
});

describe("the key of a start", () => {
  test.each([
    ["the same order is the same run", {}, "ok"],
    ["other inputs are a conflict", { inputs: { topic: "moon" } }, "conflict RUN_KEY_REUSED"],
    ["another file is a conflict", { digest: "1".repeat(64) }, "conflict RUN_KEY_REUSED"],
    ["a word more is a conflict", { agent: "notes" }, "conflict RUN_KEY_REUSED"],
  ] as const)("%s", async (_why, change, expected) => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    const first = await peer.call("run/start", startParams(), OPTIONS);
    const second = await peer.call("run/start", startParams(change), OPTIONS);
    expect(codeOf(second)).toBe(expected);
    if (second.ok && first.ok) expect(second.value).toEqual({ run: first.value.run, repeated: true });
    expect(rig.orders).toHaveLength(1);
  });

  test("makes a repeated request wait for the first", async () => {
    const rig = await createRig();
    const go = Promise.withResolvers<void>();
    rig.beforeStart = () => go.promise;
    const { peer } = await rig.connect();
    const both = [
      peer.call("run/start", startParams(), OPTIONS),
      peer.call("run/start", startParams(), OPTIONS),
    ];
    await settle();
    go.resolve();
    const [first, second] = await Promise.all(both);
    expect(first).toMatchObject({ ok: true, value: { repeated: false } });
    expect(second).toMatchObject({ ok: true, value: { repeated: true } });
    expect(rig.orders).toHaveLength(1);
  });

  test("is forgotten when the start was refused", async () => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    const refused = await peer.call("run/start", startParams({ consent: "1".repeat(64) }), OPTIONS);
    expect(codeOf(refused)).toBe("refused RUN_CONSENT_REFUSED");
    expect(await peer.call("run/start", startParams(), OPTIONS)).toMatchObject({
      value: { repeated: false },
    });
    expect(await peer.call("run/list", { ...listed, states: ["refused"] }, OPTIONS)).toMatchObject({
      value: { runs: [{ state: "refused", agent: AGENT }] },
    });
  });

  test.each([
    [24 * 60 * 60 * 1000, "ok"],
    [24 * 60 * 60 * 1000 + 1, "refused RUN_KEY_TOO_OLD"],
  ])("that was made %i ms ago: %s", async (ageMs, expected) => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    const started = await peer.call("run/start", startParams({ idempotencyKey: key(1, ageMs) }), OPTIONS);
    expect(codeOf(started)).toBe(expected);
  });

  // The ledger's entry holds the digests of what really ran, which this rig makes up.
  test.each([
    [{ digest: DIGEST }, "ok"],
    [{ inputs: { topic: "moon" } }, "conflict RUN_KEY_REUSED"],
    [{ digest: "1".repeat(64) }, "conflict RUN_KEY_REUSED"],
    [{ path: "agents/other.symbi" }, "conflict RUN_KEY_REUSED"],
    [{ agent: "other" }, "conflict RUN_KEY_REUSED"],
    [{ model: "scripted:other.json" }, "conflict RUN_KEY_REUSED"],
    [{ sandboxFloor: "docker" as const }, "conflict RUN_KEY_REUSED"],
  ])("finds the run after a restart of the host, with %j: %s", async (change, expected) => {
    const rig = await createRig();
    const first = await rig.connect();
    const started = await first.peer.call("run/start", startParams(), OPTIONS);
    await settle();
    const next = await rig.successor();
    const { peer } = await next.connect();
    const again = await peer.call("run/start", startParams(change), OPTIONS);
    expect(codeOf(again)).toBe(expected);
    if (again.ok && started.ok) expect(again.value).toEqual({ run: started.value.run, repeated: true });
    expect(next.orders).toEqual([]);
  });
});

describe("consent", () => {
  const asked = (answer: "agree" | "refuse" | "unavailable", digest = DIGEST) => {
    const questions: string[] = [];
    return {
      questions,
      options: {
        offers: PERSON,
        handlers: {
          requests: {
            "consent/ask": async (params: { agent: string; digest: string }) => {
              questions.push(`${params.agent} ${params.digest}`);
              return { ok: true, value: { answer, digest } } as const;
            },
          },
          notifications: {},
        },
      },
    };
  };

  test.each([
    ["agree", DIGEST, "ok"],
    ["refuse", DIGEST, "refused RUN_CONSENT_REFUSED"],
    ["unavailable", DIGEST, "refused RUN_CONSENT_UNAVAILABLE"],
    ["agree", "1".repeat(64), "refused RUN_CONSENT_UNAVAILABLE"],
  ] as const)("of a person who says %s to %s: %s", async (answer, digest, expected) => {
    const rig = await createRig();
    const person = asked(answer, digest);
    await rig.connect(person.options);
    const { peer } = await rig.connect();
    const started = await peer.call("run/start", startParams({ consent: null }), OPTIONS);
    expect(codeOf(started)).toBe(expected);
    expect(person.questions).toEqual([`${AGENT} ${DIGEST}`]);
  });

  test("of nobody is none", async () => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    const started = await peer.call("run/start", startParams({ consent: null }), OPTIONS);
    expect(codeOf(started)).toBe("refused RUN_CONSENT_UNAVAILABLE");
  });

  test("that was named asks nobody", async () => {
    const rig = await createRig();
    const person = asked("refuse");
    const { peer } = await rig.connect(person.options);
    expect(codeOf(await peer.call("run/start", startParams(), OPTIONS))).toBe("ok");
    expect(person.questions).toEqual([]);
  });
});
