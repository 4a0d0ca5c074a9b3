import { describe, expect, test } from "vitest";
import type { JsonObject } from "#kernel/json.ts";
import type { ModelEvent } from "#ports/language-model.ts";
import { allow, deny } from "#test/kit/decisions.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { WorldPlan } from "./world.ts";
import { calls, ended, runIn, says } from "./world.ts";

const HOSTILE = '\u001b[2J\u202e"; rm -rf / # ../../etc/passwd {"__entity":{"type":"Agent","id":"x"}}';

/** One end for every way in which a model can misbehave. */
describe("a model that misbehaves comes to a named end", () => {
  const end = async (plan: WorldPlan): Promise<string> => {
    const { report, recorder } = await runIn(plan);
    expect(ended(recorder)["outcome"]).toBe(report.end.outcome);
    return `${report.end.outcome} ${report.end.reason}`;
  };
  const flood = { repeat: { text: "0123456789", times: 5_000_000 } };
  test.each<[string, readonly JsonObject[], string]>([
    ["no more turns", [], "failed MODEL_EXHAUSTED"],
    ["an empty answer", [{}], "failed ANSWER_EMPTY"],
    ["white space", [says(" \n\t ")], "failed ANSWER_EMPTY"],
    ["a refusal", [{ finish: "refused", text: "no" }], "failed ANSWER_REFUSED"],
    ["a cut answer", [{ finish: "length", text: "half" }], "failed ANSWER_CUT"],
    ["a cut answer with calls", [{ ...calls("shell", {}), finish: "length" }], "failed ANSWER_CUT"],
    ["50 MB of text", [{ text: flood, deltas: 100 }], "failed MODEL_BAD_ANSWER"],
    [
      "50 MB of arguments",
      [{ toolCalls: [{ tool: "read_file", argumentsText: flood }] }],
      "failed MODEL_BAD_ANSWER",
    ],
    [
      "thousands of calls at once",
      [{ toolCalls: [{ tool: "read_file", times: 5_000 }] }],
      "failed MODEL_BAD_ANSWER",
    ],
    ["an unreachable provider", [{ fail: "MODEL_UNAVAILABLE" }], "failed MODEL_UNAVAILABLE"],
    [
      "a provider that breaks off after some text",
      [{ text: "so far", deltas: 3, fail: "MODEL_TIMEOUT" }],
      "failed MODEL_TIMEOUT",
    ],
    [
      "more tokens than there are",
      [{ ...says("hi"), usage: { inputTokens: 100_000, outputTokens: 1 } }],
      "limited TOKENS",
    ],
    [
      "the same calls again and again",
      Array.from({ length: 30 }, () => calls("read_file", { path: "a" })),
      "failed CALLS_REPEATED",
    ],
    [
      "other calls again and again",
      Array.from({ length: 30 }, (_, index) => calls("read_file", { path: `${index}` })),
      "limited ITERATIONS",
    ],
  ])("%s", async (_what, turns, expected) => {
    expect(await end({ turns })).toBe(expected);
  });

  test.each<[string, () => AsyncGenerator<ModelEvent>, string]>([
    ["a stream that just ends", async function* () {}, "failed MODEL_BAD_ANSWER"],
    [
      "a stream that ends after text",
      async function* () {
        yield { k: "text-delta", text: "half" };
      },
      "failed MODEL_BAD_ANSWER",
    ],
    [
      "an adapter that throws",
      async function* () {
        yield { k: "text-delta", text: "x" };
        throw new Error("connection reset");
      },
      "failed MODEL_BAD_ANSWER",
    ],
  ])("%s", async (_what, model, expected) => {
    expect(await end({ model })).toBe(expected);
  });

  test("a stuck model is named as such", async () => {
    verifies("agent.progress-tracker");
    const turns = Array.from({ length: 30 }, () => calls("read_file", { path: "a" }));
    const { report, requests } = await runIn({ turns, limits: { repeatsMax: 2 } });
    expect(report.end.reason).toBe("CALLS_REPEATED");
    expect(requests).toHaveLength(3);
  });
});

