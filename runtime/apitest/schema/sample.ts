import type { JsonValue } from "#kernel/json.ts";

import type { Rule } from "./facets.ts";

/** A value that a schema should allow, before anybody has judged it. */
export interface Sample {
  readonly value: JsonValue;
  /** The bound that it stands exactly on, when it was made for that. */
  readonly bound: Rule | null;
  /** What is particular about it, in words that follow a name: "at its minimum, 1". */
  readonly what: string;
}

export const plain = (value: JsonValue, what = "an ordinary value"): Sample => ({ value, bound: null, what });

export const onBound = (value: JsonValue, bound: Rule, what: string): Sample => ({ value, bound, what });
