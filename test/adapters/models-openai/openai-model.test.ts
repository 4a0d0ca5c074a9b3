import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Exchange } from "#adapters/models-openai/http-exchange.ts";
import { isAbort } from "#kernel/abort.ts";
import type { JsonValue } from "#kernel/json.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { languageModelContract } from "#test/contracts/language-model.ts";
import type { WireServer } from "#test/kit/openai-wire-server.ts";
import {
  answers,
  chunk,
  chunksOf,
  cuts,
  hangs,
  refuses,
  sends,
  sse,
  startWireServer,
} from "#test/kit/openai-wire-server.ts";
import { verifies } from "#test/kit/verifies.ts";
import { ask, endOf, HASTY, KEY, modelAt } from "./kit.ts";

let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
});
afterAll(() => server.close());

/** Everything of a call but the reason to finish. */
const wholeCall = chunksOf({ toolCalls: [{ tool: "write_file", argumentsText: "{}" }] }).slice(0, 4);
const someText = sse(chunksOf({ text: "some words" }).slice(0, 3));

describe("the port", () => {
  verifies("models.provider.cloud-or-slm");
  languageModelContract("a model behind an OpenAI-compatible endpoint", {
    answering: (answer) => modelAt(server.endpoint(answers(answer))),
    failing(code) {
      const behaviour = {
        MODEL_UNAVAILABLE: cuts(someText),
        MODEL_REFUSED: refuses(401, { error: { message: "no" } }),
        MODEL_TIMEOUT: hangs(someText),
        MODEL_BAD_ANSWER: sends("data: {\n\n"),
        MODEL_EXHAUSTED: refuses(400, {}),
      }[code];
      return modelAt(server.endpoint(behaviour), {}, { limits: HASTY });
    },
    cut: () => modelAt(server.endpoint(cuts(sse(wholeCall)))),
    hanging: () => modelAt(server.endpoint(hangs(null))),
  });
});

describe("what is sent", () => {
  test("is the conversation, the tools and the bounds, with the key in its header only", async () => {
    const baseUrl = server.endpoint(answers({ text: "fine" }));
    const tools = BUILTIN_TOOLS.filter(({ name }) => name === "write_file" || name === "list_files");
    await ask(modelAt(baseUrl), {
      tools,
      tokensMax: 50,
      messages: [
        { role: "user", text: "Look." },
        {
          role: "assistant",
          text: "",
          toolCalls: [{ callId: "c1", tool: "no such tool!", argumentsText: "{not json" }],
        },
        { role: "tool", callId: "c1", text: "There is no such tool." },
      ],
    });
    const { body, headers, path, method } = server.requests.at(-1) ?? {};
    expect({ method, path }).toEqual({
      method: "POST",
      path: `${new URL(baseUrl).pathname}/chat/completions`,
    });
    expect(headers).toEqual({
      accept: "text/event-stream",
      "accept-encoding": "identity",
      authorization: `Bearer ${KEY}`,
      connection: "close",
      "content-length": String(headers?.["content-length"]),
      "content-type": "application/json",
      host: new URL(baseUrl).host,
      "user-agent": "writ",
    });
    expect(JSON.stringify(body)).not.toContain(KEY);
    expect(body).toMatchObject({
      model: "tiny",
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 50,
      messages: [
        { role: "user", content: "Look." },
        {
          role: "assistant",
          content: "",
          tool_calls: [
            { id: "c1", type: "function", function: { name: "no_such_tool_", arguments: "{not json" } },
          ],
        },
        { role: "tool", tool_call_id: "c1", content: "There is no such tool." },
      ],
    });
    expect(body?.tools).toMatchObject([
      {
        type: "function",
        function: {
          name: "list_files",
          parameters: { type: "object", required: [], additionalProperties: false },
        },
      },
      {
        function: {
          name: "write_file",
          parameters: {
            properties: { path: { type: "string" }, content: { type: "string" } },
            required: ["path", "content"],
          },
        },
      },
    ]);
  });

  test("has no key where there is none, and no tools where none are offered", async () => {
    await ask(modelAt(server.endpoint(answers({ text: "fine" })), { key: null }));
    const { body, headers } = server.requests.at(-1) ?? {};
    expect(headers).not.toHaveProperty("authorization");
    expect(body).not.toHaveProperty("tools");
  });

  test("bounds the answer by the name that the server knows", async () => {
    const bodies: JsonValue[] = [];
    const exchange: Exchange = async ({ url, body }) => {
      bodies.push({ url: url.href, body: JSON.parse(body) as JsonValue });
      throw Object.assign(new Error("not here"), { code: "ECONNREFUSED" });
    };
    for (const baseUrl of ["https://api.openai.com/v1", "https://models.example.com/v1"]) {
      await ask(modelAt(baseUrl, {}, { exchange }), { tokensMax: 9 });
    }
    expect(bodies).toMatchObject([
      { url: "https://api.openai.com/v1/chat/completions", body: { max_completion_tokens: 9 } },
      { url: "https://models.example.com/v1/chat/completions", body: { max_tokens: 9 } },
    ]);
    expect(bodies[0]).not.toHaveProperty("body.max_tokens");
    expect(bodies[1]).not.toHaveProperty("body.max_completion_tokens");
  });

  test("is nothing that the environment has for this protocol", async () => {
    const said = {
      OPENAI_API_KEY: "sk-other",
      OPENAI_ORG_ID: "org-other",
      OPENAI_BASE_URL: "http://127.0.0.1:9",
    };
    Object.assign(process.env, said);
    try {
      const events = await ask(modelAt(server.endpoint(answers({ text: "fine" })), { key: null }));
      expect(events.at(-1)).toMatchObject({ k: "finished", text: "fine" });
      expect(JSON.stringify(server.requests.at(-1))).not.toContain("other");
    } finally {
      for (const name of Object.keys(said)) delete process.env[name];
    }
  });
});

