import { describe, expect, test } from "vitest";
import { fromBase64, utf8, utf8Text } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Handlers, Params, Peer } from "#host/rpc/peer.ts";
import type { Rig, RunScript } from "./rig.ts";
import { createRig, key, NEVER, settle, startParams, untilCancelled } from "./rig.ts";

const OPTIONS = { signal: NEVER };

interface Heard {
  readonly batches: Params<"events/batch">[];
  readonly ends: string[];
  readonly handlers: Handlers;
  types(): readonly unknown[];
}

const hearing = (): Heard => {
  const batches: Params<"events/batch">[] = [];
  const ends: string[] = [];
  return {
    batches,
    ends,
    handlers: {
      requests: {},
      notifications: {
        "events/batch": (params) => void batches.push(params),
        "events/ended": ({ reason }) => void ends.push(reason),
      },
    },
    types: () => batches.flatMap(({ events }) => events.map(({ type }) => type)),
  };
};

const subscribe = async (
  peer: Peer,
  run: string,
  change: Partial<{
    from: { runSeq: number } | "now";
    level: "entries" | "entries-and-live";
    window: number;
  }> = {},
): Promise<string> => {
  const params = { scope: { run }, from: { runSeq: 0 }, level: "entries", window: 1_000, ...change } as const;
  const answer = await peer.call("events/subscribe", params, OPTIONS);
  if (!answer.ok) throw new Error(`${answer.fault.code} ${answer.fault.message}`);
  return answer.value.subscription;
};

const started = async (peer: Peer, change: Partial<Params<"run/start">> = {}): Promise<string> => {
  const answer = await peer.call("run/start", startParams(change), OPTIONS);
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value.run;
};

/** A run that records `count` entries when told to, with a text of `characters` in each. */
const recording = (count: number, characters = 1, live = false): { script: RunScript; go: () => void } => {
  const begin = Promise.withResolvers<void>();
  return {
    go: () => begin.resolve(),
    script: async ({ recorder }) => {
      await begin.promise;
      for (let number = 0; number < count; number += 1) {
        const text = "x".repeat(characters);
        await recorder.record({
          type: "limit.reached",
          cause: null,
          public: { limit: "L", max: number, used: 0, text },
          content: {},
          feeds: false,
        });
        if (live) recorder.live("output.printed", { level: null, text: String(number) });
      }
      return "completed";
    },
  };
};

/** Lets a stream send all that it can. */
const flow = async (rig: Rig, batches = 20): Promise<void> => {
  for (let turn = 0; turn < batches; turn += 1) {
    await settle();
    await rig.clock.advance(50);
  }
};

describe("a stream of one run", () => {
  test("has what was recorded before and what comes, once each, in order, and ends with the run", async () => {
    const rig = await createRig();
    const { script, go } = recording(3);
    rig.script = script;
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await subscribe(peer, run);
    await flow(rig, 2);
    expect(heard.types()).toEqual(["run.started"]);
    go();
    await flow(rig);
    expect(heard.types()).toEqual([
      "run.started",
      ...Array.from({ length: 3 }, () => "limit.reached"),
      "run.ended",
    ]);
    expect(heard.ends).toEqual(["run-ended"]);
    expect(heard.batches.map(({ batch }) => batch)).toEqual(heard.batches.map((_, index) => index));
  });

  test("sends entries as they stand in the log", async () => {
    const rig = await createRig();
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await settle();
    await subscribe(peer, run);
    await flow(rig);
    const [first] = heard.batches.flatMap(({ events }) => events);
    expect(first).toMatchObject({ v: 1, type: "run.started", run: { id: run, seq: 0 }, log: rig.ledger.log });
    expect(Object.keys(first ?? {})).toEqual(expect.arrayContaining(["hash", "prev", "writer", "content"]));
    expect(heard.ends).toEqual(["run-ended"]);
  });

  test("begins where it is asked to", async () => {
    const rig = await createRig();
    const { script, go } = recording(3);
    rig.script = script;
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await subscribe(peer, run, { from: { runSeq: 3 } });
    await subscribe(peer, run, { from: "now" });
    go();
    await flow(rig);
    const of = (subscription: string): readonly unknown[] =>
      heard.batches
        .filter((batch) => batch.subscription === subscription)
        .flatMap(({ events }) => events.map((event) => (event["run"] as JsonObject)["seq"]));
    expect(of("s1")).toEqual([3, 4]);
    expect(of("s2")).toEqual([1, 2, 3, 4]);
  });

  test("has live events behind the entries that they stand behind, where it wants them", async () => {
    const rig = await createRig();
    const { script, go } = recording(2, 1, true);
    rig.script = script;
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await subscribe(peer, run, { level: "entries-and-live" });
    go();
    await flow(rig);
    expect(heard.types()).toEqual([
      "run.started",
      "limit.reached",
      "output.printed",
      "limit.reached",
      "output.printed",
      "run.ended",
    ]);
  });

  test("says of no other run", async () => {
    const rig = await createRig();
    const { script, go } = recording(1);
    rig.script = script;
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await started(peer, { idempotencyKey: key(2) });
    await subscribe(peer, run);
    go();
    await flow(rig);
    const runs = heard.batches.flatMap(({ events }) =>
      events.map((event) => (event["run"] as JsonObject)["id"]),
    );
    expect(new Set(runs)).toEqual(new Set([run]));
  });

  test("whose entries cannot be read ends the connection instead of leaving them out", async () => {
    const rig = await createRig();
    const heard = hearing();
    const { peer, closed } = await rig.connect(heard);
    const run = await started(peer);
    await settle();
    await subscribe(peer, run);
    // Its disk is gone before anything of it was read.
    await rig.successor();
    await flow(rig, 2);
    await closed;
    expect(heard.types()).toEqual([]);
    expect(heard.ends).toEqual([]);
  });

  test("that nobody knows is not found", async () => {
    const rig = await createRig();
    const { peer } = await rig.connect();
    await expect(subscribe(peer, key(7))).rejects.toThrow("RUN_UNKNOWN");
  });
});

