import type { Result, Fault } from "#kernel/result.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { SandboxProbe } from "#ports/sandbox.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";

import type { Finding, Remedy } from "./finding.ts";
import { finding } from "./finding.ts";

/* What the answers to the doctor's questions mean. Pure; whatever comes from outside is made visible here. */

/** Longest text of an engine or a host that is shown, in characters. */
const FOREIGN_CHARACTERS_MAX = 80;

export const foreign = (text: string): string => visibleExcerpt(text, FOREIGN_CHARACTERS_MAX);

/** A fault as a finding; what it says to do is the remedy unless a better one is known. */
export const faulty = (
  id: Finding["id"],
  { message, help }: Fault<string>,
  remedy: Remedy | null = help === undefined ? null : { what: visibleText(help), command: null },
): Finding => finding(id, "wrong", visibleText(message), { remedy, facts: { why: message } });

export const silent = (id: Finding["id"], limitMs: number): Finding =>
  finding(id, "untried", `no answer within ${limitMs / 1_000} s`, { facts: { limitMs } });

const ADDS: Readonly<Record<SandboxTier, string>> = {
  wasm: "agents that run JavaScript, with nothing to install",
  docker: "agents whose file names no sandbox; `shell` and JavaScript on Node, each program in a container",
  gvisor: "containers on a kernel of their own, so that a hole in this machine's is no way out",
};

/** Begins how a limit was shown that nobody tried. */
const NOT_TRIED = "configured";

export const tierFinding = (
  tier: SandboxTier,
  probed: Result<SandboxProbe, Fault<string>>,
  remedy: Remedy | null,
): Finding => {
  const id = `tier.${tier}` as const;
  if (!probed.ok) {
    return {
      ...faulty(id, probed.fault, remedy ?? undefined),
      adds: ADDS[tier],
      facts: { usable: false, why: probed.fault.message },
    };
  }
  const { engine, limits } = probed.value;
  const names = limits.map(({ name, shown }) =>
    shown.startsWith(NOT_TRIED) ? `${name} (configured, not shown)` : name,
  );
  return finding(id, "ok", foreign(engine), {
    details: [`shown here to hold: ${visibleText(names.join(", "))}`],
    facts: { usable: true, engine, limits: limits.map(({ name, shown }) => ({ name, shown })) },
  });
};

export const untriedTier = (tier: SandboxTier): Finding =>
  finding(`tier.${tier}`, "untried", "not tried", { adds: ADDS[tier] });

/** A tier that wants a part that is not there. */
export const tierWithout = (tier: SandboxTier, wants: string, remedy: Remedy | null): Finding =>
  finding(`tier.${tier}`, "absent", `needs ${wants}`, {
    adds: ADDS[tier],
    remedy,
    facts: { usable: false, why: `needs ${wants}` },
  });
