import type { Fault } from "#kernel/result.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { chooseTier } from "#sandbox/tier.ts";
import type { TierChoice, TierState } from "#sandbox/tier.ts";

import type { Finding, FindingId } from "./finding.ts";

/** What `writ doctor` says of a machine. */
export interface DoctorReport {
  /** Whether an agent can run here whose file names no sandbox; null where that was not tried. */
  readonly ready: boolean | null;
  /** Whether something is in the way of every agent, whatever its sandbox. */
  readonly blocked: boolean;
  /** What such an agent would get. */
  readonly auto: TierChoice | null;
  /** The strongest tier that passed its probe, which may be one that only a file or a flag can name. */
  readonly strongest: SandboxTier | null;
  readonly findings: readonly Finding[];
}

/** Parts without which nothing runs, whatever the sandbox. */
const NEEDED: readonly FindingId[] = ["node", "state", "workspace"];

/**
 * Judges the findings as a run of an agent would: with the same choice of a tier.
 *
 * @param tiers null where none was probed.
 */
export const judge = (findings: readonly Finding[], tiers: readonly TierState[] | null): DoctorReport => {
  const available = tiers ?? [];
  const auto = chooseTier({ floors: [], requested: "auto", available });
  const strongest = SANDBOX_TIERS.findLast((tier) =>
    available.some((state) => state.tier === tier && state.usable),
  );
  const blocked = findings.some(({ id, state }) => NEEDED.includes(id) && state === "wrong");
  const mayRun = tiers === null && !canNotProbe(findings) ? null : auto.ok;
  return {
    ready: blocked ? false : mayRun,
    blocked,
    auto: auto.ok ? auto.value : null,
    strongest: strongest ?? null,
    findings,
  };
};

/** Whether it is plain without a trial that no container can run. */
const canNotProbe = (findings: readonly Finding[]): boolean =>
  findings.some(({ id, state }) => (id === "engine" || id === "image") && state !== "ok");

/** A tier that did not pass, for the choice. */
export const unusable = (tier: SandboxTier, { message, help }: Fault<string>): TierState => ({
  tier,
  usable: false,
  why: message,
  ...(help === undefined ? {} : { help }),
});
