import type { Sha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { asksModel } from "#agent/index.ts";
import { powersDigest, powersLines, powersOf } from "#gate/index.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

import { chooseTierFor, TIER_NAMES, tierNamed } from "../choose-tier.ts";
import { unlessModel } from "../models/choose-model.ts";
import type { ModelPlace } from "./models.ts";
import { modelNamed } from "./models.ts";
import { digest } from "./policies.ts";
import { sandboxProviders } from "./run.ts";
import type { SandboxSurroundings } from "./run.ts";

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
  place: Pick<ModelPlace, "variables" | "home"> & SandboxSurroundings,
): Promise<Result<ShownPowers, Fault<string>>> => {
  const model = await modelNamed(choice.model, place);
  if (!model.ok) return model;
  const named = tierNamed(choice.sandbox);
  if (named === undefined) return failed(fault("HOST_USAGE", TIER_NAMES));
  const agent = spec.agents.find(({ name }) => name === agentName);
  if (agent === undefined) return failed(NO_AGENT);
  const modelless = unlessModel(model.value, asksModel(spec, agent));
  if (modelless !== null) return failed(modelless);
  const chosen = await chooseTierFor(agent, named, sandboxProviders(place), new AbortController().signal);
  if (!chosen.ok) return chosen;
  const powers = powersOf(spec, agentName, {
    tools: BUILTIN_TOOLS,
    tier: chosen.value.choice.tier,
    model: model.value,
  });
  if (powers === undefined) return failed(NO_AGENT);
  return ok({
    digest: powersDigest(powers, digest),
    powers: powers as unknown as JsonObject,
    lines: powersLines(powers),
  });
};

const NO_AGENT = fault("HOST_NO_AGENT", "the file declares no agent of that name");
