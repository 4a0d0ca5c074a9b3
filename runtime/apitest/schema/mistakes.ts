import type { JsonValue } from "#kernel/json.ts";

import { pointerParts } from "../load/pointer.ts";
import { below } from "./facets.ts";
import type { BrokenAt, BrokenRule, SchemaJudge } from "./judge.ts";
import { namedBranch } from "./named-branch.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";

/** One thing that is wrong with a value, however many branches of `oneOf` and `anyOf` it keeps it from fitting. */
export interface Mistake extends BrokenRule {
  /** The schema that has the rule; undefined where the schema is `false`. */
  readonly schema: SchemaRef | undefined;
  /** Whether a value like this is none of what the schema is about, so that another branch must be meant. */
  readonly isForeign: boolean;
  /** For alternatives of which none can be said to be meant: the first rule that is broken of the nearest. */
  readonly nearest: BrokenRule | undefined;
}

interface World {
  readonly schemas: SchemaRegistry;
  readonly judge: SchemaJudge;
}

/** A list with fewer wrong items than this hides no other mistake. */
const MISTAKES_MAX = 10_000;

/** How many alternatives within each other are looked into; each is judged once more for each around it. */
const ALTERNATIVES_DEEP_MAX = 32;

/**
 * What is wrong with a value: nothing exactly where the judge takes it for valid. Every rule that is broken
 * outside of alternatives is told. Where a value fits no branch, the rules of the one that is meant are told;
 * where none or several may be meant, that is one mistake, and so is fitting several of `oneOf`.
 */
export const mistakesIn = (world: World, ref: SchemaRef, value: JsonValue): readonly Mistake[] =>
  mistakesAt({ ...world, at: "", deep: 0 }, ref, value);

/** Where a value stands that is judged for itself, and within how many alternatives. */
interface Spot extends World {
  readonly at: string;
  readonly deep: number;
}

const mistakesAt = (spot: Spot, ref: SchemaRef, value: JsonValue): readonly Mistake[] =>
  outside(spot.judge.brokenAt(ref, value))
    .slice(0, MISTAKES_MAX)
    .flatMap((broken) => {
      const rule = { ...broken.rule, at: spot.at + broken.rule.at };
      if (broken.inner?.fitsSeveral !== undefined) {
        return inAlternatives({ ...spot, at: rule.at, deep: spot.deep + 1 }, { ...broken, rule });
      }
      const isForeign = TELLING.includes(rule.keyword);
      return [{ ...rule, schema: broken.schema, isForeign, nearest: undefined }];
    })
    .slice(0, MISTAKES_MAX);

/** Rules that keep the kinds of values apart. */
const LISTED: readonly string[] = ["const", "enum"];
const TELLING: readonly string[] = [...LISTED, "type", "false schema"];

/**
 * Those that are of no branch, item or name: what is inside of such a keyword stands directly before it. That an `if`
 * failed is no mistake beside those of its `then` or `else`.
 */
const outside = (all: readonly BrokenAt[]): readonly BrokenAt[] => {
  const found: BrokenAt[] = [];
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const broken = all[index];
    if (broken === undefined) break;
    if (broken.rule.keyword !== "if") found.push(broken);
    index -= broken.inner?.inside ?? 0;
  }
  return found.reverse();
};

const inAlternatives = (spot: Spot, { rule, schema, value, inner }: BrokenAt): readonly Mistake[] => {
  const entry = { ...rule, schema, isForeign: false, nearest: undefined };
  if (inner?.fitsSeveral === true) {
    return [{ ...entry, message: "fits several of the alternatives, and may fit one only" }];
  }
  if (schema === undefined || spot.deep > ALTERNATIVES_DEEP_MAX) {
    return [{ ...entry, message: noneWords(rule, undefined) }];
  }
  const branches = branchesOf(spot, schema, rule.keyword, value);
  const named = branches[namedBranch(spot.schemas, schema, rule.keyword, value) ?? -1];
  if (named !== undefined && named.length > 0) return named;
  const possible = possibleOnes(branches, rule.at);
  const [meant] = possible;
  if (meant !== undefined && meant.length > 0 && possible.length === 1) return meant;
  const [first] = branches.toSorted((a, b) => a.length - b.length)[0] ?? [];
  const nearest = first?.nearest ?? first;
  return [{ ...entry, message: noneWords(rule, nearest), isForeign: possible.length === 0, nearest }];
};

const branchesOf = (
  spot: Spot,
  schema: SchemaRef,
  keyword: string,
  value: JsonValue,
): readonly (readonly Mistake[])[] => {
  const owner = spot.schemas.at(schema);
  const branches = typeof owner === "boolean" ? undefined : owner[keyword];
  if (!Array.isArray(branches)) return [];
  return branches.map((_, index) => mistakesAt(spot, below(schema, keyword, index), value));
};

/** Branches of which nothing at the value itself, or at a member of it, says that another one is meant. */
const possibleOnes = (
  branches: readonly (readonly Mistake[])[],
  at: string,
): readonly (readonly Mistake[])[] => {
  const depthOf = (mistake: Mistake): number => (pointerParts(mistake.at.slice(at.length)) ?? []).length;
  const without = (speaksAgainst: (mistake: Mistake) => boolean) =>
    branches.filter((mistakes) => !mistakes.some((each) => each.isForeign && speaksAgainst(each)));
  const left = without((mistake) => depthOf(mistake) <= 1);
  if (left.length > 0) return left;
  // The type of a member may be the very mistake; a listed value tells kinds apart more surely.
  return without((mistake) => {
    const { keyword } = mistake.nearest ?? mistake;
    return depthOf(mistake) === 0 || (depthOf(mistake) === 1 && LISTED.includes(keyword));
  });
};

const noneWords = ({ at }: BrokenRule, nearest: BrokenRule | undefined): string => {
  if (nearest === undefined) return "fits none of the alternatives";
  const where = nearest.at === at ? "" : `\`${nearest.at}\` `;
  return `fits none of the alternatives (the nearest: ${where}${nearest.message})`;
};
