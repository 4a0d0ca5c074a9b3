import { describe, expect, test } from "vitest";

import { isAbort } from "#kernel/abort.ts";
import type { LanguageModel, ModelEvent } from "#ports/language-model.ts";
import { keyedByClient } from "#host/models/keyed-by-client.ts";

/* A model that asks for its key with each request, over one that only says with which key it was asked. */

const ORIGIN = "https://models.example.com";
const REQUEST = { messages: [], tools: [], tokensMax: 1 };

const telling = (key: string | null): LanguageModel => ({
  id: `lab:tiny@${ORIGIN}/v1`,
  remote: true,
  outputTokensMax: 7,
  async *stream() {
    yield { k: "text-delta", text: `asked with ${key}` };
  },
});

const ask = async (model: LanguageModel, signal = new AbortController().signal): Promise<string> => {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(REQUEST, { signal })) events.push(event);
  return events.map((event) => (event.k === "text-delta" ? event.text : JSON.stringify(event))).join();
};

const answering = (...keys: (string | null)[]): LanguageModel =>
  keyedByClient(telling, async () => keys.shift() ?? null, ORIGIN);

describe("a model whose key stays with a client", () => {
  test("is the same model, bounds included", () => {
    expect(answering()).toMatchObject({ id: `lab:tiny@${ORIGIN}/v1`, remote: true, outputTokensMax: 7 });
  });

  test("is asked with the key of each request, and refused once there is none", async () => {
    const model = answering("k-1", "k-2");
    expect(await ask(model)).toBe("asked with k-1");
    expect(await ask(model)).toBe("asked with k-2");
    expect(await ask(model)).toContain("MODEL_REFUSED");
  });

  test.each([
    ["nothing", ""],
    ["a line feed", "secret\r\nx-injected: 1"],
    ["what is no ASCII", "secret-ü"],
    ["too much", "secret".repeat(1_000)],
  ])("is not asked with %s, which no message repeats", async (_, key) => {
    const said = await ask(answering(key));
    expect(said).toContain("MODEL_REFUSED");
    expect(said).not.toContain("secret");
  });

  test("is asked no more once the run is cancelled over the question for the key", async () => {
    const controller = new AbortController();
    const model = keyedByClient(
      telling,
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")), { once: true });
        }),
      ORIGIN,
    );
    const asked = ask(model, controller.signal);
    controller.abort();
    await expect(asked).rejects.toSatisfy(isAbort);
  });
});
