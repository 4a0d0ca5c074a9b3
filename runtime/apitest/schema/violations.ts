import { canonicalJson } from "#kernel/canonical-json.ts";
import type { JsonValue } from "#kernel/json.ts";

import { breaksOnly } from "./breaks-only.ts";
import { candidatesOf } from "./candidates.ts";
import type { Draws } from "./draws.ts";
import type { SchemaJudge } from "./judge.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";
import { ABSENT, replaced } from "./replaced.ts";
import type { Violation } from "./violation.ts";

/** Values that are made of one valid value. */
export const VIOLATIONS_MAX = 120;

export interface ViolationOptions {
  readonly mayAdd: boolean;
  /** The plainest valid value: what is broken of a fuller one is put into it, where that goes. */
  readonly plainest: JsonValue;
  /** Whether a value can be sent, and is wrong in whatever way it is read. */
  readonly isUsable: (value: JsonValue) => boolean;
}

/**
 * Values that break one rule each, made of a valid value by changing one part of it.
 *
 * A candidate counts only if the judge finds that rule broken at that place and no other rule anywhere:
 * what breaks two rules says nothing about either. Rules inside `oneOf`, `anyOf`, `not` and `if` are not
 * tried, as breaking one branch need not break the schema, but for alternatives of which the other is null.
 * With `mayAdd`, parts that the valid value does not have are added with a wrong type: in the fullest value
 * those are the ones for which nothing valid was found.
 */
export const violationsOf = (
  schemas: SchemaRegistry,
  judge: SchemaJudge,
  ref: SchemaRef,
  valid: JsonValue,
  draws: Draws,
  { mayAdd, plainest, isUsable }: ViolationOptions,
): readonly Violation[] => {
  const found: Violation[] = [];
  const seen = new Set<string>();
  const broken = new Set<string>();
  const isValid = (whole: JsonValue): boolean => judge.isValid(ref, whole);
  const spot = { refs: [ref], whole: valid, path: [], value: valid, isOptional: false };
  for (const candidate of candidatesOf({ schemas, draws, isValid, plainest }, spot)) {
    if (found.length >= VIOLATIONS_MAX) break;
    if (candidate.isAdded && !mayAdd) continue;
    const { keyword, rule, at, name = "", claim, what, whole, path, part } = candidate;
    const aim = `${keyword} ${at} ${name}`;
    if (candidate.isSpare && broken.has(aim)) continue;
    const value = replaced(whole, path, part);
    if (value === undefined) continue;
    const key = `${aim} ${canonicalJson(value)}`;
    if (seen.has(key) || !breaksOnly({ schemas, judge }, ref, value, candidate)) continue;
    // A reader that puts a single value into a list must not make it valid again.
    if (keyword === "type" && part !== ABSENT) {
      const wrapped = replaced(whole, path, [part]);
      if (wrapped !== undefined && isValid(wrapped)) continue;
    }
    if (!isUsable(value)) continue;
    seen.add(key);
    broken.add(aim);
    found.push({ value, keyword, rule, at, claim, what: at === "" ? what : `\`${at}\` ${what}` });
  }
  return found;
};
