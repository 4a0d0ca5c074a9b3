import { describe, expect, test } from "vitest";
import { isAbort } from "#kernel/abort.ts";
import type { LanguageModel, ModelEvent, ModelFault, ModelRequest } from "#ports/language-model.ts";

/** What an implementation of the port brings so that the suite can make it answer. */
export interface LanguageModelHarness {
  /** A model whose next request is answered so; the answer is streamed in several pieces. */
  answering(answer: {
    readonly text: string;
    readonly toolCalls: readonly { readonly tool: string; readonly argumentsText: string }[];
  }): LanguageModel;
  /** A model whose next request fails, after some text was streamed. */
  failing(code: ModelFault["code"]): LanguageModel;
  /** A model that proposes a call whole and whose stream ends before it said why it finished. */
  cut(): LanguageModel;
  /** A model that streams nothing until it is aborted. */
  hanging(): LanguageModel;
}

const REQUEST: ModelRequest = {
  messages: [
    { role: "system", text: "You are terse." },
    { role: "user", text: "What now?" },
  ],
  tools: [],
  tokensMax: 1_000,
};

/** Most events that a model may make of one short answer: deltas are pieces, not single characters. */
const EVENTS_MAX = 100;

/** The behaviour that every LanguageModel has; run it on each adapter and each fake. */
export const languageModelContract = (name: string, harness: LanguageModelHarness): void => {
  describe(`${name} as a LanguageModel`, () => {
    test("has an id that names provider and model", () => {
      const model = harness.answering({ text: "", toolCalls: [] });
      expect(model.id).toMatch(/^[a-z][a-z0-9-]*:.+$/);
    });

    test("ends with finished, and what was streamed is the text", async () => {
      const events = await collect(
        harness.answering({ text: "ein Gruß an alle 👋 und fort", toolCalls: [] }),
      );
      const finished = events.at(-1);
      expect(finished).toMatchObject({ k: "finished", reason: "stop", text: "ein Gruß an alle 👋 und fort" });
      expect(textOf(events)).toBe("ein Gruß an alle 👋 und fort");
      expect(events.filter((event) => event.k !== "text-delta")).toHaveLength(1);
      expect(events.length).toBeLessThan(EVENTS_MAX);
    });

    test("streams no piece with half of a character", async () => {
      const events = await collect(harness.answering({ text: "👋".repeat(20), toolCalls: [] }));
      const pieces = events.map((event) => (event.k === "text-delta" ? event.text : ""));
      expect(pieces.filter((piece) => !piece.isWellFormed())).toEqual([]);
      expect(events.length).toBeGreaterThan(1);
    });

    test("hands tool calls out with the finish only, in order, arguments as written", async () => {
      const toolCalls = [
        { tool: "read_file", argumentsText: '{"path":"a"}' },
        { tool: "no such tool", argumentsText: "{not json" },
      ];
      const events = await collect(harness.answering({ text: "looking", toolCalls }));
      const finished = events.at(-1);
      expect(finished?.k).toBe("finished");
      if (finished?.k !== "finished") return;
      expect(finished.reason).toBe("tool-calls");
      expect(finished.toolCalls).toMatchObject(toolCalls);
      expect(new Set(finished.toolCalls.map((call) => call.callId)).size).toBe(2);
    });

    test("counts tokens in whole numbers and says how it knows", async () => {
      const finished = (await collect(harness.answering({ text: "hello", toolCalls: [] }))).at(-1);
      expect(finished?.k).toBe("finished");
      if (finished?.k !== "finished") return;
      for (const count of [finished.usage.inputTokens, finished.usage.outputTokens]) {
        expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
      }
      expect(["reported", "estimated"]).toContain(finished.usage.source);
    });

    test.each(["MODEL_UNAVAILABLE", "MODEL_REFUSED", "MODEL_TIMEOUT"] as const)(
      "ends with failed as %s, once and last",
      async (code) => {
        const events = await collect(harness.failing(code));
        expect(events.at(-1)).toMatchObject({ k: "failed", fault: { code } });
        expect(events.filter((event) => event.k !== "text-delta")).toHaveLength(1);
      },
    );

    test("hands no call out of a stream that was cut", async () => {
      const events = await collect(harness.cut());
      expect(events.at(-1)?.k).toBe("failed");
      expect(events.some((event) => event.k === "finished")).toBe(false);
    });

    test("says only of a fault that passes that the request may be sent again", async () => {
      for (const code of ["MODEL_UNAVAILABLE", "MODEL_REFUSED", "MODEL_TIMEOUT"] as const) {
        const last = (await collect(harness.failing(code))).at(-1);
        if (last?.k !== "failed") throw new Error(`not a failure: ${JSON.stringify(last)}`);
        const { again, retryable } = last.fault;
        if (again === undefined) continue;
        expect(retryable).toBe(true);
        expect(again.afterMs ?? 0).toBeGreaterThanOrEqual(0);
      }
    });

    test("stops with an AbortError when it is aborted while it waits", async () => {
      const controller = new AbortController();
      const collecting = collect(harness.hanging(), controller.signal);
      controller.abort();
      await expect(collecting).rejects.toSatisfy(isAbort);
    });

    test("stops with an AbortError when it is aborted between two pieces", async () => {
      const controller = new AbortController();
      const seen: ModelEvent[] = [];
      const reading = (async () => {
        const model = harness.answering({ text: "one two three four five six", toolCalls: [] });
        for await (const event of model.stream(REQUEST, { signal: controller.signal })) {
          seen.push(event);
          controller.abort();
        }
      })();
      await expect(reading).rejects.toSatisfy(isAbort);
      expect(seen.some((event) => event.k === "finished")).toBe(false);
    });

    test("does nothing when it was aborted before", async () => {
      const controller = new AbortController();
      controller.abort();
      const model = harness.answering({ text: "never", toolCalls: [] });
      await expect(collect(model, controller.signal)).rejects.toSatisfy(isAbort);
    });

    test("lets go when its reader leaves early", async () => {
      const model = harness.answering({ text: "one two three", toolCalls: [] });
      let seen = 0;
      for await (const event of model.stream(REQUEST, { signal: new AbortController().signal })) {
        expect(event.k).toBe("text-delta");
        seen += 1;
        break;
      }
      expect(seen).toBe(1);
    });
  });
};

const collect = async (
  model: LanguageModel,
  signal: AbortSignal = new AbortController().signal,
): Promise<ModelEvent[]> => {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(REQUEST, { signal })) events.push(event);
  return events;
};

const textOf = (events: readonly ModelEvent[]): string =>
  events.map((event) => (event.k === "text-delta" ? event.text : "")).join("");
