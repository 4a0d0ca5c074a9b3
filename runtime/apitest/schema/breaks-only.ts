import type { JsonValue } from "#kernel/json.ts";

import { mistakesIn } from "./mistakes.ts";
import type { SchemaJudge } from "./judge.ts";
import type { SchemaRef, SchemaRegistry } from "./registry.ts";

/** A rule, and where in a value it is broken. */
export interface Aim {
  readonly keyword: string;
  /** JSON pointer of what breaks it. */
  readonly at: string;
  /** For `required`, and for properties that are not allowed: which. */
  readonly name?: string;
}

/** Whether a value breaks that rule at that place, and no other rule anywhere. */
export const breaksOnly = (
  world: { readonly schemas: SchemaRegistry; readonly judge: SchemaJudge },
  ref: SchemaRef,
  value: JsonValue,
  aim: Aim,
): boolean => {
  const mistakes = mistakesIn(world, ref, value);
  return (
    mistakes.length > 0 &&
    mistakes.every(
      ({ keyword, at, name }) =>
        (keyword === aim.keyword || isOtherKind(keyword, aim)) &&
        at === aim.at &&
        (aim.name === undefined || name === aim.name),
    )
  );
};

/** What is of no type that is allowed, or none of the listed values, fits none of the alternatives there. */
const isOtherKind = (keyword: string, aim: Aim): boolean =>
  ["type", "enum", "const"].includes(aim.keyword) && ["oneOf", "anyOf"].includes(keyword);
