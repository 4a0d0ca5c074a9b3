import { describe, expect, test } from "vitest";

import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ModelEvent, ModelMessage, ModelRequest } from "#ports/language-model.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import { callFault } from "#host/rpc/errors.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import type { Answer, Asked, Handlers, Params } from "#host/rpc/peer.ts";
import type { ClientOptions, Rig, RunScript } from "./rig.ts";
import { createRig, key, NEVER, NO_OFFERS, settle, startParams } from "./rig.ts";

/* Models that clients serve, as a run of the host asks them. */

type Said = Answer<"model/stream">;
type Finished = Extract<Said, { k: "finished" }>;
type Serving = (
  params: Params<"model/stream">,
  asked: Asked,
  delta: (text: string, stream?: string) => void,
) => Promise<Result<Said, CallFault>>;

const MODEL = "client:lm";

const finished = (change: Partial<Finished> = {}): Finished => ({
  k: "finished",
  reason: "stop",
  text: "fine",
  toolCalls: [],
  usage: { inputTokens: 12, outputTokens: 3, source: "reported" },
  ...change,
});

const REQUEST: ModelRequest = {
  messages: [{ role: "user", text: "What now?" }],
  tools: [],
  tokensMax: 1_000,
};

/** A client that serves the model so; and what it was asked. */
const serving = async (
  rig: Rig,
  serve: Serving,
  options: ClientOptions = {},
): Promise<HostConnection & { readonly asked: Params<"model/stream">[] }> => {
  const asked: Params<"model/stream">[] = [];
  const handlers: Handlers = {
    requests: {
      "model/stream": (params, given) => {
        asked.push(params);
        const say = (text: string, stream = params.stream): void =>
          connection.peer.notify("model/delta", { stream, text });
        return serve(params, given, say);
      },
    },
    notifications: {},
  };
  const connection = await rig.connect({ offers: { ...NO_OFFERS, models: [MODEL] }, handlers, ...options });
  return { ...connection, asked };
};

/** A run that asks the model once, as the gate does; what it heard is pushed. */
const asking =
  (heard: ModelEvent[], request: ModelRequest = REQUEST): RunScript =>
  async ({ offered, signal }) => {
    const model = offered.clientModel(MODEL);
    if (model === undefined) throw new Error("nobody offers the model");
    await model.ready?.(signal);
    for await (const event of model.stream(request, { signal })) heard.push(event);
    return heard.at(-1)?.k === "finished" ? "completed" : "failed";
  };

/** What a run hears of a model that is served so. */
const heardFrom = async (
  serve: Serving,
  { request = REQUEST, passMs = 0 }: { readonly request?: ModelRequest; readonly passMs?: number } = {},
): Promise<readonly ModelEvent[]> => {
  const rig = await createRig();
  const heard: ModelEvent[] = [];
  rig.script = asking(heard, request);
  const client = await serving(rig, serve);
  const started = await client.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
  if (!started.ok) throw new Error(started.fault.message);
  await settle();
  if (passMs > 0) await rig.clock.advance(passMs);
  await settle();
  return heard;
};

const codeOf = (events: readonly ModelEvent[]): string | undefined => {
  const last = events.at(-1);
  return last?.k === "failed" ? last.fault.code : last?.k;
};

const call = (callId: string) => ({ callId, tool: "read_file", argumentsText: '{"path":"a"}' });

