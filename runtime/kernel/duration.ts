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

/** The shortest exact text for people: `90s`, `5m`, `1h 30m`, `250ms`. */
export const durationText = (totalMs: number): string => {
  if (totalMs < 1_000) return `${Math.round(totalMs)}ms`;
  const parts: string[] = [];
  let rest = Math.round(totalMs / 1_000);
  for (const [unit, seconds] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const amount = Math.floor(rest / seconds);
    rest -= amount * seconds;
    if (amount > 0) parts.push(`${amount}${unit}`);
  }
  return parts.join(" ");
};
