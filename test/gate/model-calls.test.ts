import { describe, expect, test } from "vitest";
import type { ModelEvent, ModelMessage } from "#ports/language-model.ts";
import { allowIf, approvalBy, deny, stepUp, timeoutOf } from "#test/kit/decisions.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createRunDigest } from "#gate/fingerprint.ts";
import type { RigPlan } from "./rig.ts";
import { calm, createRig, modelCall, trace } from "./rig.ts";

type Finished = Extract<ModelEvent, { k: "finished" }>;

const finished = (changes: Partial<Finished> = {}): Finished => ({
  k: "finished",
  reason: "stop",
  text: "fine",
  toolCalls: [],
  usage: { inputTokens: 12, outputTokens: 3, source: "reported" },
  ...changes,
});

const delta = (text: string): ModelEvent => ({ k: "text-delta", text });

const streaming = (...events: readonly ModelEvent[]): NonNullable<RigPlan["model"]> =>
  async function* () {
    yield* events;
  };

const hanging: NonNullable<RigPlan["model"]> = async function* (signal) {
  yield delta("th");
  await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")), { once: true });
  });
};

const deaf: NonNullable<RigPlan["model"]> = async function* () {
  await new Promise(() => undefined);
  yield delta("never");
};

const breaking: NonNullable<RigPlan["model"]> = async function* () {
  yield delta("th");
  throw new Error("key sk-123 refused");
};

/** One model call: what came back in one word, and the entries. */
const asked = async (plan: RigPlan) => {
  const rig = createRig(plan);
  const settled = await rig.clock.drive(rig.gate.callModel(modelCall(), calm()));
  if (!settled.ok) throw new Error(settled.fault.message);
  const outcome = settled.value;
  const word =
    outcome.k === "answered" ? outcome.reason : outcome.k === "failed" ? outcome.fault.code : outcome.refusal;
  return { rig, outcome, word, lines: trace(rig.recorder).slice(1) };
};

