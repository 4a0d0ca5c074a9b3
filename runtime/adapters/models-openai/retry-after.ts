const SECONDS = /^\d{1,12}(?:\.\d{1,6})?$/;
/** IMF-fixdate of RFC 9110, section 5.6.7. */
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * How long a provider wants nobody to ask, in milliseconds from `wallMs`, or null when it did not say so
 * in a form that is known: `retry-after-ms`, which some send and which is finer, else `Retry-After` in
 * seconds or as a date (RFC 9110, section 10.2.3).
 */
export const retryAfterMs = (header: (name: string) => string | null, wallMs: number): number | null => {
  const fine = header("retry-after-ms")?.trim() ?? "";
  if (SECONDS.test(fine)) return Number(fine);
  const text = header("retry-after")?.trim() ?? "";
  if (SECONDS.test(text)) return Number(text) * 1_000;
  const date = DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - wallMs);
};
