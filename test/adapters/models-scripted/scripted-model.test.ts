import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openScriptedModel, scriptedModel } from "#adapters/models-scripted/index.ts";
import { readScript } from "#adapters/models-scripted/script.ts";
import { abortError } from "#kernel/abort.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Clock } from "#ports/clock.ts";
import type { LanguageModel, ModelEvent, ModelRequest } from "#ports/language-model.ts";
import { languageModelContract } from "#test/contracts/language-model.ts";

/** Waits for nothing, except for an hour, which it waits for until it is aborted. */
const clock: Clock = {
  wallMs: () => 0,
  monotonicMs: () => 0,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) reject(abortError());
      else if (ms < 3_600_000) resolve();
      else signal.addEventListener("abort", () => reject(abortError()), { once: true });
    }),
};

const modelOf = (...turns: JsonValue[]): LanguageModel => {
  const script = readScript(JSON.stringify({ turns }));
  if (!script.ok) throw new Error(script.fault.message);
  return scriptedModel(script.value, { name: "test", clock });
};

const ask = async (model: LanguageModel, request: Partial<ModelRequest> = {}): Promise<ModelEvent[]> => {
  const events: ModelEvent[] = [];
  const whole: ModelRequest = { messages: [], tools: [], tokensMax: 100, ...request };
  for await (const event of model.stream(whole, { signal: new AbortController().signal })) {
    events.push(event);
  }
  return events;
};

languageModelContract("a scripted model", {
  answering: ({ text, toolCalls }) => modelOf({ text, toolCalls: [...toolCalls], deltas: 5 }),
  failing: (code) => modelOf({ text: "so far", fail: code }),
  cut: () => modelOf({ toolCalls: [{ tool: "write_file" }], fail: "MODEL_UNAVAILABLE" }),
  hanging: () => modelOf({ delayMs: 3_600_000 }),
});

describe("turns", () => {
  test("are taken one for each request, then the script is exhausted", async () => {
    const model = modelOf({ text: "first" }, { text: "second" });
    expect((await ask(model)).at(-1)).toMatchObject({ text: "first" });
    expect((await ask(model)).at(-1)).toMatchObject({ text: "second" });
    expect(await ask(model)).toEqual([
      {
        k: "failed",
        fault: {
          code: "MODEL_EXHAUSTED",
          message: "the script has only 2 turns and the run asked for one more",
          retryable: false,
        },
      },
    ]);
  });

  test("make the same call ids every time", async () => {
    const finished = async () =>
      (
        await ask(
          modelOf({
            toolCalls: [
              { tool: "a", times: 2 },
              { tool: "b", callId: "mine" },
            ],
          }),
        )
      ).at(-1);
    expect(await finished()).toMatchObject({
      toolCalls: [
        { callId: "call-1-1", tool: "a", argumentsText: "{}" },
        { callId: "call-1-2", tool: "a", argumentsText: "{}" },
        { callId: "mine", tool: "b", argumentsText: "{}" },
      ],
    });
    expect(await finished()).toEqual(await finished());
  });

  test("carry hostile content untouched", async () => {
    const hostile = '\u001b[2J\u202e"; rm -rf / # ../../etc/passwd';
    const model = modelOf({
      text: hostile,
      toolCalls: [{ tool: hostile, arguments: { __entity: { type: "Agent", id: "x" } } }],
    });
    expect((await ask(model)).at(-1)).toMatchObject({
      text: hostile,
      toolCalls: [{ tool: hostile, argumentsText: '{"__entity":{"id":"x","type":"Agent"}}' }],
    });
  });

  test("repeat a text to any size within the limit", async () => {
    const finished = (
      await ask(modelOf({ text: { repeat: { text: "ab", times: 1_000_000 } }, deltas: 4 }))
    ).at(-1);
    expect(finished?.k === "finished" && finished.text.length).toBe(2_000_000);
  });

  test("report the usage that is written", async () => {
    expect((await ask(modelOf({ usage: { inputTokens: 7, outputTokens: 5 } }))).at(-1)).toMatchObject({
      usage: { inputTokens: 7, outputTokens: 5, source: "reported" },
    });
  });

  test("fail when what they expect is not there, and say what", async () => {
    const turn = { text: "ok", expect: { lastMessageContains: "denied", toolsOffered: [] } };
    expect((await ask(modelOf(turn), { messages: [{ role: "user", text: "was denied" }] })).at(-1)?.k).toBe(
      "finished",
    );
    expect((await ask(modelOf(turn), { messages: [{ role: "user", text: "fine" }] })).at(-1)).toMatchObject({
      fault: {
        code: "MODEL_BAD_ANSWER",
        message: "turn 1 of the script expects `denied` in the last message, and it is not there",
      },
    });
    expect((await ask(modelOf({ expect: { toolsOffered: ["shell"] } }))).at(-1)).toMatchObject({
      fault: { message: "turn 1 of the script expects other tools than none" },
    });
  });
});

