import type { ModelPrice } from "#ports/language-model.ts";

/*
 * List prices of OpenAI's own endpoint, in US dollars for a million tokens: input, cached input, output.
 * Source: https://platform.openai.com/docs/pricing, standard tier, as of August 2025. A price that is not
 * here is not known; what a model costs elsewhere, or costs today, the user says in the settings.
 */
const LIST: Readonly<Record<string, readonly [input: number, cachedInput: number, output: number]>> = {
  "gpt-5": [1.25, 0.125, 10],
  "gpt-5-mini": [0.25, 0.025, 2],
  "gpt-5-nano": [0.05, 0.005, 0.4],
  "gpt-4.1": [2, 0.5, 8],
  "gpt-4.1-mini": [0.4, 0.1, 1.6],
  "gpt-4.1-nano": [0.1, 0.025, 0.4],
  "gpt-4o": [2.5, 1.25, 10],
  "gpt-4o-mini": [0.15, 0.075, 0.6],
  o3: [2, 0.5, 8],
  "o4-mini": [1.1, 0.275, 4.4],
};

export const OPENAI_ORIGIN = "https://api.openai.com";

/** The price of a model at an origin as far as it is built in, else null: never a guess, never zero. */
export const builtInPrice = (origin: string, model: string): ModelPrice | null => {
  const row = origin === OPENAI_ORIGIN && Object.hasOwn(LIST, model) ? LIST[model] : undefined;
  if (row === undefined) return null;
  const [inputUsdPerMillion, cachedInputUsdPerMillion, outputUsdPerMillion] = row;
  return { inputUsdPerMillion, cachedInputUsdPerMillion, outputUsdPerMillion };
};
