import type { JsonValue } from "#kernel/json.ts";

import type { AgentContext } from "./context.ts";
import { type Deviation, type Draft, type PartName, PLAINEST } from "./draft.ts";
import type { ValidOperation } from "./valid-parts.ts";

/**
 * Requests that the document allows: the plainest one, the one with everything, and one for each value and
 * each optional part that is worth trying, which differs from the plainest in that part alone.
 */
export const positiveDrafts = (
  { operation, parts, plainest }: ValidOperation,
  { schemas }: AgentContext,
): readonly Draft[] => {
  const draft = (
    values: ReadonlyMap<PartName, JsonValue>,
    deviation: Deviation | null,
    what: string,
  ): Draft => ({
    agent: "functional-positive",
    operation,
    values,
    deviation,
    expectation: "accepted",
    what,
  });
  const drafts = [draft(plainest, null, PLAINEST)];
  const whole = new Map(
    parts.flatMap(({ part, samples: [first] }) =>
      first === undefined ? [] : [[part.name, first.value] as const],
    ),
  );
  // With one part more it is what is sent for that part.
  if (whole.size > plainest.size + 1) drafts.push(draft(whole, null, "with every part that may be sent"));
  for (const { part, samples } of parts) {
    for (const { value, bound, what } of samples) {
      const node = bound === null ? undefined : schemas.sourceOf(bound.ref);
      const rule =
        bound === null || node === undefined ? null : { keyword: bound.keyword, node, ref: bound.ref };
      const values = new Map([...plainest, [part.name, value]]);
      drafts.push(draft(values, { k: "valid", part: part.name, rule }, `${part.name} ${what}`));
    }
  }
  return drafts;
};
