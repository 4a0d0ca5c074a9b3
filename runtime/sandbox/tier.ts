import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";

/** The weakest tier that someone accepts. A floor is served by itself and by everything stronger. */
export interface TierFloor {
  readonly tier: SandboxTier;
  readonly by: "file" | "policy" | "tool";
  /** Who in particular, for people: a rule's id, a tool's name, the agent's name. */
  readonly of: string;
}

/** One line per tier that this build knows, from its provider's probe. */
export type TierState =
  | { readonly tier: SandboxTier; readonly usable: true }
  | { readonly tier: SandboxTier; readonly usable: false; readonly why: string; readonly help?: string };

export interface TierWishes {
  readonly floors: readonly TierFloor[];
  /** A tier that the person named, by flag or configuration; `auto` leaves the choice to us. */
  readonly requested: SandboxTier | "auto";
  readonly available: readonly TierState[];
}

export interface TierChoice {
  readonly tier: SandboxTier;
  /** One sentence for people: the first line of a run. */
  readonly why: string;
}

export type TierFault = Fault<"SANDBOX_TIER_UNAVAILABLE" | "SANDBOX_TIER_TOO_WEAK">;

/** What `auto` does not go below where neither a file nor a person names a tier. */
export const TIER_FLOOR_DEFAULT: SandboxTier = "docker";

/**
 * The tier that a run gets. `auto` takes the strongest that is there, and the embedded tier only
 * where a file or a person named it. A floor is never gone below, whoever asks; a named tier is
 * never silently replaced.
 */
export const chooseTier = (wishes: TierWishes): Result<TierChoice, TierFault> => {
  const demanded = strongest(wishes.floors);
  return wishes.requested === "auto"
    ? automatic(wishes, demanded)
    : asNamed(wishes.requested, wishes.available, demanded);
};

/** What a tool demands by itself: a wall that has a program loader for `shell`, any wall for the rest. */
export const floorOfTool = (tool: ToolDescriptor): TierFloor => ({
  tier: tool.risk === "high" ? strongerOf("docker", weakestOf(tool.tiers)) : weakestOf(tool.tiers),
  by: "tool",
  of: tool.name,
});

/** The tiers that `auto` may choose from where these floors hold, the weakest first. */
export const servingTiers = (floors: readonly TierFloor[]): readonly SandboxTier[] => {
  const floor = floorOfAuto(floors);
  return SANDBOX_TIERS.filter((tier) => rank(tier) >= rank(floor));
};

const floorOfAuto = (floors: readonly TierFloor[]): SandboxTier => {
  // Only a file's word lifts the default: a rule or a tool that is content with less wishes for nothing.
  const named = floors.some((floor) => floor.by === "file");
  return strongerOf(named ? "wasm" : TIER_FLOOR_DEFAULT, strongest(floors)?.tier ?? "wasm");
};

const automatic = (wishes: TierWishes, demanded: TierFloor | null): Result<TierChoice, TierFault> => {
  const floor = floorOfAuto(wishes.floors);
  const demand =
    demanded === null || rank(demanded.tier) < rank(floor)
      ? `no file or flag names a tier, and then nothing weaker than ${TIER_FLOOR_DEFAULT} is used`
      : saidBy(demanded);
  const usable = wishes.available.filter((state) => state.usable && rank(state.tier) >= rank(floor));
  const best = strongestTier(usable.map((state) => state.tier));
  if (best !== null) return ok({ tier: best, why: `${best}: the strongest tier here; ${demand}` });
  return unavailable(servingTiers(wishes.floors), demand, wishes.available);
};

const asNamed = (
  tier: SandboxTier,
  available: readonly TierState[],
  demanded: TierFloor | null,
): Result<TierChoice, TierFault> => {
  if (demanded !== null && rank(tier) < rank(demanded.tier)) {
    return failed(
      fault("SANDBOX_TIER_TOO_WEAK", `${tier} was asked for, but ${saidBy(demanded)}`, {
        help: `ask for ${demanded.tier} or leave the choice to \`auto\`; a floor cannot be lowered from outside`,
      }),
    );
  }
  if (available.some((state) => state.tier === tier && state.usable)) {
    return ok({ tier, why: `${tier}: asked for by name${demanded === null ? "" : `; ${saidBy(demanded)}`}` });
  }
  return unavailable([tier], `${tier} was asked for by name`, available);
};

/** @param serving the tiers that would do; none of them is usable. */
const unavailable = (
  serving: readonly SandboxTier[],
  demand: string,
  available: readonly TierState[],
): Result<never, TierFault> => {
  const missing = serving.map((tier) => {
    const state = available.find((one) => one.tier === tier);
    return state === undefined || state.usable ? { tier, why: "not part of this build" } : state;
  });
  const states = missing.map(({ tier, why }) => `${tier}: ${why}`);
  // What the weakest of them needs is the least that somebody has to do.
  const need = missing.find((state) => "help" in state && state.help !== undefined);
  const [generally, orElse] = serving.includes("wasm") ? [HELP_WASM, ""] : [HELP_CONTAINERS, OR_WASM];
  const help = need !== undefined && "help" in need ? `${need.help}${orElse}` : `${generally}${orElse}`;
  return failed(
    fault("SANDBOX_TIER_UNAVAILABLE", `no usable sandbox (${demand}; ${states.join("; ")})`, {
      help,
    }),
  );
};

const HELP_CONTAINERS = "start Docker (for gvisor with the runsc runtime)";
const OR_WASM =
  ", or where the file sets no higher floor run with `--sandbox wasm`, which runs JavaScript only";
const HELP_WASM =
  "the embedded sandbox comes with writ: if it does not start, install writ again and use a Node that it supports";

const WHO: Readonly<Record<TierFloor["by"], string>> = { file: "agent", policy: "rule", tool: "tool" };

const saidBy = (floor: TierFloor): string =>
  `${WHO[floor.by]} ${visibleExcerpt(floor.of, 120)} demands at least ${floor.tier}`;

const rank = (tier: SandboxTier): number => SANDBOX_TIERS.indexOf(tier);

const strongerOf = (left: SandboxTier, right: SandboxTier): SandboxTier =>
  rank(left) >= rank(right) ? left : right;

const strongestTier = (tiers: readonly SandboxTier[]): SandboxTier | null =>
  tiers.reduce<SandboxTier | null>((best, tier) => (best === null ? tier : strongerOf(best, tier)), null);

/** A tool that no tier serves cannot be had anywhere; then the strongest is the honest answer. */
const weakestOf = (tiers: readonly SandboxTier[]): SandboxTier =>
  SANDBOX_TIERS.find((tier) => tiers.includes(tier)) ?? "gvisor";

const strongest = (floors: readonly TierFloor[]): TierFloor | null =>
  floors.reduce<TierFloor | null>(
    (best, floor) => (best === null || rank(floor.tier) > rank(best.tier) ? floor : best),
    null,
  );
