import { performance } from "node:perf_hooks";

/** Something that can be timed: `run` does it once and says how many units that was (default 1). */
export interface Work {
  readonly name: string;
  /** Brings about what `run` begins with; its time does not count. */
  prepare?(): Promise<void>;
  run(): Promise<number | void> | number | void;
}

/** What our side is meant to reach on a machine of two cores. */
export type Goal =
  | { readonly k: "within"; readonly ms: number }
  | { readonly k: "rate"; readonly perSecond: number }
  /** At most so many times what the bare operation takes. */
  | { readonly k: "ratio"; readonly most: number };

export interface Matchup {
  readonly title: string;
  readonly unit: string;
  readonly baseline: Work;
  readonly ours: Work;
  /** Rounds that count; one more goes before them and only warms up. */
  readonly rounds: number;
  readonly goal?: Goal;
}

export interface Pace {
  readonly name: string;
  /** Median over the rounds. */
  readonly perUnitMs: number;
  /** Largest deviation of the middle half of the rounds from the median, as a share of it. */
  readonly spread: number;
}

export interface Comparison {
  readonly title: string;
  readonly unit: string;
  readonly baseline: Pace;
  readonly ours: Pace;
  /** Time of ours for one unit over the baseline's in the same round, the median of all rounds: 1.00 costs nothing beside it. */
  readonly ratio: number;
  readonly goal: Goal | null;
}

/**
 * Times two works in turn. What else the machine does meets both of a round, so the rounds' ratios
 * say more than either time; each work goes first in every other round.
 */
export const compare = async (
  { title, unit, baseline, ours, rounds, goal }: Matchup,
  nowMs: () => number = () => performance.now(),
): Promise<Comparison> => {
  const bare: number[] = [];
  const own: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? ([baseline, ours] as const) : ([ours, baseline] as const);
    const times = new Map<Work, number>();
    for (const work of order) times.set(work, await once(work, nowMs));
    if (round === 0) continue;
    bare.push(times.get(baseline) ?? Number.NaN);
    own.push(times.get(ours) ?? Number.NaN);
  }
  return {
    title,
    unit,
    baseline: paceOf(baseline.name, bare),
    ours: paceOf(ours.name, own),
    ratio: quantile(
      own.map((ms, round) => ms / (bare[round] ?? Number.NaN)),
      0.5,
    ),
    goal: goal ?? null,
  };
};

export const meets = (goal: Goal, { ours, ratio }: Pick<Comparison, "ours" | "ratio">): boolean => {
  switch (goal.k) {
    case "within":
      return ours.perUnitMs <= goal.ms;
    case "rate":
      return 1_000 / ours.perUnitMs >= goal.perSecond;
    case "ratio":
      return ratio <= goal.most;
  }
};

const once = async (work: Work, nowMs: () => number): Promise<number> => {
  await work.prepare?.();
  const startedMs = nowMs();
  const units = (await work.run()) ?? 1;
  return (nowMs() - startedMs) / units;
};

const paceOf = (name: string, samples: readonly number[]): Pace => {
  const median = quantile(samples, 0.5);
  const above = quantile(samples, 0.75) - median;
  const below = median - quantile(samples, 0.25);
  return { name, perUnitMs: median, spread: Math.max(above, below) / median };
};

/** The sample below which `share` of the others lie; between two, the lower. */
const quantile = (samples: readonly number[], share: number): number => {
  const sorted = [...samples].sort((left, right) => left - right);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
};