describe("what a client answers", () => {
  test.each<[string, Said, string]>([
    ["an answer", finished(), "finished"],
    ["calls", finished({ reason: "tool-calls", toolCalls: [call("a"), call("b")] }), "finished"],
    ["calls and no reason for them", finished({ toolCalls: [call("a")] }), "MODEL_BAD_ANSWER"],
    ["a reason for calls and none", finished({ reason: "tool-calls" }), "MODEL_BAD_ANSWER"],
    [
      "two calls of one id",
      finished({ reason: "tool-calls", toolCalls: [call("a"), call("a")] }),
      "MODEL_BAD_ANSWER",
    ],
    ["a failure", { k: "failed", code: "MODEL_REFUSED", message: "no", retryable: false }, "MODEL_REFUSED"],
    [
      "a failure of its own that lasts",
      { k: "failed", code: "LM_BLOCKED", message: "no", retryable: false },
      "MODEL_REFUSED",
    ],
    [
      "a failure of its own that passes",
      { k: "failed", code: "LM_BUSY", message: "no", retryable: true },
      "MODEL_UNAVAILABLE",
    ],
    ["something of another form", { k: "finished", reason: "stop" } as never, "MODEL_BAD_ANSWER"],
  ])("%s", async (_, said, expected) => {
    expect(codeOf(await heardFrom(async () => ok(said)))).toBe(expected);
  });

  test.each(["length", "refused"] as const)("that ended as %s hands no call out", async (reason) => {
    const events = await heardFrom(async () => ok(finished({ reason, toolCalls: [call("a")] })));
    expect(events.at(-1)).toMatchObject({ k: "finished", reason, toolCalls: [] });
  });

  test.each([
    ["method-not-found", false, "MODEL_BAD_ANSWER", false],
    ["unavailable", true, "MODEL_UNAVAILABLE", true],
    ["unavailable", false, "MODEL_UNAVAILABLE", false],
    ["refused", false, "MODEL_REFUSED", false],
    ["cancelled", false, "MODEL_UNAVAILABLE", true],
  ] as const)("the error %s, retryable %s, is %s", async (error, retryable, code, again) => {
    const why = callFault(error, fault("LM_NO", "esc \u001b[31m", { retryable }));
    const last = (await heardFrom(async () => failed(why))).at(-1);
    if (last?.k !== "failed") throw new Error("no failure");
    expect(last.fault.code).toBe(code);
    expect(last.fault.again !== undefined).toBe(again);
    expect(last.fault.message).not.toContain("\u001b");
  });

  test("is a bad one when it is another text than the one that was streamed", async () => {
    const events = await heardFrom(async (_params, _asked, delta) => {
      delta("I will not");
      return ok(finished({ text: "I will" }));
    });
    expect(codeOf(events)).toBe("MODEL_BAD_ANSWER");
  });

  test("is streamed to its end also where the client streamed a part of it, or nothing", async () => {
    const events = await heardFrom(async (_params, _asked, delta) => {
      delta("fi");
      return ok(finished());
    });
    expect(events.map((event) => (event.k === "text-delta" ? event.text : event.k))).toEqual([
      "fi",
      "ne",
      "finished",
    ]);
  });

  test("longer than a message can be is cut off, and the client is told", async () => {
    let told = false;
    const events = await heardFrom((_params, { signal }, delta) => {
      signal.addEventListener("abort", () => (told = true), { once: true });
      for (let piece = 0; piece <= 256; piece += 1) delta("x".repeat(16_384));
      return new Promise(() => undefined);
    });
    expect(codeOf(events)).toBe("MODEL_BAD_ANSWER");
    expect(told).toBe(true);
  });

  test("that does not come is a timeout, and the client is told", async () => {
    let told = false;
    const events = await heardFrom(
      (_params, { signal }, delta) => {
        signal.addEventListener("abort", () => (told = true), { once: true });
        delta("hm");
        return new Promise(() => undefined);
      },
      { passMs: 120_001 },
    );
    expect(codeOf(events)).toBe("MODEL_TIMEOUT");
    expect(told).toBe(true);
  });

  test("is given more time by each sign of life", async () => {
    const rig = await createRig();
    const heard: ModelEvent[] = [];
    rig.script = asking(heard);
    const client = await serving(rig, async (_params, { progress }) => {
      for (let minute = 0; minute < 5; minute += 1) {
        await rig.clock.sleep(100_000, NEVER);
        progress({ done: minute, total: null, text: "thinking" });
      }
      return ok(finished());
    });
    await client.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
    for (let minute = 0; minute < 5; minute += 1) {
      await settle();
      await rig.clock.advance(100_000);
    }
    await settle();
    expect(codeOf(heard)).toBe("finished");
  });
});

describe("what a client is asked", () => {
  test("is the conversation, and of a tool what a model needs to know", async () => {
    let asked: Params<"model/stream"> | undefined;
    const messages: readonly ModelMessage[] = [
      { role: "system", text: "You are terse." },
      { role: "assistant", text: "", toolCalls: [call("a")] },
      { role: "tool", callId: "a", text: "nothing" },
    ];
    await heardFrom(
      async (params) => {
        asked = params;
        return ok(finished());
      },
      { request: { messages, tools: BUILTIN_TOOLS.slice(0, 1), tokensMax: 7 } },
    );
    expect(asked).toMatchObject({ model: MODEL, request: { messages, tokensMax: 7 } });
    expect(asked?.request.tools).toEqual([
      {
        name: "read_file",
        summary: expect.any(String),
        parameters: [{ name: "path", type: "string", required: true, summary: expect.any(String) }],
      },
    ]);
  });

  test("is nothing where it does not fit into one message", async () => {
    const text = "x".repeat(4 * 1024 * 1024);
    const request = { ...REQUEST, messages: [{ role: "user", text } as const] };
    expect(codeOf(await heardFrom(async () => ok(finished()), { request }))).toBe("MODEL_REFUSED");
  });

  test("is no more once the run is cancelled", async () => {
    const rig = await createRig();
    rig.script = asking([]);
    let told = false;
    const client = await serving(rig, (_params, { signal }) => {
      signal.addEventListener("abort", () => (told = true), { once: true });
      return new Promise(() => undefined);
    });
    const started = await client.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
    if (!started.ok) throw new Error(started.fault.message);
    await settle();
    const { run } = started.value;
    const cancelled = await client.peer.call("run/cancel", { run, reason: null }, { signal: NEVER });
    expect(cancelled).toMatchObject({ ok: true, value: { state: "cancelled" } });
    await settle();
    expect(told).toBe(true);
  });
});