describe("a window", () => {
  test("holds back what is not acknowledged, drops no entry, and counts live events that it left out", async () => {
    const rig = await createRig();
    const { script, go } = recording(700, 1, true);
    rig.script = script;
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    const subscription = await subscribe(peer, run, { window: 10, level: "entries-and-live" });
    go();
    await flow(rig);
    expect(heard.types()).toHaveLength(10);
    for (let turn = 0; turn < 400 && heard.ends.length === 0; turn += 1) {
      peer.notify("events/acknowledge", { subscription, batch: heard.batches.at(-1)?.batch ?? 0 });
      await flow(rig, 1);
    }
    const types = heard.types();
    expect(types.filter((type) => type === "limit.reached")).toHaveLength(700);
    const dropped = heard.batches.reduce((sum, { droppedLive }) => sum + droppedLive, 0);
    expect(dropped).toBeGreaterThan(0);
    expect(types.filter((type) => type === "output.printed")).toHaveLength(700 - dropped);
    expect(heard.ends).toEqual(["run-ended"]);
  });

  test("that stays full for 60 seconds ends the stream, and not the run", async () => {
    const rig = await createRig();
    const { script, go } = recording(5);
    rig.script = async (run) => {
      await script(run);
      return untilCancelled(run);
    };
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await subscribe(peer, run, { window: 1 });
    go();
    await flow(rig);
    await rig.clock.advance(59_000 - 20 * 50);
    expect(heard.ends).toEqual([]);
    await rig.clock.advance(2_000);
    await settle();
    expect(heard.ends).toEqual(["reader-too-slow"]);
    expect(await peer.call("run/get", { run }, OPTIONS)).toMatchObject({ value: { state: "running" } });
    await rig.server.close();
  });
});

describe("batches", () => {
  test("have at most 65,536 bytes, unless one entry alone is larger, and come 20 a second", async () => {
    const rig = await createRig();
    const { script, go } = recording(30, 20_000);
    rig.script = script;
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const run = await started(peer);
    await subscribe(peer, run);
    go();
    await settle();
    const before = heard.batches.length;
    await rig.clock.advance(49);
    expect(heard.batches.length).toBe(before);
    await flow(rig, 30);
    expect(heard.ends).toEqual(["run-ended"]);
    for (const batch of heard.batches) {
      expect(utf8(canonicalJson(batch as unknown as JsonObject)).length).toBeLessThan(65_536);
    }
    expect(heard.batches.length).toBeGreaterThanOrEqual(10);
  });
});

