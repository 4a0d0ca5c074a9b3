import { utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import { POLICIES_MAX, POLICY_BYTES_MAX, POLICY_WEIGHT_MAX, policyWeight } from "#policy/cedar-bounds.ts";
import { cedarTokens } from "#policy/cedar-tokens.ts";
import type { CedarPolicies, CedarRequest } from "#ports/decider.ts";

/*
 * What may reach Cedar. Whoever made the text or the request has bounded it already; here it is
 * held again, because beyond these bounds the module is lost with everything that was loaded.
 */

/** Policies that one probe or file may hold, with room for the questions of an explanation. */
const SET_POLICIES_MAX = POLICIES_MAX * 4;
const REQUEST_DEPTH_MAX = 64;
const REQUEST_VALUES_MAX = 100_000;
const REQUEST_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Why policies are not handed to Cedar, or null. */
export const policiesBeyondBounds = (policies: CedarPolicies): string | null => {
  const texts = Object.values(policies);
  if (texts.length > SET_POLICIES_MAX) return `more than ${SET_POLICIES_MAX} policies`;
  for (const text of texts) {
    if (text.length > POLICY_BYTES_MAX || utf8(text).length > POLICY_BYTES_MAX) {
      return `a policy of more than ${POLICY_BYTES_MAX} bytes`;
    }
    if (policyWeight(cedarTokens(text)) > POLICY_WEIGHT_MAX) return "a policy that nests or chains too deep";
  }
  return null;
};

/** Why a request is not handed to Cedar, or null. Does not recurse. */
export const requestBeyondBounds = ({ context, entities }: CedarRequest): string | null => {
  const waiting: { readonly value: JsonValue; readonly depth: number }[] = [
    { value: context, depth: 1 },
    ...entities.map(({ attrs }) => ({ value: attrs, depth: 1 })),
  ];
  let values = 0;
  let characters = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next;
    values += 1;
    if (typeof value === "string") characters += value.length;
    if (values > REQUEST_VALUES_MAX || characters > REQUEST_CHARACTERS_MAX)
      return "a request that is too large";
    if (typeof value !== "object" || value === null) continue;
    if (depth > REQUEST_DEPTH_MAX) return "a request that nests too deep";
    const items: readonly JsonValue[] = Array.isArray(value)
      ? (value as readonly JsonValue[])
      : Object.values(value);
    if (values + waiting.length + items.length > REQUEST_VALUES_MAX) return "a request that is too large";
    for (const item of items) waiting.push({ value: item, depth: depth + 1 });
  }
  return null;
};
