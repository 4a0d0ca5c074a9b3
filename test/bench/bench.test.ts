import { describe, expect, test } from "vitest";
import { agentSource } from "./kit/agent-source.ts";
import type { Comparison, Work } from "./measure.ts";
import { compare, meets } from "./measure.ts";
import { benchmarksPage, withTable } from "./page.ts";
import { table } from "./report.ts";

/* The harness on work that moves a clock of its own, so that what it computes is known. */

/** Work whose rounds take so many milliseconds, the first (which warms up) included. */
const worlds = (baselineMs: readonly number[], oursMs: readonly number[], units?: number) => {
  let nowMs = 1_000;
  const order: string[] = [];
  const work = (name: string, rounds: readonly number[]): Work => {
    let round = 0;
    return {
      name,
      run: () => {
        order.push(name);
        nowMs += rounds[round] ?? Number.NaN;
        round += 1;
        return units;
      },
    };
  };
  return { baseline: work("bare", baselineMs), ours: work("ours", oursMs), now: () => nowMs, order };
};

const compared = async (
  baselineMs: readonly number[],
  oursMs: readonly number[],
  units?: number,
): Promise<Comparison> => {
  const { baseline, ours, now } = worlds(baselineMs, oursMs, units);
  const rounds = baselineMs.length - 1;
  return compare({ title: "work", unit: "time", baseline, ours, rounds }, now);
};

describe("a comparison", () => {
  test("takes medians and leaves the first round out", async () => {
    const { baseline, ours } = await compared([900, 10, 30, 20], [900, 40, 60, 50]);
    expect([baseline.perUnitMs, ours.perUnitMs]).toEqual([20, 50]);
  });

  test("divides by the units that a round did", async () => {
    expect((await compared([0, 100], [0, 300], 50)).ours.perUnitMs).toBe(6);
  });

  test("takes the ratio within each round, so that a slow machine cancels out", async () => {
    expect((await compared([0, 10, 100, 1_000], [0, 20, 200, 2_000])).ratio).toBe(2);
  });

  test("says how far the middle half of the rounds lies apart", async () => {
    expect((await compared([0, 1, 1, 1, 1, 1], [0, 50, 90, 100, 130, 500])).ours.spread).toBe(0.3);
  });

  test("lets each work go first in turn", async () => {
    const { baseline, ours, now, order } = worlds([1, 1, 1], [1, 1, 1]);
    await compare({ title: "", unit: "", baseline, ours, rounds: 2 }, now);
    expect(order).toEqual(["bare", "ours", "ours", "bare", "bare", "ours"]);
  });

  test("does not count what goes before", async () => {
    const { baseline, ours, now } = worlds(
      Array.from({ length: 8 }, () => 1),
      [2, 2, 2, 2],
    );
    const prepared: Work = { ...ours, prepare: async () => void (await baseline.run()) };
    const { ratio } = await compare({ title: "", unit: "", baseline, ours: prepared, rounds: 3 }, now);
    expect(ratio).toBe(2);
  });

  test("passes on what fails", async () => {
    const failing: Work = { name: "ours", run: () => Promise.reject(new Error("cannot")) };
    const { baseline } = worlds([1, 1], []);
    await expect(compare({ title: "", unit: "", baseline, ours: failing, rounds: 1 })).rejects.toThrow(
      "cannot",
    );
  });
});

test.each([
  [{ k: "within", ms: 250 }, 250, true],
  [{ k: "within", ms: 250 }, 251, false],
  [{ k: "rate", perSecond: 5_000 }, 0.2, true],
  [{ k: "rate", perSecond: 5_000 }, 0.21, false],
] as const)("%j with %d ms a unit: %j", (goal, perUnitMs, met) => {
  expect(meets(goal, { ours: { name: "", perUnitMs, spread: 0 }, ratio: Number.NaN })).toBe(met);
});

test.each([
  [1.25, true],
  [1.26, false],
])("at most 1.25 times the bare operation, at %d times: %j", (ratio, met) => {
  const ours = { name: "", perUnitMs: 1, spread: 0 };
  expect(meets({ k: "ratio", most: 1.25 }, { ours, ratio })).toBe(met);
});

test("the table shows slow things by time, fast things by rate, and whether the goal is met", () => {
  const pace = { name: "bare", perUnitMs: 0.05, spread: 0.124 };
  const rows = table([
    {
      title: "start",
      unit: "time",
      baseline: { ...pace, perUnitMs: 40 },
      ours: { ...pace, perUnitMs: 260.4 },
      ratio: 6.51,
      goal: { k: "within", ms: 250 },
    },
    {
      title: "decision",
      unit: "call",
      baseline: pace,
      ours: { ...pace, perUnitMs: 0.1 },
      ratio: 2,
      goal: { k: "rate", perSecond: 5_000 },
    },
    { title: "again", unit: "call", baseline: pace, ours: pace, ratio: 1, goal: { k: "ratio", most: 1.25 } },
    { title: "other", unit: "call", baseline: pace, ours: pace, ratio: 1, goal: null },
  ]).split("\n");
  expect(rows).toEqual([
    "| what | unit | bare | ours | ratio | goal |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
    "| start | time | bare: 40.0 ms ±12 % | 260 ms ±12 % | 6.51 | 250 ms: missed |",
    "| decision | call | bare: 20,000/s ±12 % | 10,000/s ±12 % | 2.00 | 5,000/s: met |",
    "| again | call | bare: 20,000/s ±12 % | 20,000/s ±12 % | 1.00 | ratio 1.25: met |",
    "| other | call | bare: 20,000/s ±12 % | 20,000/s ±12 % | 1.00 |  |",
  ]);
});

test("figures replace those that the page had, and nothing else of it", () => {
  const page = benchmarksPage.read();
  const once = withTable(page, "new\n");
  expect(once).toContain("\nnew\n");
  expect(withTable(once, "newer\n")).toBe(once.replace("\nnew\n", "\nnewer\n"));
  expect(() => withTable("no marks", "new\n")).toThrow("no place");
});

test.each([5, 38, 200, 1_000])("a generated agent file of %d lines has as many", (count) => {
  expect(agentSource(count).split("\n")).toHaveLength(count + 1);
});
