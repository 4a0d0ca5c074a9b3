import { utf8 } from "#kernel/bytes.ts";
import { byCodeUnits, canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { PowerRule, Powers, PowerTool } from "#protocol/consent.ts";
import type { AgentDefinition, AgentSpec, Limited, SandboxTier } from "#protocol/agent-spec.ts";
import { agentEntityId } from "#protocol/entity-id.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { asJson } from "./frozen-json.ts";

export interface PowersContext {
  /** Every tool of this build. */
  readonly tools: readonly ToolDescriptor[];
  readonly model: { readonly id: string; readonly remote: boolean };
  /** The tier that the run gets. */
  readonly tier: SandboxTier;
}

const RULE_TEXT_CHARACTERS_MAX = 2_000;

/**
 * The tools that a run is offered: those that its tier can run and, where the agent names any, of
 * those the ones it names. Being offered permits nothing.
 */
export const offeredTools = (
  agent: AgentDefinition,
  { tools, tier }: Pick<PowersContext, "tools" | "tier">,
): readonly ToolDescriptor[] => {
  const named = new Set(agent.capabilities.map((capability) => capability.name));
  return tools.filter((tool) => tool.tiers.includes(tier) && (named.size === 0 || named.has(tool.name)));
};

/** What a run of the agent may do at most, or undefined when the file has no agent of that name. */
export const powersOf = (spec: AgentSpec, agentName: string, context: PowersContext): Powers | undefined => {
  const agent = spec.agents.find((one) => one.name === agentName);
  if (agent === undefined) return undefined;
  const { limits } = agent;
  return {
    v: 1,
    agent: agentEntityId(spec.source.path, agent.name),
    tools: offeredTools(agent, context)
      .map(powerTool)
      .sort(by((tool) => tool.name)),
    hosts: [],
    model: { id: context.model.id, remote: context.model.remote },
    tier: context.tier,
    limits: {
      timeoutMs: valueOf(limits.timeoutMs),
      iterationsMax: valueOf(limits.iterationsMax),
      tokensMax: valueOf(limits.tokensMax),
      memoryBytesMax: valueOf(limits.memoryBytesMax),
      cpuCoresMax: valueOf(limits.cpuCoresMax),
    },
    rules: [...spec.policies, ...agent.policies]
      .flatMap((policy) => policy.rules)
      .map(({ effect, digest, text }): PowerRule => ({
        effect,
        digest,
        text: text.slice(0, RULE_TEXT_CHARACTERS_MAX).toWellFormed(),
      }))
      .sort(by((rule) => `${rule.effect} ${rule.digest}`)),
  };
};

/** SHA-256 of the canonical JSON: what a person consents to by name. */
export const powersDigest = (powers: Powers, digest: (bytes: Uint8Array) => Sha256): Sha256 =>
  digest(utf8(canonicalJson(asJson(powers))));

const powerTool = ({ name, action, effects, risk }: ToolDescriptor): PowerTool => ({
  name,
  action,
  effects: [...effects].sort(byCodeUnits),
  risk,
});

const valueOf = (limited: Limited): number | null => limited?.value ?? null;

const by =
  <Item>(key: (item: Item) => string) =>
  (left: Item, right: Item): number =>
    byCodeUnits(key(left), key(right));
