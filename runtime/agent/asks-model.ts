import type { AgentDefinition, AgentSpec, CallTarget } from "#protocol/agent-spec.ts";

/**
 * Whether a run of the agent can ask a model: one without a body is a loop of a model, and a body asks
 * where it, or a function that it could call, says `reason`. A function that is never called counts too.
 */
export const asksModel = (spec: AgentSpec, agent: AgentDefinition): boolean =>
  agent.body === null || [agent.body, ...agent.functions, ...spec.functions].some(holdsReason);

const REASON: CallTarget["k"] = "reason";

/** No other part of a body has this kind. */
const holdsReason = (part: unknown): boolean => {
  if (typeof part !== "object" || part === null) return false;
  return ("k" in part && part.k === REASON) || Object.values(part).some(holdsReason);
};
