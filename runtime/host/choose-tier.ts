import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";
import type { AgentDefinition, SandboxTier } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { chooseTier, floorOfTool } from "#sandbox/tier.ts";
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

/** Probes every sandbox of the build and chooses by the agent's floor and the person's wish. */
export const chooseTierFor = async (
  agent: AgentDefinition,
  requested: SandboxTier | "auto",
  providers: readonly SandboxProvider[],
  signal: AbortSignal,
): Promise<Result<ChosenTier, Fault<string>>> => {
  const probes = await probeAll(providers, signal);
  const available = probes.map(({ state }) => state);
  const choice = chooseTier({ floors: floorsOf(agent), requested, available });
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

const probeAll = async (
  providers: readonly SandboxProvider[],
  signal: AbortSignal,
): Promise<readonly Probed[]> =>
  Promise.all(
    providers.map(async (provider): Promise<Probed> => {
      const { tier } = provider;
      const probed = await provider.probe(signal);
      return probed.ok
        ? { state: { tier, usable: true }, engine: probed.value.engine }
        : { state: { tier, usable: false, why: probed.fault.message }, engine: "" };
    }),
  );

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