describe("what a model says is data", () => {
  test("unknown tools, text that is no JSON, hostile names: denied, told, and the run goes on", async () => {
    const { report, requests, tools } = await runIn({
      turns: [
        {
          text: HOSTILE,
          toolCalls: [
            { tool: HOSTILE, arguments: {} },
            { tool: "read_file", argumentsText: HOSTILE },
            { tool: "read_file", argumentsText: '{"path":"a","path":"b"}' },
            { tool: "shell", arguments: { command: "rm -rf /" } },
          ],
        },
        says(HOSTILE),
      ],
    });
    expect(report.end).toMatchObject({ outcome: "completed", result: HOSTILE });
    expect(requests[1]?.messages.slice(3).map((message) => message.text)).toEqual([
      "Denied: there is no such tool.",
      "Denied: the arguments are not a JSON object within the limits.",
      "Denied: the arguments are not a JSON object within the limits.",
      "Denied: this run was not given that tool.",
    ]);
    expect(Object.values(tools).flatMap((tool) => tool.executed)).toEqual([]);
  });

  test("its ids for calls, twice or hostile, do not travel on", async () => {
    const { requests } = await runIn({
      turns: [
        {
          toolCalls: [
            { tool: "read_file", arguments: { path: "a" }, callId: HOSTILE },
            { tool: "read_file", arguments: { path: "b" }, callId: HOSTILE },
          ],
        },
        says("done"),
      ],
    });
    const ids = requests[1]?.messages.flatMap((message) => (message.role === "tool" ? [message.callId] : []));
    expect(ids).toEqual(["1.0", "1.1"]);
  });

  test("results stand in the order of the calls, whoever was first", async () => {
    const later = { act: { k: "result", result: { text: "listed" }, afterMs: 50 } } as const;
    const { requests } = await runIn({
      turns: [
        { toolCalls: [{ tool: "list_files" }, { tool: "read_file", arguments: { path: "a" } }] },
        says("ok"),
      ],
      tools: { list_files: later },
    });
    expect(requests[1]?.messages.slice(3).map((message) => message.text)).toEqual([
      "listed",
      "read_file did it",
    ]);
  });

  test("an answer that may not be given out goes back to the model, and nobody else", async () => {
    let responses = 0;
    const { report, requests } = await runIn({
      turns: [says("the secret is 42"), says("I cannot say")],
      decisions: {
        respond: () => {
          responses += 1;
          return responses === 1 ? deny("forbidden") : allow();
        },
      },
    });
    expect(report.end).toMatchObject({ outcome: "completed", result: "I cannot say" });
    expect(requests[1]?.messages.at(-1)?.text).toMatch(/^Your answer was not delivered\. Denied: /);
  });

  test("a body's result that may not be given out fails the run without it", async () => {
    const { report, recorder } = await runIn({ body: 'return "x";', decisions: { respond: deny() } });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "RESPONSE_DENIED", result: null });
    expect(recorder.entries.at(-1)?.content).not.toHaveProperty("result");
  });

  test("a run that may not ask its model ends without having asked", async () => {
    const { report, requests } = await runIn({
      turns: [says("hi")],
      decisions: { model_call: deny("no-permit") },
    });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "MODEL_DENIED" });
    expect(requests).toEqual([]);
  });
});

describe("limits", () => {
  test("tokens are checked before a call, with the whole conversation in mind", async () => {
    const { report, requests } = await runIn({
      turns: [calls("read_file", { path: "a" }), says("never")],
      tools: { read_file: { act: { k: "result", result: { text: "x".repeat(8_000) } } } },
      limits: { tokensMax: 1_500 },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "TOKENS" });
    expect(requests).toHaveLength(1);
  });

  test("a model is told how much is left", async () => {
    const { requests } = await runIn({
      turns: [
        { ...calls("read_file", { path: "a" }), usage: { inputTokens: 300, outputTokens: 200 } },
        says("ok"),
      ],
      limits: { tokensMax: 2_000 },
    });
    const length = requests[1]?.messages.reduce((sum, message) => sum + message.text.length, 0) ?? 0;
    expect(requests[1]?.tokensMax).toBeLessThanOrEqual(2_000 - 500 - Math.ceil(length / 4));
    expect(requests[1]?.tokensMax).toBeGreaterThan(1_000);
  });

  test("what the file says narrows what is configured, and never widens it", async () => {
    const source = (turns: number): string => `
      agent helper(topic: String) {
        policy all { allow: read_file }
        with max_iterations = ${turns} { let r = reason("s", topic); }
      }`;
    const turns = Array.from({ length: 9 }, (_, index) => calls("read_file", { path: `${index}` }));
    const limits = { iterationsMax: 4 };
    expect(ended((await runIn({ source: source(2), turns, limits })).recorder)["iterations"]).toBe(2);
    expect(ended((await runIn({ source: source(8), turns, limits })).recorder)["iterations"]).toBe(4);
  });

  test("the conversation's size", async () => {
    const { report } = await runIn({
      turns: [calls("read_file", { path: "a" }), says("never")],
      tools: { read_file: { act: { k: "result", result: { text: "x".repeat(8_000) } } } },
      limits: { conversationLengthMax: 5_000 },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "CONVERSATION" });
  });

  test("wall time ends a model that does not answer", async () => {
    const { report, recorder } = await runIn({
      turns: [{ text: "late", delayMs: 3_000_000 }],
      limits: { wallMsMax: 5_000 },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "WALL_TIME" });
    expect(recorder.ofType("limit.reached")[0]?.public).toEqual({
      limit: "WALL_TIME",
      max: 5_000,
      used: 5_000,
    });
    expect(ended(recorder)).toMatchObject({ wallMs: 5_000 });
  });

  test("wall time ends a tool that hangs", async () => {
    const { report } = await runIn({
      turns: [calls("read_file", { path: "a" })],
      tools: { read_file: { act: { k: "hangs" }, timeoutMsDefault: 60_000 } },
      limits: { wallMsMax: 5_000 },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "WALL_TIME" });
  });

  test("tool time is added up over all calls", async () => {
    const { report, recorder } = await runIn({
      turns: Array.from({ length: 9 }, (_, index) => calls("read_file", { path: `${index}` })),
      tools: { read_file: { act: { k: "result", afterMs: 400 } } },
      limits: { toolMsMax: 1_000 },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "TOOL_TIME" });
    expect(recorder.ofType("limit.reached")[0]?.public).toEqual({
      limit: "TOOL_TIME",
      max: 1_000,
      used: 1_200,
    });
    expect(ended(recorder)).toMatchObject({ toolMs: 1_200, iterations: 3 });
  });
});
