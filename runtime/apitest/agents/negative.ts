import { isJsonObject, type JsonValue } from "#kernel/json.ts";

import { drawsOf } from "../schema/draws.ts";
import { violationsOf } from "../schema/violations.ts";
import type { AgentContext } from "./context.ts";
import type { Deviation, Draft, PartName } from "./draft.ts";
import type { ValidOperation, ValidPart } from "./valid-parts.ts";

/**
 * Requests that break one rule each and nothing else. What is sent is read back in every way that a lenient
 * server might read it; a request that is valid in any of them is not made.
 */
export const negativeDrafts = (
  { operation, parts, plainest }: ValidOperation,
  { schemas, judge, seed }: AgentContext,
): readonly Draft[] => {
  const drafts: Draft[] = [];
  const add = (
    values: ReadonlyMap<PartName, JsonValue>,
    deviation: Deviation,
    what: string,
    expectation: "rejected" | "survived" = "rejected",
  ): void => {
    drafts.push({ agent: "functional-negative", operation, values, deviation, expectation, what });
  };
  for (const valid of parts) {
    const { part } = valid;
    const draws = drawsOf(seed, operation.method, operation.path, part.name, "broken");
    for (const origin of originsOf(valid)) {
      for (const violation of violationsOf(schemas, judge, part.schema, origin, draws)) {
        if (!part.isSendable(violation.value) || part.mayBeValid(schemas, judge, violation.value)) continue;
        const { keyword, at, claim, what } = violation;
        const node = schemas.sourceOf(violation.rule) ?? part.node;
        const values = new Map([...plainest, [part.name, violation.value]]);
        const deviation: Deviation = { k: "broken", part: part.name, keyword, node, at };
        add(values, deviation, `${part.name} ${what}`, claim === "refused" ? "rejected" : "survived");
      }
    }
    // Without its segment a path is another path.
    if (!part.required || part.name.startsWith("path ")) continue;
    const values = new Map([...plainest].filter(([name]) => name !== part.name));
    add(
      values,
      { k: "missing", part: part.name, node: part.node },
      `${part.name}, which is required, is missing`,
    );
  }
  const { body, security } = operation;
  if (security !== null) {
    const deviation: Deviation = { k: "anonymous", part: "credentials", node: security.node };
    add(plainest, deviation, "no credential is sent");
  }
  if (body?.form === "json" && plainest.has("body")) {
    const deviation: Deviation = { k: "syntax", part: "body", node: body.node, text: '{"' };
    add(plainest, deviation, "body is cut off and no JSON");
  }
  return drafts;
};

/** The plainest value, and the fullest one, in which there is most to break. */
const originsOf = ({ samples }: ValidPart): readonly JsonValue[] => {
  const [first] = samples;
  if (first === undefined) return [];
  const sizeOf = ({ value }: { readonly value: JsonValue }): number =>
    Array.isArray(value) ? value.length : isJsonObject(value) ? Object.keys(value).length : 0;
  const fullest = samples.reduce((best, sample) => (sizeOf(sample) > sizeOf(best) ? sample : best), first);
  return fullest === first ? [first.value] : [first.value, fullest.value];
};
