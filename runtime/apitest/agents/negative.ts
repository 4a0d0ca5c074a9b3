import type { JsonValue } from "#kernel/json.ts";

import { API_PROBLEM_CODES } from "../load/problems.ts";
import { drawsOf } from "../schema/draws.ts";
import { VIOLATIONS_MAX, violationsOf } from "../schema/violations.ts";
import { placesIn, widestOf } from "../schema/width.ts";
import type { AgentContext } from "./context.ts";
import type { Deviation, Draft, PartName } from "./draft.ts";
import type { ValidOperation, ValidPart } from "./valid-parts.ts";

/** Values of one part that are broken. */
const ORIGINS_MAX = 8;

/**
 * Requests that break one rule each and nothing else. What is sent is read back in every way that a lenient
 * server might read it; a request that is valid in any of them is not made.
 */
export const negativeDrafts = (
  { operation, parts, plainest }: ValidOperation,
  context: AgentContext,
): readonly Draft[] => {
  const { schemas, judge, log, seed } = context;
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
    const broken = new Set<string>();
    const origins = originsOf(valid, context);
    const isUsable = (value: JsonValue): boolean =>
      part.isSendable(value) && !part.mayBeValid(schemas, judge, value);
    for (const [index, origin] of origins.entries()) {
      const mayAdd = index > 0 || origins.length === 1;
      const how = { mayAdd, plainest: origins[0] ?? origin, isUsable };
      const violations = violationsOf(schemas, judge, part.schema, origin, draws, how);
      if (violations.length === VIOLATIONS_MAX) {
        const message = `only ${VIOLATIONS_MAX} ways to break the rules of ${part.name} are tried, and there may be more`;
        log.say(API_PROBLEM_CODES.notTested, part.node, message);
      }
      for (const violation of violations) {
        const key = `${violation.keyword} ${violation.at}`;
        // Further values are there for what the plainest and the fullest one do not have.
        if (index > 1 && broken.has(key)) continue;
        broken.add(key);
        const { keyword, at, claim, what } = violation;
        const node = schemas.sourceOf(violation.rule) ?? part.node;
        const values = new Map([...plainest, [part.name, violation.value]]);
        const deviation: Deviation = { k: "broken", part: part.name, keyword, node, ref: violation.rule, at };
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

/**
 * The plainest value, the fullest one, in which there is most to break, and others for places that neither has,
 * such as parts that exclude each other.
 */
const originsOf = ({ part, samples }: ValidPart, { log }: AgentContext): readonly JsonValue[] => {
  const [first] = samples;
  const widest = widestOf(samples);
  if (first === undefined || widest === undefined) return [];
  const origins = first === widest ? [first.value] : [first.value, widest.value];
  const known = new Set(origins.flatMap((value) => [...placesIn(value)]));
  for (const { value } of samples) {
    const places = [...placesIn(value)];
    if (places.every((place) => known.has(place))) continue;
    if (origins.length >= ORIGINS_MAX) {
      const message = `rules of some parts are not broken, as ${part.name} has too many that are not sent together`;
      log.say(API_PROBLEM_CODES.notTested, part.node, message);
      break;
    }
    for (const place of places) known.add(place);
    origins.push(value);
  }
  return origins;
};
