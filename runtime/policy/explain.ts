import { agentOfEntityId, entityId } from "#protocol/entity-id.ts";
import type {
  Decision,
  Explanation,
  LayerExplanation,
  PolicyRequest,
  RuleExplanation,
  Suggestion,
} from "#protocol/policy-vocabulary.ts";
import { cedarEntity } from "./cedar-literal.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { LayerAnswer } from "./layers.ts";
import type { PolicyTrace } from "./nearest-rule.ts";
import { traceText } from "./nearest-rule.ts";
import type { ActionPlan, LayerPlan } from "./policy-plan.ts";

/** What was asked of the layers for one principal, and how far each policy holds. */
export interface HearingStory {
  readonly plan: ActionPlan;
  readonly answers: readonly LayerAnswer[];
  readonly traces: ReadonlyMap<CompiledPolicy, PolicyTrace>;
}

/** A decision as a story told layer by layer, for each principal in turn. */
export const explanationOf = (
  request: PolicyRequest,
  decision: Decision,
  stories: readonly HearingStory[],
): Explanation => ({
  decision,
  layers: stories.flatMap(({ plan, answers, traces }) =>
    plan.layers.flatMap((layer, index) => {
      const answer = answers[index];
      return answer === undefined ? [] : explainLayer(layer, answer, traces);
    }),
  ),
  suggestion: suggestionsFor(request, decision),
});

const explainLayer = (
  { layer, rules, requirements, others }: LayerPlan,
  answer: LayerAnswer,
  traces: ReadonlyMap<CompiledPolicy, PolicyTrace>,
): LayerExplanation => {
  const holding = new Set([...answer.permits, ...answer.forbids, ...answer.requirements]);
  const errors = new Map(answer.erred.map(({ policy, message }) => [policy, message]));
  const explainRule = (policy: CompiledPolicy): RuleExplanation => {
    const trace = traces.get(policy);
    const error = errors.get(policy);
    if (error !== undefined)
      return { rule: policy.citation, holds: "error", why: trace === undefined ? null : traceText(trace) };
    // A permit that a forbid of its layer overrules is not among those that decided, and holds all the same.
    if (holding.has(policy) || trace?.holds === true)
      return { rule: policy.citation, holds: "yes", why: null };
    return { rule: policy.citation, holds: "no", why: trace === undefined ? null : traceText(trace) };
  };
  // What forbids or asks others concerns nobody here; what permits others makes the layer speak.
  const permitsOfOthers = others.filter(({ kind, effect }) => kind === "rule" && effect === "permit");
  return {
    layer,
    says: says(answer),
    rules: [...rules, ...requirements, ...permitsOfOthers].map(explainRule),
  };
};

const says = ({ forbids, erred, permits, covers }: LayerAnswer): LayerExplanation["says"] => {
  if (forbids.length > 0) return "forbids";
  if (erred.some(({ policy }) => policy.effect === "forbid")) return "errs";
  if (permits.length > 0) return "permits";
  return covers ? "does-not-permit" : "silent";
};

/**
 * What would permit it. Only where a permit is what is missing: a rule that forbids is a decision
 * of its author, and what is unknown cannot be permitted.
 */
const suggestionsFor = (request: PolicyRequest, { denyReason, missing }: Decision): readonly Suggestion[] => {
  const lacking = missing.map(({ layer }) => layer);
  const inFile = denyReason === "no-permit" || lacking.includes("file");
  const inWorkspace = denyReason === "no-permit" || lacking.includes("workspace");
  if (!inFile && !inWorkspace) return [];
  const action = request.action === "tool_call" ? `tool_call::${request.tool}` : request.action;
  const agent = agentOfEntityId(request.principal.id);
  const who =
    request.principal.type === "Agent" && agent !== undefined
      ? `principal in ${cedarEntity("AgentName", entityId(agent.name))}`
      : `principal == ${cedarEntity(request.principal.type, request.principal.id)}`;
  return [
    ...(inFile && request.principal.type === "Agent"
      ? [{ where: "file" as const, text: `allow: ${request.tool ?? request.action}` }]
      : []),
    ...(inWorkspace
      ? [
          {
            where: "workspace" as const,
            text: `permit (${who}, action == ${cedarEntity("Action", action)}, resource);`,
          },
        ]
      : []),
  ];
};
