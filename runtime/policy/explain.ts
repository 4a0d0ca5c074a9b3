import { agentOfEntityId, entityId } from "#protocol/entity-id.ts";
import type {
  Decision,
  Explanation,
  LayerExplanation,
  PolicyLayer,
  PolicyRequest,
  RuleExplanation,
  Suggestion,
} from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { cedarEntity } from "./cedar-literal.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { LayerAnswer } from "./layers.ts";
import type { PolicyTrace } from "./nearest-rule.ts";
import { nearestOf, traceText } from "./nearest-rule.ts";
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
  tools: readonly ToolDescriptor[],
): Explanation => ({
  decision,
  layers: stories.flatMap(({ plan, answers, traces }) =>
    plan.layers.flatMap((layer, index) => {
      const answer = answers[index];
      return answer === undefined ? [] : explainLayer(layer, answer, traces);
    }),
  ),
  ...wayOut(request, decision, stories, tools),
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
 * of its author, and what is unknown cannot be permitted. Where a layer permits some of it already, a
 * permit without its condition would open everything, so that condition is named instead.
 */
const wayOut = (
  request: PolicyRequest,
  { denyReason, missing }: Decision,
  stories: readonly HearingStory[],
  tools: readonly ToolDescriptor[],
): Pick<Explanation, "suggestion" | "advice"> => {
  if (denyReason !== "no-permit" && denyReason !== "not-permitted") return { suggestion: [], advice: [] };
  const notOffered = tierAdvice(request, tools);
  if (notOffered !== null) return { suggestion: [], advice: [notOffered] };
  const lacking = missing.map(({ layer }) => layer);
  const narrow = new Map(
    lacking.flatMap((layer) => {
      const nearest = narrowerPermit(layer, stories);
      return nearest === null ? [] : [[layer, nearest] as const];
    }),
  );
  const open = (layer: PolicyLayer): boolean =>
    denyReason === "no-permit" || (lacking.includes(layer) && !narrow.has(layer));
  return {
    suggestion: [
      ...(open("file") ? inFile(request) : []),
      ...(open("workspace") ? [inWorkspace(request)] : []),
    ],
    advice: [...narrow.values()].map(
      (trace) =>
        `\`${trace.policy.citation.rule}\` permits it under a condition that would have to be widened: ${traceText(trace)}`,
    ),
  };
};

/** Whether the tool could be called at all, whatever the rules say. */
const tierAdvice = (request: PolicyRequest, tools: readonly ToolDescriptor[]): string | null => {
  const { sandboxTier } = request.context;
  const tool = tools.find(({ name }) => name === request.tool);
  if (tool === undefined || tool.tiers.includes(sandboxTier)) return null;
  const tiers = tool.tiers.map((tier) => `\`${tier}\``).join(" or ");
  return `the tier \`${sandboxTier}\` does not offer \`${tool.name}\`, whatever the rules say; it needs ${tiers}`;
};

/** The permit of a layer that came nearest, where it is about this principal and permits only some of it. */
const narrowerPermit = (layer: PolicyLayer, stories: readonly HearingStory[]): PolicyTrace | null => {
  for (const { plan, answers, traces } of stories) {
    const index = plan.layers.findIndex((one) => one.layer === layer);
    const [found, answer] = [plan.layers[index], answers[index]];
    // Of several principals the first that a layer does not permit is the one that was denied.
    if (found === undefined || answer?.covers !== true || answer.permits.length > 0) continue;
    return nearestOf(
      found.rules.flatMap((policy) => {
        const trace = traces.get(policy);
        const isNarrower = trace !== undefined && (trace.held >= 0 || policy.resource !== "resource");
        return policy.kind === "rule" && policy.effect === "permit" && isNarrower ? [trace] : [];
      }),
    );
  }
  return null;
};

const inFile = (request: PolicyRequest): readonly Suggestion[] =>
  request.principal.type === "Agent"
    ? [{ where: "file", text: `allow: ${request.tool ?? request.action}` }]
    : [];

const inWorkspace = (request: PolicyRequest): Suggestion => {
  const action = request.action === "tool_call" ? `tool_call::${request.tool}` : request.action;
  const agent = agentOfEntityId(request.principal.id);
  const who =
    request.principal.type === "Agent" && agent !== undefined
      ? `principal in ${cedarEntity("AgentName", entityId(agent.name))}`
      : `principal == ${cedarEntity(request.principal.type, request.principal.id)}`;
  return {
    where: "workspace",
    text: `permit (${who}, action == ${cedarEntity("Action", action)}, resource);`,
  };
};
