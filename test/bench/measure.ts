import { performance } from "node:perf_hooks";

/** Something that can be timed: `run` does it once and says how many units that was (default 1). */
export interface Work {
  readonly name: string;
  run(): Promise<number | void> | number | void;
}

export interface Pace {
  readonly name: string;
  /** Median over the rounds. */
  readonly perUnitMs: number;
  /** Largest deviation of the middle half of the rounds from the median, as a share of it. */
  readonly spread: number;
  readonly rounds: number;
}

export interface Comparison {
  readonly title: string;
  readonly unit: string;
  readonly baseline: Pace;
  readonly ours: Pace;
  /** Time of ours for one unit over the baseline's: 1.00 costs nothing beside it. */
  readonly ratio: number;
}

/** Rounds are interleaved, so that a machine that slows down slows both; the first of each only warms up. */
export const compare = async (
  title: string,
  unit: string,
  baseline: Work,
  ours: Work,
  roundCount: number,
): Promise<Comparison> => {
  const samples = { baseline: [] as number[], ours: [] as number[] };
  for (let round = 0; round <= roundCount; round += 1) {
    const bare = await once(baseline);
    const own = await once(ours);
    if (round === 0) continue;
    samples.baseline.push(bare);
    samples.ours.push(own);
  }
  const bare = pace(baseline.name, samples.baseline);
  const own = pace(ours.name, samples.ours);
  return { title, unit, baseline: bare, ours: own, ratio: own.perUnitMs / bare.perUnitMs };
};

const once = async (work: Work): Promise<number> => {
  const startedMs = performance.now();
  const units = (await work.run()) ?? 1;
  return (performance.now() - startedMs) / units;
};

const pace = (name: string, samples: readonly number[]): Pace => {
  const sorted = [...samples].sort((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  const median = at(0.5);
  return {
    name,
    perUnitMs: median,
    spread: Math.max(median - at(0.25), at(0.75) - median) / median,
    rounds: sorted.length,
  };
};
