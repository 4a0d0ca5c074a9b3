import { basename, extname } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { asksModel } from "#agent/index.ts";
import { offeredTools, powersDigest, powersOf } from "#gate/index.ts";
import { compileAgentFile, compileCedar } from "#policy/index.ts";
import type { FileProblem, LoadedPolicies, PolicyEngine } from "#policy/index.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import type { Lowering } from "#ports/lowering.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";
import type { AgentDefinition, AgentSpec, SandboxTier } from "#protocol/agent-spec.ts";
import type { Powers } from "#protocol/consent.ts";
import type { PolicySource } from "#protocol/policy-vocabulary.ts";
import { mayRun } from "#protocol/problem.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import type { TierChoice } from "#sandbox/tier.ts";

import type { TierWhy } from "./choose-tier.ts";
import { chooseTierFor } from "./choose-tier.ts";
import { unlessModel } from "./models/choose-model.ts";

export type { FileProblem };

/** What a person asked to run, before anything of it was looked at. */
export interface RunOrder {
  /** The file's bytes as they were read once, and its path below the workspace. */
  readonly bytes: Uint8Array;
  readonly path: string;
  /** Null for the only agent of the file. */
  readonly agent: string | null;
  readonly sandbox: SandboxTier | "auto";
  readonly policySources: readonly PolicySource[];
}

export interface PlanDeps {
  readonly lowering: Lowering;
  readonly engine: PolicyEngine;
  readonly providers: readonly SandboxProvider[];
  readonly model: LanguageModel;
  readonly digest: (bytes: Uint8Array) => Sha256;
}

/** A run that may start once a person consents to its powers. */
export interface RunPlan extends BoundAgent {
  readonly provider: SandboxProvider;
  /** Name and version of what the sandbox runs on. */
  readonly engine: string;
  readonly tier: TierChoice;
  /** The code of `tier.why`, as `run.started` carries it. */
  readonly tierWhy: TierWhy;
  readonly powers: Powers;
  readonly powersDigest: Sha256;
  readonly offered: readonly string[];
}

export type PlanRefusal =
  /** Texts that do not say what could be enforced. */
  | { readonly k: "problems"; readonly problems: readonly FileProblem[] }
  /** A wrong name or an agent that cannot be chosen. */
  | { readonly k: "usage"; readonly fault: Fault<string> }
  /** Something that is missing or refuses on this machine. */
  | { readonly k: "unavailable"; readonly fault: Fault<string> };

/** An agent of a file with the rules that bind it, loaded. Whoever gets it closes `policies`. */
export interface BoundAgent {
  readonly spec: AgentSpec;
  readonly agent: AgentDefinition;
  readonly sourceText: string;
  readonly policies: LoadedPolicies;
  /** What is worth knowing and keeps nothing from running. */
  readonly warnings: readonly FileProblem[];
}

/** Lowers the file, chooses the agent and loads its rules. Rejects with an AbortError when aborted. */
export const bindAgent = async (
  deps: Pick<PlanDeps, "lowering" | "engine">,
  order: Omit<RunOrder, "sandbox">,
  signal: AbortSignal,
): Promise<Result<BoundAgent, PlanRefusal>> => {
  const lowered = await deps.lowering.lower({ path: order.path, bytes: order.bytes }, signal);
  if (!lowered.ok) return failed({ k: "unavailable", fault: lowered.fault });
  const spec = lowered.value.value;
  const own = lowered.value.problems.map((problem): FileProblem => ({ file: order.path, problem }));
  const sourceText = utf8Text(order.bytes);
  // A spec that is not whole lacks what it could not say, so it is refused whatever its problems are called.
  if (spec?.isWhole !== true || sourceText === undefined || !mayRun(lowered.value.problems)) {
    return failed({ k: "problems", problems: own });
  }
  const agent = chooseAgent(spec, order.agent);
  if (!agent.ok) return failed({ k: "usage", fault: agent.fault });

  const sources = [
    ...order.policySources.map((source) => compileCedar(source, BUILTIN_TOOLS)),
    compileAgentFile(spec, agent.value.name, BUILTIN_TOOLS),
  ];
  const loading = await deps.engine.load(sources, signal);
  if (!loading.ok) return failed({ k: "unavailable", fault: loading.fault });
  const { policies, problems } = loading.value;
  if (policies === null) return failed({ k: "problems", problems });
  return ok({ spec, agent: agent.value, sourceText, policies, warnings: [...own, ...problems] });
};

