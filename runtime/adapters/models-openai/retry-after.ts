import { DURATION_MS_MAX } from "#kernel/duration.ts";

const NUMBER = /^\d+(?:\.\d+)?$/;
/** What is longer than that is as good as never, and no clock can count it. */
const WAIT_MS_MAX = 100 * DURATION_MS_MAX;
/** IMF-fixdate of RFC 9110, section 5.6.7. */
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * How long a provider wants nobody to ask, in milliseconds from `wallMs`, at most a hundred years, or null when it did not say so
 * in a form that is known: `retry-after-ms`, which some send and which is finer, else `Retry-After` in
 * seconds or as a date (RFC 9110, section 10.2.3).
 */
export const retryAfterMs = (header: (name: string) => string | null, wallMs: number): number | null => {
  const fine = header("retry-after-ms")?.trim() ?? "";
  if (NUMBER.test(fine)) return Math.min(WAIT_MS_MAX, Number(fine));
  const text = header("retry-after")?.trim() ?? "";
  if (NUMBER.test(text)) return Math.min(WAIT_MS_MAX, Number(text) * 1_000);
  const date = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.min(WAIT_MS_MAX, Math.max(0, date - wallMs));
};
