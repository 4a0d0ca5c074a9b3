/** Durations as agent files and flags write them. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  milliseconds: 1,
  s: 1_000,
  seconds: 1_000,
  m: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  weeks: 604_800_000,
};

const FORM = /^([0-9][0-9_]*)\s*\.?\s*(ms|milliseconds|s|seconds|m|minutes|h|hours|d|days|w|weeks)$/;

/** Longest duration that any limit may have: 366 days. */
export const DURATION_MS_MAX = 366 * 86_400_000;

/**
 * Milliseconds of `30s`, `5m`, `60.seconds`, `2h` or `500ms`; `m` is minutes always. Undefined
 * for anything else, a fraction, or more than `DURATION_MS_MAX`.
 */
export const durationMs = (text: string): number | undefined => {
  const found = FORM.exec(text.trim());
  if (found === null) return undefined;
  const amount = Number((found[1] ?? "").replaceAll("_", ""));
  const unitMs = UNIT_MS[found[2] ?? ""];
  if (unitMs === undefined || !Number.isSafeInteger(amount)) return undefined;
  const total = amount * unitMs;
  return total <= DURATION_MS_MAX ? total : undefined;
};

/** The exact text of whole milliseconds for people: `1m 30s`, `5m`, `1s 500ms`, `0ms`. */
export const durationText = (totalMs: number): string => {
  const parts: string[] = [];
  let restMs = totalMs;
  for (const [unit, unitMs] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
    ["ms", 1],
  ] as const) {
    const amount = Math.floor(restMs / unitMs);
    restMs -= amount * unitMs;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.length === 0 ? "0ms" : parts.join(" ");
};

/** `durationText` of what was measured: to the second from one second on, to the millisecond below. */
export const aboutDurationText = (measuredMs: number): string => {
  const wholeMs = Math.round(measuredMs);
  return durationText(wholeMs < 1_000 ? wholeMs : Math.round(wholeMs / 1_000) * 1_000);
};