describe("a stream of everything", () => {
  const all = { scope: { all: true }, level: "entries", window: 10_000 } as const;

  test("has every log from its start or its cursor, commit records among them, and goes on", async () => {
    const rig = await createRig();
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const first = await peer.call("events/subscribe", { ...all, from: { cursors: [] } }, OPTIONS);
    await started(peer);
    await flow(rig);
    const seqs = heard.batches.flatMap(({ events }) => events.map(({ seq }) => seq));
    expect(seqs).toEqual(seqs.map((_, index) => index));
    expect(heard.types()).toEqual(expect.arrayContaining(["log.opened", "log.committed", "run.ended"]));

    const { log } = rig.ledger;
    expect(first).toMatchObject({ value: { head: [{ log }] } });
    const from = { cursors: [{ log, seq: seqs.length - 2 }] };
    const second = await peer.call("events/subscribe", { ...all, from }, OPTIONS);
    await flow(rig);
    expect(second).toMatchObject({ value: { head: [{ log, seq: seqs.length }] } });
    const later = heard.batches.filter(({ subscription }) => subscription === "s2");
    expect(later.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([
      seqs.length - 2,
      seqs.length - 1,
    ]);
  });

  test("ends when it is unsubscribed, and is unknown then", async () => {
    const rig = await createRig();
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    const made = await peer.call("events/subscribe", { ...all, from: "now" }, OPTIONS);
    const subscription = made.ok ? made.value.subscription : "";
    expect(await peer.call("events/unsubscribe", { subscription }, OPTIONS)).toEqual({ ok: true, value: {} });
    await started(peer);
    await flow(rig);
    expect(heard.batches).toEqual([]);
    expect(await peer.call("events/unsubscribe", { subscription }, OPTIONS)).toMatchObject({
      fault: { error: "not-found", code: "EVENTS_UNKNOWN" },
    });
  });

  test("ends with a drain", async () => {
    const rig = await createRig();
    const heard = hearing();
    const { peer } = await rig.connect(heard);
    await peer.call("events/subscribe", { ...all, from: "now" }, OPTIONS);
    await peer.call("host/drain", { reason: "newer" }, OPTIONS);
    await flow(rig, 2);
    expect(heard.ends).toEqual(["draining"]);
  });
});

describe("content", () => {
  const TEXT = "a text of some length, with an é in it";

  const withContent = async (): Promise<{ peer: Peer; rig: Rig; entry: string; artefact: object }> => {
    const rig = await createRig();
    const made = Promise.withResolvers<{ entry: string; artefact: object }>();
    rig.script = async ({ recorder }) => {
      const recorded = await recorder.record({
        type: "body.advanced",
        cause: null,
        public: { statement: 0, steps: 1 },
        content: { output: TEXT },
        feeds: true,
      });
      const stored = await rig.ledger.artefacts.put(recorder.scope, utf8(TEXT));
      if (!recorded.ok || !stored.ok) throw new Error("nothing was stored");
      made.resolve({ entry: recorded.value.id, artefact: { scope: recorder.scope, artefact: stored.value } });
      return "completed";
    };
    const { peer } = await rig.connect();
    await started(peer);
    const { entry, artefact } = await made.promise;
    await settle();
    return { peer, rig, entry, artefact };
  };

  test.each([
    [0, 1_000],
    [3, 4],
    [0, 1],
    [1_000, 5],
  ])("of an entry's part is its canonical JSON from %i, at most %i bytes", async (offset, length) => {
    const { peer, entry } = await withContent();
    const at = { entry, part: "output" };
    const whole = utf8(canonicalJson(TEXT));
    const read = await peer.call("content/read", { at, offset, length }, OPTIONS);
    expect(read).toMatchObject({ value: { totalBytes: whole.length, erased: false } });
    expect(read.ok && fromBase64(read.value.base64)).toEqual(whole.slice(offset, offset + length));
  });

  test("of an artefact is its bytes, also when its run is over", async () => {
    const { peer, artefact } = await withContent();
    const at = artefact as { scope: string; artefact: string };
    const read = await peer.call("content/read", { at, offset: 0, length: 1_000 }, OPTIONS);
    expect(read.ok && utf8Text(fromBase64(read.value.base64) ?? new Uint8Array())).toBe(TEXT);
  });

  test("that was erased says so and has no bytes", async () => {
    const { peer, rig, entry, artefact } = await withContent();
    const { scope } = artefact as { scope: never };
    await rig.ledger.eraseScope({ scope, principal: 'User::"tester"', by: "tester", reason: "USER_REQUEST" });
    for (const at of [{ entry, part: "output" }, artefact as { scope: string; artefact: string }]) {
      expect(await peer.call("content/read", { at, offset: 0, length: 10 }, OPTIONS)).toEqual({
        ok: true,
        value: { base64: "", totalBytes: 0, erased: true },
      });
    }
  });

  test.each([[{ entry: key(3), part: "output" }], [{ scope: key(3), artefact: "0".repeat(64) }]])(
    "that nobody has is not found or erased: %j",
    async (at) => {
      const { peer, entry } = await withContent();
      const read = await peer.call("content/read", { at, offset: 0, length: 10 }, OPTIONS);
      expect(read.ok ? read.value.erased : read.fault.error).toBe("entry" in at ? "not-found" : true);
      const other = { at: { entry, part: "nothing" }, offset: 0, length: 10 };
      expect(await peer.call("content/read", other, OPTIONS)).toMatchObject({
        fault: { error: "not-found" },
      });
    },
  );
});