describe("a wrong script is one fault that names the place", () => {
  const turn = (value: JsonValue): string => JSON.stringify({ turns: [value] });

  test.each<[what: string, script: string, message: RegExp]>([
    ["not JSON", "{", /^the script is not readable as JSON/],
    ["a list", "[]", /^the script is not an object$/],
    ["no turns", "{}", /^the script has no `turns`$/],
    ["another field", '{"turns":[],"v":1}', /^the script has a field that is not known; known are turns$/],
    ["a prototype key", '{"turns":[],"__proto__":{}}', /not known/],
    ["turns that are no list", '{"turns":{}}', /^turns is not a list$/],
    ["a turn that is a text", turn("hello"), /^turns\[0\] is not an object$/],
    ["an unknown field of a turn", turn({ txt: "" }), /^turns\[0\] has a field that is not known/],
    ["a text of another type", turn({ text: 1 }), /^turns\[0\].text is not an object$/],
    ["a call without a tool", turn({ toolCalls: [{}] }), /^turns\[0\].toolCalls\[0\] has no `tool`$/],
    [
      "both kinds of arguments",
      turn({ toolCalls: [{ tool: "a", arguments: {}, argumentsText: "" }] }),
      /has both `arguments` and/,
    ],
    [
      "a flood beyond the limit",
      turn({ text: { repeat: { text: "abcd", times: 60_000_000 } } }),
      /makes a text longer than/,
    ],
    [
      "too many calls",
      turn({
        toolCalls: [
          { tool: "a", times: 99_999 },
          { tool: "b", times: 2 },
        ],
      }),
      /^turns\[0\].toolCalls makes more than 100000 calls$/,
    ],
    ["a fraction", turn({ delayMs: 0.5 }), /^turns\[0\].delayMs is not a whole number/],
    ["a code that no model has", turn({ fail: "EVIL" }), /^turns\[0\].fail is none of MODEL_/],
    ["a finish that no model has", turn({ finish: "bored" }), /^turns\[0\].finish is none of/],
  ])("%s", (_what, script, message) => {
    expect(readScript(script)).toMatchObject({
      ok: false,
      fault: { code: "SCRIPT_INVALID", message: expect.stringMatching(message) },
    });
  });
});

describe("opening a file", () => {
  const open = (path: string) => openScriptedModel(path, { name: "file", clock });

  test("gives the model it describes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scripted-"));
    await writeFile(join(folder, "turns.json"), '{"turns":[{"text":"hello"}]}');
    const model = await open(join(folder, "turns.json"));
    expect(model.ok && model.value.id).toBe("scripted:file");
    expect(model.ok && model.value.remote).toBe(false);
    expect(model.ok && (await ask(model.value)).at(-1)).toMatchObject({ text: "hello" });
  });

  test.each([
    ["nowhere.json", "there is no such file"],
    [".", "it is a folder"],
  ])("%s is a clear fault", async (name, why) => {
    const folder = await mkdtemp(join(tmpdir(), "scripted-"));
    expect(await open(join(folder, name))).toMatchObject({
      ok: false,
      fault: { code: "SCRIPT_UNREADABLE", message: `the model's script \`file\` cannot be read: ${why}` },
    });
  });

  test("bytes that are no text, and too many of them, are clear faults", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scripted-"));
    await writeFile(join(folder, "binary"), new Uint8Array([0xff, 0xfe]));
    await writeFile(join(folder, "large"), " ".repeat(4 * 1024 * 1024 + 1));
    expect(await open(join(folder, "binary"))).toMatchObject({
      fault: { message: "the model's script `file` cannot be read: it is not UTF-8 text" },
    });
    expect(await open(join(folder, "large"))).toMatchObject({
      fault: { message: "the model's script `file` cannot be read: it has more than 4194304 bytes" },
    });
  });
});
