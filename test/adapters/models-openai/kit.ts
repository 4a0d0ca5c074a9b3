import { systemClock } from "#adapters/clock/system-clock.ts";
import { createOpenAiModel } from "#adapters/models-openai/index.ts";
import type { OpenAiDeps, OpenAiModel } from "#adapters/models-openai/index.ts";
import { OPENAI_LIMITS_DEFAULT } from "#adapters/models-openai/limits.ts";
import type { OpenAiLimits } from "#adapters/models-openai/limits.ts";
import type { LanguageModel, ModelEvent, ModelRequest } from "#ports/language-model.ts";

/** Told apart in everything that must not hold it. */
export const KEY = "test-key-3c1f9d77a2b84e05";

/** Short enough to wait for, long enough for a busy machine. */
export const HASTY: OpenAiLimits = {
  ...OPENAI_LIMITS_DEFAULT,
  firstByteMsMax: 300,
  idleMsMax: 300,
  trailerMsMax: 100,
};

export const modelAt = (
  baseUrl: string,
  changes: Partial<OpenAiModel> = {},
  deps: Partial<OpenAiDeps> = {},
): LanguageModel =>
  createOpenAiModel(
    {
      id: `openai:tiny@${baseUrl}`,
      name: "tiny",
      baseUrl,
      key: KEY,
      keyHelp: "put another key in",
      outputTokensMax: 500,
      price: null,
      ...changes,
    },
    { clock: systemClock, ...deps },
  );

export const REQUEST: ModelRequest = {
  messages: [
    { role: "system", text: "You are terse." },
    { role: "user", text: "What now?" },
  ],
  tools: [],
  tokensMax: 1_000,
};

export const ask = async (
  model: LanguageModel,
  request: Partial<ModelRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly ModelEvent[]> => {
  const events: ModelEvent[] = [];
  for await (const event of model.stream({ ...REQUEST, ...request }, { signal })) events.push(event);
  return events;
};

/** The last event of the answer, which says how it ended. */
export const endOf = async (
  model: LanguageModel,
  request: Partial<ModelRequest> = {},
): Promise<ModelEvent | undefined> => (await ask(model, request)).at(-1);
