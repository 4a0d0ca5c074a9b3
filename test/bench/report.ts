import type { Comparison, Pace } from "./measure.ts";

const HEAD = ["what", "unit", "baseline", "ours", "ratio"] as const;

/** The comparisons as a Markdown table. */
export const table = (comparisons: readonly Comparison[]): string =>
  [
    `| ${HEAD.join(" | ")} |`,
    `| ${HEAD.map(() => "---").join(" | ")} |`,
    ...comparisons.map(
      ({ title, unit, baseline, ours, ratio }) =>
        `| ${title} | ${unit} | ${baseline.name}: ${figure(baseline)} | ${ours.name}: ${figure(ours)} | ${ratio.toFixed(2)} |`,
    ),
  ].join("\n");

/** Slow things by their time, fast things by their rate. */
const figure = ({ perUnitMs, spread }: Pace): string => {
  const within = ` ±${Math.round(spread * 100)} %`;
  if (perUnitMs >= 1) return `${perUnitMs.toFixed(perUnitMs >= 100 ? 0 : 1)} ms${within}`;
  return `${Math.round(1000 / perUnitMs).toLocaleString("en")}/s${within}`;
};