describe("a model call", () => {
  const toolCall = { callId: "p1", tool: "act", argumentsText: "{}" };
  const whole = ["model.requested", "model.answered"];
  const cut = (code: string) => ["model.requested", `model.failed ${code}`];
  const small = { limits: { answerCharactersMax: 10, answerToolCallsMax: 2 } };
  const unavailable: ModelEvent = {
    k: "failed",
    fault: { code: "MODEL_UNAVAILABLE", message: "no connection", retryable: true },
  };
  test.each<[string, RigPlan, string, readonly string[]]>([
    ["an answer", { model: streaming(delta("fi"), delta("ne"), finished()) }, "stop", whole],
    [
      "calls",
      { model: streaming(finished({ reason: "tool-calls", toolCalls: [toolCall] })) },
      "tool-calls",
      whole,
    ],
    [
      "an answer of the longest",
      { ...small, model: streaming(finished({ text: "x".repeat(10) })) },
      "stop",
      whole,
    ],
    ["a refusal", { model: streaming(finished({ reason: "refused" })) }, "refused", whole],
    [
      "a fault",
      { model: streaming(delta("fi"), unavailable) },
      "MODEL_UNAVAILABLE",
      cut("MODEL_UNAVAILABLE"),
    ],
    ["a cut stream", { model: streaming(delta("fi")) }, "MODEL_BAD_ANSWER", cut("MODEL_BAD_ANSWER")],
    ["nothing", { model: streaming() }, "MODEL_BAD_ANSWER", cut("MODEL_BAD_ANSWER")],
    [
      "an event of no kind",
      { model: streaming({ k: "x" } as never) },
      "MODEL_BAD_ANSWER",
      cut("MODEL_BAD_ANSWER"),
    ],
    ["an exception", { model: breaking }, "MODEL_BAD_ANSWER", cut("MODEL_BAD_ANSWER")],
    ["silence", { model: hanging }, "MODEL_TIMEOUT", cut("MODEL_TIMEOUT")],
    ["silence that cannot be ended", { model: deaf }, "MODEL_TIMEOUT", cut("MODEL_TIMEOUT")],
    [
      "too long a text",
      { ...small, model: streaming(finished({ text: "x".repeat(11) })) },
      "MODEL_BAD_ANSWER",
      cut("MODEL_BAD_ANSWER"),
    ],
    [
      "too long a stream",
      { ...small, model: streaming(delta("x".repeat(6)), delta("x".repeat(6)), finished()) },
      "MODEL_BAD_ANSWER",
      cut("MODEL_BAD_ANSWER"),
    ],
    [
      "too long arguments",
      { ...small, model: streaming(finished({ text: "", toolCalls: [toolCall, toolCall] })) },
      "MODEL_BAD_ANSWER",
      cut("MODEL_BAD_ANSWER"),
    ],
    [
      "too many calls",
      { limits: { answerToolCallsMax: 1 }, model: streaming(finished({ toolCalls: [toolCall, toolCall] })) },
      "MODEL_BAD_ANSWER",
      cut("MODEL_BAD_ANSWER"),
    ],
  ])("gets %s", async (_, plan, expected, entries) => {
    const { word, lines } = await asked(plan);
    expect({ word, lines }).toEqual({ word: expected, lines: entries });
  });

  test.each<[string, RigPlan, string]>([
    ["forbidden", { decisions: { model_call: deny() } }, "forbidden"],
    [
      "not agreed to",
      { decisions: { model_call: stepUp(approvalBy()) }, answers: [{ k: "expired" }] },
      "approval-expired",
    ],
    ["out of time", { remainingMs: 0 }, "time-exhausted"],
  ])("that is %s never reaches the model", async (_, plan, expected) => {
    const model = () => {
      throw new Error("the model was asked");
    };
    const { word, rig } = await asked({ ...plan, model });
    expect(word).toBe(expected);
    expect(rig.recorder.ofType("model.requested")).toEqual([]);
    expect(rig.recorder.entries.filter((entry) => entry.feeds).map((entry) => entry.type)).toEqual([
      "action.completed",
    ]);
  });

  test.each([
    [1_000, 100],
    [undefined, 100],
    [40, 40],
  ])(
    "of a model with answers of %s tokens at most asks for %i, and that is on record",
    async (most, tokensMax) => {
      const sent: number[] = [];
      const model: NonNullable<RigPlan["model"]> = (signal, request) => {
        sent.push(request.tokensMax);
        return streaming(finished())(signal, request);
      };
      const { rig } = await asked({ model, ...(most === undefined ? {} : { outputTokensMax: most }) });
      expect(sent).toEqual([tokensMax]);
      expect(rig.decider.requests).toMatchObject([{ arguments: { tokensMax } }]);
      expect(rig.recorder.ofType("model.requested")).toMatchObject([{ public: { tokensMax } }]);
    },
  );

  test("is put to the policies by sizes and names", async () => {
    const { rig } = await asked({ model: streaming(finished()) });
    expect(rig.decider.requests).toMatchObject([
      {
        action: "model_call",
        tool: null,
        resource: { type: "Model", id: "scripted:test", attributes: { remote: false, chosen: true } },
        arguments: { messages: 1, tokensMax: 100, tools: [] },
      },
    ]);
  });

  test("has its deadline from the strictest of rule, run and limit", async () => {
    const { rig, word } = await asked({ decisions: { model_call: allowIf(timeoutOf(250)) }, model: hanging });
    expect(word).toBe("MODEL_TIMEOUT");
    expect(rig.recorder.ofType("model.failed")[0]?.public["wallMs"]).toBe(250);
  });

  test("streams its text live", async () => {
    const { rig } = await asked({ model: streaming(delta("fi"), delta("ne"), finished()) });
    expect(rig.recorder.lives.map((live) => [live.type, live.data["text"]])).toEqual([
      ["model.delta", "fi"],
      ["model.delta", "ne"],
    ]);
  });

  test("keeps what an adapter says in an exception to itself", async () => {
    const { rig, outcome } = await asked({ model: breaking });
    expect(JSON.stringify([rig.recorder.entries, outcome])).not.toContain("sk-123");
  });

  test("reads counts that are none as estimates of nothing", async () => {
    const usage = { inputTokens: -1, outputTokens: 2.5, source: "reported" as const };
    const { outcome } = await asked({ model: streaming(finished({ usage })) });
    expect(outcome).toMatchObject({ usage: { inputTokens: 0, outputTokens: 0, source: "estimated" } });
  });

  test("mends half characters, which no entry could hold", async () => {
    const toolCalls = [{ callId: "\ud800", tool: "a\udc00", argumentsText: '"\ud800"' }];
    const { outcome } = await asked({ model: streaming(finished({ text: "\ud800", toolCalls })) });
    expect(outcome).toMatchObject({
      text: "\ufffd",
      toolCalls: [{ callId: "\ufffd", tool: "a\ufffd", argumentsText: '"\ufffd"' }],
    });
  });

  test("that is cancelled has failed on record", async () => {
    const rig = createRig({ model: hanging });
    const controller = new AbortController();
    const asking = rig.gate.callModel(modelCall(), controller.signal);
    asking.catch(() => undefined);
    await rig.clock.advance(10);
    controller.abort();
    await expect(asking).rejects.toMatchObject({ name: "AbortError" });
    expect(trace(rig.recorder).slice(1)).toEqual(["model.requested", "model.failed CANCELLED"]);
  });
});

describe("the conversation on record", () => {
  const say = (text: string): ModelMessage => ({ role: "user", text });
  const requests = async (...conversations: readonly (readonly ModelMessage[])[]) => {
    const rig = createRig({ model: streaming(finished()) });
    for (const messages of conversations) {
      await rig.gate.callModel(modelCall({ request: { messages, tools: [], tokensMax: 1 } }), calm());
    }
    return rig.recorder.ofType("model.requested");
  };

  test("holds each message once, and again only behind a change", async () => {
    const entries = await requests(
      [say("a"), say("b")],
      [say("a"), say("b"), say("c")],
      [say("a"), say("x"), say("c")],
      [say("a")],
    );
    expect(entries.map((entry) => entry.content["messages"])).toEqual([
      { kept: 0, added: [say("a"), say("b")] },
      { kept: 2, added: [say("c")] },
      { kept: 1, added: [say("x"), say("c")] },
      { kept: 1, added: [] },
    ]);
  });

  test("has the digest that the event page defines, under the run's key", async () => {
    const [entry] = await requests([say("a")]);
    const digest = createRunDigest(createNodeCrypto(), new Uint8Array(32).fill(7));
    expect(entry?.public["messages"]).toBe(digest("messages", [{ role: "user", text: "a" }]));
  });
});
