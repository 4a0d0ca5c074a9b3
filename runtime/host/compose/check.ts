import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { powersDigest, powersLines, powersOf } from "#gate/index.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import { chooseTierFor, TIER_NAMES, tierNamed } from "../choose-tier.ts";
import { digest } from "./policies.ts";
import { sandboxProviders, scriptOf } from "./run.ts";

export interface ShownPowers {
  readonly digest: Sha256;
  readonly powers: JsonObject;
  readonly lines: readonly string[];
}

/** The powers that a run of this agent would be consented to, with the same choice of tier and model. */
export const powersForCheck = async (
  spec: AgentSpec,
  agentName: string,
  choice: { readonly model: string | null; readonly sandbox: string | null },
): Promise<Result<ShownPowers, Fault<string>>> => {
  const script = scriptOf(choice.model);
  if (!script.ok) return script;
  const named = tierNamed(choice.sandbox);
  if (named === undefined) return failed(fault("HOST_USAGE", TIER_NAMES));
  const agent = spec.agents.find(({ name }) => name === agentName);
  if (agent === undefined) return failed(NO_AGENT);
  const chosen = await chooseTierFor(agent, named, sandboxProviders(), new AbortController().signal);
  if (!chosen.ok) return chosen;
  const powers = powersOf(spec, agentName, {
    tools: BUILTIN_TOOLS,
    tier: chosen.value.choice.tier,
    // The only models of this build are scripts, which stay on this machine.
    model: { id: `scripted:${script.value}`, remote: false },
  });
  if (powers === undefined) return failed(NO_AGENT);
  return ok({
    digest: powersDigest(powers, digest),
    powers: powers as unknown as JsonObject,
    lines: powersLines(powers),
  });
};

const NO_AGENT = fault("HOST_NO_AGENT", "the file declares no agent of that name");
