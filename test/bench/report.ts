import type { Comparison, Goal, Pace } from "./measure.ts";
import { meets } from "./measure.ts";

const HEAD = ["what", "unit", "bare", "ours", "ratio", "goal"] as const;

/** The comparisons as a Markdown table. */
export const table = (comparisons: readonly Comparison[]): string =>
  [HEAD, HEAD.map((_, column) => (column < 2 ? "---" : "---:")), ...comparisons.map(cells)]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");

const cells = ({ title, unit, baseline, ours, ratio, goal }: Comparison): readonly string[] => [
  title,
  unit,
  `${baseline.name}: ${figure(baseline)}`,
  figure(ours),
  ratio.toFixed(2),
  goal === null ? "" : `${goalText(goal)}: ${meets(goal, { ours, ratio }) ? "met" : "missed"}`,
];

const goalText = (goal: Goal): string => {
  switch (goal.k) {
    case "within":
      return `${goal.ms} ms`;
    case "rate":
      return rate(goal.perSecond);
    case "ratio":
      return `ratio ${goal.most}`;
  }
};

/** Slow things by their time, fast things by their rate. */
const figure = ({ perUnitMs, spread }: Pace): string => {
  const within = ` ±${Math.round(spread * 100)} %`;
  if (perUnitMs < 1) return `${rate(1_000 / perUnitMs)}${within}`;
  return `${perUnitMs.toFixed(perUnitMs >= 100 ? 0 : 1)} ms${within}`;
};

const rate = (perSecond: number): string => `${Math.round(perSecond).toLocaleString("en")}/s`;