describe("an answer", () => {
  const CALLS = [
    { tool: "read_file", argumentsText: '{"path":"a.md"}', callId: "a" },
    { tool: "read_file", argumentsText: '{"path":"b.md"}', callId: "b" },
    { tool: "list_files", argumentsText: "{}", callId: "c" },
  ];

  test("has parallel calls whose pieces came interleaved", async () => {
    expect(await endOf(modelAt(server.endpoint(answers({ toolCalls: CALLS }))))).toMatchObject({
      k: "finished",
      reason: "tool-calls",
      toolCalls: CALLS,
    });
  });

  test("has its calls also where the server says that it just stopped", async () => {
    const behaviour = answers({ toolCalls: CALLS, finish: "stop" });
    expect(await endOf(modelAt(server.endpoint(behaviour)))).toMatchObject({
      reason: "tool-calls",
      toolCalls: CALLS,
    });
  });

  test.each(["length", "content_filter"])("that ended by %s hands no call out", async (finish) => {
    const behaviour = answers({ text: "well", toolCalls: CALLS, finish });
    expect(await endOf(modelAt(server.endpoint(behaviour)))).toMatchObject({
      k: "finished",
      reason: finish === "length" ? "length" : "refused",
      text: "well",
      toolCalls: [],
    });
  });

  test("that is a refusal in words is one", async () => {
    const refusal = [{ index: 0, delta: { refusal: "I will not." }, finish_reason: "stop" }];
    expect(await endOf(modelAt(server.endpoint(sends(sse([chunk(refusal), "[DONE]"])))))).toMatchObject({
      reason: "refused",
      text: "I will not.",
    });
  });

  test("has calls of servers that neither number nor name them", async () => {
    const whole = (name: string) => ({ function: { name, arguments: "{}" } });
    const delta = { tool_calls: [whole("list_files"), { id: "call-1", ...whole("list_files") }] };
    const behaviour = sends(sse([chunk([{ index: 0, delta, finish_reason: "tool_calls" }]), "[DONE]"]));
    const last = await endOf(modelAt(server.endpoint(behaviour)));
    expect(last).toMatchObject({ toolCalls: [{ tool: "list_files" }, { callId: "call-1" }] });
    expect(new Set(last?.k === "finished" ? last.toolCalls.map(({ callId }) => callId) : []).size).toBe(2);
  });

  test("has a call without arguments as one where a server sends nothing for none", async () => {
    const toolCalls = [{ tool: "list_files", argumentsText: "", callId: "a" }];
    expect(await endOf(modelAt(server.endpoint(answers({ toolCalls }))))).toMatchObject({
      toolCalls: [{ tool: "list_files", argumentsText: "{}" }],
    });
  });

  test("with a character in two halves is streamed whole", async () => {
    const pieces = ["a\\ud83d", "\\udc4bb", "\\ud83d"].map(
      (content) => `{"choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}`,
    );
    const behaviour = sends(
      sse([...pieces, chunk([{ index: 0, delta: {}, finish_reason: "stop" }]), "[DONE]"]),
    );
    const events = await ask(modelAt(server.endpoint(behaviour)));
    const texts = events.map((event) => (event.k === "text-delta" ? event.text : ""));
    expect(texts.every((text) => text.isWellFormed())).toBe(true);
    expect(events.at(-1)).toMatchObject({ text: "a👋b\ufffd" });
    expect(texts.join("")).toBe("a👋b\ufffd");
  });

  test("reports what the provider counted, cached input apart", async () => {
    const usage = { prompt_tokens: 30, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 12 } };
    expect(await endOf(modelAt(server.endpoint(answers({ text: "x", usage }))))).toMatchObject({
      usage: { inputTokens: 30, cachedInputTokens: 12, outputTokens: 4, source: "reported" },
    });
  });

  test.each([
    ["no usage", null],
    ["negative counts", { prompt_tokens: -1, completion_tokens: 5 }],
    ["fractions", { prompt_tokens: 1.5, completion_tokens: 5 }],
  ])("with %s is estimated, and says so", async (_, usage) => {
    expect(await endOf(modelAt(server.endpoint(answers({ text: "four char", usage }))))).toMatchObject({
      usage: { outputTokens: 3, source: "estimated" },
    });
  });

  test("counts where only what follows its end is missing", async () => {
    const ended = sse(chunksOf({ text: "whole", usage: null }));
    // The silence behind an end is waited for by its own, shorter bound.
    const limits = { ...HASTY, idleMsMax: 600_000 };
    for (const behaviour of [sends(ended), cuts(ended), hangs(ended)]) {
      expect(await endOf(modelAt(server.endpoint(behaviour), {}, { limits }))).toMatchObject({
        k: "finished",
        text: "whole",
        usage: { source: "estimated" },
      });
    }
  });
});

describe("an abort", () => {
  test.each([
    ["before headers", hangs(null)],
    ["in the middle of a text", hangs(someText)],
    [
      "in the middle of a call",
      hangs(sse(chunksOf({ toolCalls: [{ tool: "t", argumentsText: "{}" }] }).slice(0, 2))),
    ],
    ["behind the end", hangs(sse(chunksOf({ text: "whole", usage: null })))],
  ])("%s is an AbortError and never an answer, and the server sees it", async (_, behaviour) => {
    let closed: Promise<void> | undefined;
    const started = new Promise<void>((resolve) => {
      const baseUrl = server.endpoint((response, request) => {
        closed = new Promise((gone) => response.once("close", gone));
        void behaviour(response, request);
        setTimeout(resolve, 50);
      });
      model = modelAt(baseUrl);
    });
    const controller = new AbortController();
    const asking = ask(model, {}, controller.signal);
    asking.catch(() => undefined);
    await started;
    controller.abort();
    await expect(asking).rejects.toSatisfy(isAbort);
    await closed;
  });
  let model = modelAt("http://127.0.0.1:9/v1");
});