/** Binds the agent and chooses what it runs in; changes nothing. Rejects with an AbortError when aborted. */
export const planRun = async (
  deps: PlanDeps,
  order: RunOrder,
  signal: AbortSignal,
): Promise<Result<RunPlan, PlanRefusal>> => {
  const bound = await bindAgent(deps, order, signal);
  if (!bound.ok) return bound;
  const { spec, agent, policies } = bound.value;
  const refuse = (refusal: PlanRefusal): Result<never, PlanRefusal> => {
    policies.close();
    return failed(refusal);
  };
  const modelless = unlessModel(deps.model, asksModel(spec, agent));
  if (modelless !== null) return refuse({ k: "usage", fault: modelless });
  const chosen = await chooseTierFor(agent, order.sandbox, deps.providers, signal);
  if (!chosen.ok) return refuse({ k: "unavailable", fault: chosen.fault });
  const { choice: tier, provider, engine, why } = chosen.value;
  const unheld = unheldLimit(agent, tier.tier);
  if (unheld !== null) return refuse({ k: "unavailable", fault: unheld });

  const context = { tools: BUILTIN_TOOLS, tier: tier.tier, model: deps.model };
  const powers = powersOf(spec, agent.name, context);
  if (powers === undefined) return refuse({ k: "usage", fault: unknownAgent(spec) });
  return ok({
    ...bound.value,
    provider,
    engine,
    tier,
    tierWhy: why,
    powers,
    powersDigest: powersDigest(powers, deps.digest),
    offered: offeredTools(agent, context).map((tool) => tool.name),
  });
};

const chooseAgent = (
  spec: AgentSpec,
  wanted: string | null,
): Result<AgentDefinition, Fault<"HOST_NO_AGENT" | "HOST_WHICH_AGENT">> => {
  if (wanted !== null) {
    const found = spec.agents.find((agent) => agent.name === wanted);
    return found === undefined ? failed(unknownAgent(spec)) : ok(found);
  }
  const [only, ...others] = spec.agents;
  if (only === undefined)
    return failed(fault("HOST_NO_AGENT", `\`${visibleText(spec.source.path)}\` declares no agent`));
  if (others.length === 0) return ok(only);
  const stem = basename(spec.source.path, extname(spec.source.path)).replaceAll("-", "_");
  const named = spec.agents.find((agent) => agent.name === stem);
  if (named !== undefined) return ok(named);
  return failed(
    fault("HOST_WHICH_AGENT", `the file declares several agents: ${namesOf(spec)}`, {
      help: "name one with --agent",
    }),
  );
};

const unknownAgent = (spec: AgentSpec): Fault<"HOST_NO_AGENT"> =>
  fault(
    "HOST_NO_AGENT",
    `\`${visibleText(spec.source.path)}\` declares no agent of that name`,
    spec.agents.length === 0 ? {} : { help: `it declares ${namesOf(spec)}` },
  );

/** Names of agents that a message lists. */
const NAMES_MAX = 20;

const namesOf = ({ agents }: AgentSpec): string => {
  const names = agents.slice(0, NAMES_MAX).map((agent) => visibleText(agent.name));
  if (agents.length > NAMES_MAX) names.push(`and ${agents.length - NAMES_MAX} more`);
  return names.join(", ");
};

/** A limit of the file that the tier cannot hold must not be passed over. */
const unheldLimit = (agent: AgentDefinition, tier: SandboxTier): Fault<"HOST_LIMIT_NOT_HELD"> | null => {
  const { cpuCoresMax } = agent.limits;
  if (tier !== "wasm" || cpuCoresMax === null || cpuCoresMax.value >= 1) return null;
  return fault(
    "HOST_LIMIT_NOT_HELD",
    `the file allows ${cpuCoresMax.value} of a processor core, and the embedded sandbox can hold whole cores only`,
    { help: "allow 1 or more, or run it on docker or gvisor" },
  );
};
