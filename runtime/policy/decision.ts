import type { Sha256 } from "#kernel/digest.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { entityText } from "#protocol/entity-id.ts";
import type { Decision, DenyReason, PolicyRequest, RuleCitation } from "#protocol/policy-vocabulary.ts";
import { POLICY_LAYER_NAMES, POLICY_VOCABULARY_VERSION } from "#protocol/policy-vocabulary.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { ErredPolicy } from "./layers.ts";
import { obligationsOf } from "./obligations.ts";

/** Decisions as data, each with one sentence for people. */

export interface Grounds {
  readonly request: PolicyRequest;
  readonly policies: Sha256;
  readonly erred: readonly ErredPolicy[];
}

/** Allowed, with conditions when a requirement applies, and after a person when one asks for that. */
export const permitted = (
  grounds: Grounds,
  permits: readonly CompiledPolicy[],
  requirements: readonly CompiledPolicy[],
): Decision => {
  const obligations = obligationsOf(requirements);
  const outcome = obligations.some(({ k }) => k === "approval")
    ? "step-up"
    : obligations.length > 0
      ? "allow-with-conditions"
      : "allow";
  const rules = citations([...requirements, ...permits]);
  const [first] = rules;
  const by = first === undefined ? "" : ` by ${citedText(first)}`;
  const what = describeRequest(grounds.request);
  const summary = {
    "step-up": `${what} needs a person's approval, asked for${by}`,
    "allow-with-conditions": `${what} is allowed under conditions set${by}`,
    allow: `${what} is allowed${by}`,
  }[outcome];
  return decision(grounds, { outcome, denyReason: null, summary, rules, missing: [], obligations });
};

export type Missing = Decision["missing"];

/** Denied because of rules, or because rules that should permit do not. */
export const denied = (
  grounds: Grounds,
  reason: Extract<DenyReason, "forbidden" | "policy-error" | "not-permitted" | "no-permit">,
  by: readonly CompiledPolicy[],
  missing: Missing,
): Decision => {
  const rules = citations(by);
  const what = describeRequest(grounds.request);
  const [first] = rules;
  const cited = first === undefined ? "a rule" : citedText(first);
  const [lacking] = missing;
  const summary = {
    forbidden: `${what} is denied: ${cited} forbids it`,
    "policy-error": `${what} is denied: ${cited} could not be evaluated and might forbid it`,
    "not-permitted": `${what} is denied: no permit of ${lacking === undefined ? "a layer" : `the ${POLICY_LAYER_NAMES[lacking.layer]}`} holds`,
    "no-permit": `${what} is denied: no rule permits it`,
  }[reason];
  return decision(grounds, { outcome: "deny", denyReason: reason, summary, rules, missing, obligations: [] });
};

/** Denied before or without any rule. */
export const undecided = (
  grounds: Grounds,
  reason: Extract<DenyReason, "unknown" | "not-decidable">,
  why: string,
): Decision =>
  decision(grounds, {
    outcome: "deny",
    denyReason: reason,
    summary: `${describeRequest(grounds.request)} is denied: ${why}`,
    rules: [],
    missing: [],
    obligations: [],
  });

const decision = (
  { policies, erred }: Grounds,
  rest: Omit<Decision, "v" | "policies" | "errors">,
): Decision => ({
  v: POLICY_VOCABULARY_VERSION,
  ...rest,
  errors: erred.map(({ policy, message }) => ({ rule: policy.id, message: visibleExcerpt(message, 400) })),
  policies,
});

const citations = (policies: readonly CompiledPolicy[]): readonly RuleCitation[] =>
  [...new Set(policies)].map(({ citation }) => citation);

/** Rule and place: ``rule `reader/files/1` (agents/reader.symbi:3:5)``. */
export const citedText = ({ rule, file, range }: RuleCitation): string =>
  range === null
    ? `rule \`${visibleExcerpt(rule, 160)}\``
    : `rule \`${visibleExcerpt(rule, 160)}\` (${visibleExcerpt(file, 160)}:${range.line}:${range.column})`;

/** What is asked, in a few words; also of data that is no request, because that is denied in words too. */
export const describeRequest = (request: PolicyRequest): string => {
  const data = request as unknown as JsonValue | undefined;
  const { action, tool, resource } = isJsonObject(data) ? data : {};
  if (action === "tool_call") return `calling \`${shown(tool, 80)}\``;
  if (typeof action !== "string") return "what was asked for";
  const { type, id } = isJsonObject(resource) ? resource : {};
  if (type === "Run" || typeof id !== "string") return `\`${shown(action, 80)}\``;
  return `\`${shown(action, 80)}\` of \`${shown(entityText(id) ?? id, 120)}\``;
};

const shown = (value: JsonValue | undefined, charactersMax: number): string =>
  visibleExcerpt(typeof value === "string" ? value : "", charactersMax);
