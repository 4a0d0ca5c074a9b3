import {
  type Decimal,
  decimalOf,
  half,
  isMultiple,
  minus,
  multipleAtMost,
  numberOf,
  plus,
} from "./decimal.ts";
import type { Draws } from "./draws.ts";
import { type Facets, numberRulesOf, type Rule, rulesOf, strictest } from "./facets.ts";
import { onBound, plain, type Sample } from "./sample.ts";

interface Bound {
  readonly rule: Rule<number>;
  readonly at: Decimal;
  readonly isExclusive: boolean;
}

export interface NumberRange {
  readonly low: Bound | undefined;
  readonly high: Bound | undefined;
  /** What neighbours differ by: the multiple, one, or one in the last place of the bounds. */
  readonly step: Decimal;
  readonly multiples: readonly Rule<number>[];
}

/** Larger ones are read differently by different readers. */
const SAFE = Number.MAX_SAFE_INTEGER;
const INT32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1];

export const rangeOf = (facets: Facets, isInteger: boolean): NumberRange => {
  const low = boundOf(facets, "minimum", "exclusiveMinimum", "largest");
  const high = boundOf(facets, "maximum", "exclusiveMaximum", "smallest");
  const multiples = numberRulesOf(facets, "multipleOf");
  const [multiple] = multiples;
  const places = Math.max(low?.at.scale ?? 0, high?.at.scale ?? 0);
  const ownStep = isInteger ? decimalOf(1) : { digits: 1n, scale: Math.max(places, 1) };
  return { low, high, step: multiple === undefined ? ownStep : decimalOf(multiple.value), multiples };
};

/** Ordinary values first, then the ends of the range and their neighbours inside. */
export const numberSamples = (facets: Facets, isInteger: boolean, draws: Draws): readonly Sample[] => {
  const { low, high, step } = rangeOf(facets, isInteger);
  const narrow = rulesOf(facets, "format").some(({ value }) => value === "int32") ? INT32 : [-SAFE, SAFE];
  const lowest = low === undefined ? undefined : inside(low, step, "up");
  const highest = high === undefined ? undefined : inside(high, step, "down");
  const from =
    lowest ?? (highest === undefined ? step : minus(highest, { ...step, digits: step.digits * 20n }));
  const room = highest === undefined ? 20 : Math.min(20, numberOf(minus(highest, from)) / numberOf(step));
  // Beside its bounds where there is room: of a plainest request that is refused for one, others prove nothing.
  const between = Math.max(Math.floor(room) - 1, 0);
  const drawn = between === 0 ? 0 : 1 + draws.below(between);
  const ordinary = plus(from, { ...step, digits: step.digits * BigInt(drawn) });
  const samples = [plain(numberOf(ordinary))];
  if (low !== undefined && lowest !== undefined) {
    const words = low.isExclusive ? "just above its exclusive minimum" : "at its minimum";
    samples.push(onBound(numberOf(lowest), low.rule, `${words}, ${low.rule.value}`));
    samples.push(onBound(numberOf(plus(lowest, step)), low.rule, `one step above its least value`));
  }
  if (high !== undefined && highest !== undefined) {
    const words = high.isExclusive ? "just below its exclusive maximum" : "at its maximum";
    samples.push(onBound(numberOf(highest), high.rule, `${words}, ${high.rule.value}`));
    samples.push(onBound(numberOf(minus(highest, step)), high.rule, `one step below its largest value`));
  }
  samples.push(plain(0, "zero"));
  const fit = (value: number): boolean => value >= (narrow[0] ?? -SAFE) && value <= (narrow[1] ?? SAFE);
  return samples.filter(({ value }) => typeof value === "number" && fit(value));
};

/** The values nearest to a bound that it does not allow, and half a step off a multiple. */
export const numbersOutside = (
  facets: Facets,
  isInteger: boolean,
  within: number,
): readonly { readonly value: number; readonly rule: Rule; readonly what: string }[] => {
  const { low, high, step, multiples } = rangeOf(facets, isInteger);
  const outside: { value: number; rule: Rule; what: string }[] = [];
  for (const [bound, side] of [
    [low, "below"],
    [high, "above"],
  ] as const) {
    if (bound === undefined) continue;
    const next = side === "below" ? minus : plus;
    const value = bound.isExclusive
      ? bound.at
      : onGrid(next(bound.at, step), step, side, multiples.length > 0);
    const words = bound.isExclusive ? `exactly its exclusive bound` : `one step ${side} its bound`;
    outside.push({ value: numberOf(value), rule: bound.rule, what: `${words}, ${bound.rule.value}` });
  }
  for (const rule of multiples) {
    const multiple = decimalOf(rule.value);
    const off: Decimal = isInteger ? { digits: multiple.digits / 2n, scale: multiple.scale } : half(multiple);
    // A whole number of ones is always a multiple of one.
    if (off.digits === 0n) continue;
    const value = plus(multipleAtMost(decimalOf(within), multiple), off);
    outside.push({ value: numberOf(value), rule, what: `half a step off a multiple of ${rule.value}` });
  }
  return outside.filter(({ value }) => Math.abs(value) <= SAFE);
};

const boundOf = (
  facets: Facets,
  inclusive: string,
  exclusive: string,
  which: "largest" | "smallest",
): Bound | undefined => {
  const soft = strictest(numberRulesOf(facets, inclusive), which);
  const hard = strictest(numberRulesOf(facets, exclusive), which);
  const isHard =
    hard !== undefined &&
    (soft === undefined || (which === "largest" ? hard.value >= soft.value : hard.value <= soft.value));
  const rule = isHard ? hard : soft;
  return rule === undefined ? undefined : { rule, at: decimalOf(rule.value), isExclusive: isHard };
};

/** The value nearest to the bound that is allowed and lies on the grid of steps. */
const inside = ({ at, isExclusive }: Bound, step: Decimal, way: "up" | "down"): Decimal => {
  if (way === "down") {
    const below = multipleAtMost(at, step);
    return isExclusive && minus(at, below).digits === 0n ? minus(below, step) : below;
  }
  const onOrBelow = multipleAtMost(at, step);
  const isOn = minus(at, onOrBelow).digits === 0n;
  return isOn && !isExclusive ? onOrBelow : plus(onOrBelow, step);
};

/** Outside a bound, and still a multiple, so that one rule alone is broken. */
const onGrid = (value: Decimal, step: Decimal, side: "below" | "above", isGrid: boolean): Decimal => {
  if (!isGrid || isMultiple(value, step)) return value;
  const lower = multipleAtMost(value, step);
  return side === "below" ? lower : plus(lower, step);
};
