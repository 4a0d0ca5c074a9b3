import type { ModelPrice, ModelUsage } from "#ports/language-model.ts";

/**
 * What an answer cost in billionths of a US dollar, or null where the price is not known or the sum is
 * none. As exact as the usage is: of an estimate it is an estimate. Attempts that were cut are not in
 * it, because no provider says what it took for them.
 */
export const costNanoUsd = (usage: ModelUsage, price: ModelPrice | undefined): number | null => {
  if (price === undefined) return null;
  const cached = usage.cachedInputTokens ?? 0;
  const cost =
    (usage.inputTokens - cached) * price.inputUsdPerMillion +
    cached * price.cachedInputUsdPerMillion +
    usage.outputTokens * price.outputUsdPerMillion;
  const nano = Math.round(cost * NANO_PER_MILLIONTH);
  return Number.isSafeInteger(nano) && nano >= 0 ? nano : null;
};

/** A dollar for a million tokens is a millionth for one. */
const NANO_PER_MILLIONTH = 1_000;