describe("of several clients", () => {
  const answering: Serving = async () => ok(finished());

  test("the one that started the run is asked first, and text counts from it alone", async () => {
    const rig = await createRig();
    const heard: ModelEvent[] = [];
    rig.script = asking(heard);
    const oldest = await serving(rig, answering);
    const starter = await serving(rig, async ({ stream }, _asked, delta) => {
      oldest.peer.notify("model/delta", { stream, text: "forged" });
      await settle();
      delta("fine");
      return ok(finished());
    });
    await starter.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
    await settle();
    await settle();
    expect([oldest.asked.length, starter.asked.length]).toEqual([0, 1]);
    expect(heard.map((event) => (event.k === "text-delta" ? event.text : event.k))).toEqual([
      "fine",
      "finished",
    ]);
  });

  test("the oldest is asked where the one that started the run offers nothing", async () => {
    const rig = await createRig();
    rig.script = asking([]);
    const starter = await rig.connect();
    const oldest = await serving(rig, answering);
    const other = await serving(rig, answering);
    await starter.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
    await settle();
    expect([oldest.asked.length, other.asked.length]).toEqual([1, 0]);
  });
});

describe("a client that leaves", () => {
  const stateOf = async (connection: HostConnection, run: string): Promise<string> => {
    const got = await connection.peer.call("run/get", { run }, { signal: NEVER });
    return got.ok ? got.value.state : got.fault.code;
  };

  test("in the middle of its answer has not answered, and the request may be sent again", async () => {
    const rig = await createRig();
    const heard: ModelEvent[] = [];
    rig.script = asking(heard);
    const client = await serving(rig, (_params, _asked, delta) => {
      delta("I publish");
      return new Promise(() => undefined);
    });
    await client.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
    await settle();
    rig.wires[0]?.drop();
    await settle();
    expect(heard.at(-1)).toMatchObject({
      k: "failed",
      fault: { code: "MODEL_UNAVAILABLE", again: { afterMs: null } },
    });
  });

  test("leaves a parked run behind, for which the host stays although nobody is there", async () => {
    const rig = await createRig();
    const gone = Promise.withResolvers<void>();
    rig.script = async (run) => {
      const model = run.offered.clientModel(MODEL);
      await gone.promise;
      await model?.ready?.(run.signal);
      return "completed";
    };
    let hasEnded = false;
    void rig.server.ended.then(() => (hasEnded = true));
    const client = await serving(rig, async () => ok(finished()));
    await client.peer.call("run/start", startParams({ model: MODEL }), { signal: NEVER });
    client.end();
    await settle();
    gone.resolve();
    await settle();
    await rig.clock.advance(600_000);
    expect(hasEnded).toBe(false);
    const next = await serving(rig, async () => ok(finished()));
    await settle();
    next.end();
    await settle();
    await rig.clock.advance(30_000);
    await settle();
    expect(hasEnded).toBe(true);
  });

  test("parks the run, which goes on with whoever offers the model next, and can be cancelled", async () => {
    const rig = await createRig();
    const heard: ModelEvent[] = [];
    const gone = Promise.withResolvers<void>();
    rig.script = async (run) => {
      const model = run.offered.clientModel(MODEL);
      await gone.promise;
      await model?.ready?.(run.signal);
      return asking(heard)(run);
    };
    const shown: Params<"notification/show">[] = [];
    const watcher = await rig.connect({
      offers: { ...NO_OFFERS, notifications: true },
      handlers: { requests: {}, notifications: { "notification/show": (said) => void shown.push(said) } },
    });
    const first = await serving(rig, async () => ok(finished()));
    const runs: string[] = [];
    for (const number of [1, 2]) {
      const params = startParams({ model: MODEL, idempotencyKey: key(number) });
      const started = await first.peer.call("run/start", params, { signal: NEVER });
      if (!started.ok) throw new Error(started.fault.message);
      runs.push(started.value.run);
    }
    const [one = "", two = ""] = runs;
    first.end();
    await settle();
    gone.resolve();
    await settle();
    expect([await stateOf(watcher, one), await stateOf(watcher, two)]).toEqual(["parked", "parked"]);
    expect(shown).toHaveLength(2);
    expect(shown[0]).toMatchObject({ level: "warning", run: one, text: expect.stringContaining(MODEL) });
    await watcher.peer.call("run/cancel", { run: two, reason: null }, { signal: NEVER });
    expect(await stateOf(watcher, two)).toBe("cancelled");

    watcher.peer.notify("host/offer", { ...NO_OFFERS, models: ["client:other"], notifications: true });
    await settle();
    expect(await stateOf(watcher, one)).toBe("parked");
    await serving(rig, async () => ok(finished()));
    await settle();
    expect(await stateOf(watcher, one)).toBe("completed");
    expect(codeOf(heard)).toBe("finished");
  });
});
