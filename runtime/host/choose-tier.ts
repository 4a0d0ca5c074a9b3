import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";
import type { AgentDefinition, SandboxTier } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { chooseTier, floorOfTool, servingTiers } from "#sandbox/tier.ts";
import type { TierChoice, TierFloor, TierState } from "#sandbox/tier.ts";

/** Why a run got its tier, as `run.started` carries it. */
export type TierWhy = "file" | "command-line" | "strongest-present";

/** The tier that a person named, `auto` for null, or undefined when it is none. */
export const tierNamed = (named: string | null): SandboxTier | "auto" | undefined =>
  named === null || named === "auto" ? "auto" : SANDBOX_TIERS.find((tier) => tier === named);

/** What to say of another name. */
export const TIER_NAMES = `--sandbox is one of auto, ${SANDBOX_TIERS.join(", ")}`;

export interface ChosenTier {
  readonly choice: TierChoice;
  readonly why: TierWhy;
  readonly provider: SandboxProvider;
  /** Name and version of what the sandbox runs on. */
  readonly engine: string;
}

/**
 * Chooses by the agent's floor and the person's wish. Probing takes time, so only what may be chosen is
 * probed: the tier that was named, or from the strongest down the first that can be used.
 */
export const chooseTierFor = async (
  agent: AgentDefinition,
  requested: SandboxTier | "auto",
  providers: readonly SandboxProvider[],
  signal: AbortSignal,
): Promise<Result<ChosenTier, Fault<string>>> => {
  const floors = floorsOf(agent);
  const probes = await probeInTurn(candidates(providers, floors, requested), signal);
  const available = probes.map(({ state }) => state);
  const choice = chooseTier({ floors, requested, available });
  if (!choice.ok) return choice;
  const { tier } = choice.value;
  const provider = providers.find((each) => each.tier === tier);
  if (provider === undefined)
    return failed(fault("HOST_NO_TIER", `this build has no sandbox of the tier ${tier}`));
  const engine = probes.find(({ state }) => state.tier === tier)?.engine ?? "";
  return ok({ choice: choice.value, why: whyOf(agent, requested), provider, engine });
};

interface Probed {
  readonly state: TierState;
  readonly engine: string;
}

/** The sandboxes that may be chosen, the strongest first. */
const candidates = (
  providers: readonly SandboxProvider[],
  floors: readonly TierFloor[],
  requested: SandboxTier | "auto",
): readonly SandboxProvider[] => {
  const may = new Set(requested === "auto" ? servingTiers(floors) : [requested]);
  return providers
    .filter(({ tier }) => may.has(tier))
    .sort((left, right) => SANDBOX_TIERS.indexOf(right.tier) - SANDBOX_TIERS.indexOf(left.tier));
};

const probeInTurn = async (
  providers: readonly SandboxProvider[],
  signal: AbortSignal,
): Promise<readonly Probed[]> => {
  const probes: Probed[] = [];
  for (const provider of providers) {
    const { tier } = provider;
    const probed = await provider.probe(signal);
    if (probed.ok) return [...probes, { state: { tier, usable: true }, engine: probed.value.engine }];
    const { message, help } = probed.fault;
    probes.push({
      state: { tier, usable: false, why: message, ...(help === undefined ? {} : { help }) },
      engine: "",
    });
  }
  return probes;
};

/**
 * Floors that are known before anything is asked. What rules demand for single actions is checked
 * at each of them by the gate.
 */
const floorsOf = (agent: AgentDefinition): readonly TierFloor[] => {
  const named = new Set(agent.capabilities.map((capability) => capability.name));
  const tools = BUILTIN_TOOLS.filter((tool) => named.has(tool.name)).map(floorOfTool);
  if (agent.sandboxFloor === null) return tools;
  return [{ tier: agent.sandboxFloor.tier, by: "file", of: agent.name }, ...tools];
};

const whyOf = (agent: AgentDefinition, requested: SandboxTier | "auto"): TierWhy => {
  if (requested !== "auto") return "command-line";
  return agent.sandboxFloor === null ? "strongest-present" : "file";
};
