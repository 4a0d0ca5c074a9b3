import { compileCedar } from "#policy/cedar-file.ts";
import type { CompiledSource, FileProblem } from "#policy/compiled-policy.ts";
import { createPolicyEngine } from "#policy/engine.ts";
import type { LoadedPolicies } from "#policy/loaded-policies.ts";
import type { Decider } from "#ports/decider.ts";
import type { PolicyLayer } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { READER, sha256 } from "./policy-requests.ts";

const { signal } = new AbortController();

/** The file of an agent, as rules written in Cedar: what compiled rules are to the engine. */
export const agentFile = (text: string, agent = READER, tools = BUILTIN_TOOLS): CompiledSource => ({
  ...cedarSource("file", text, agent.slice(0, agent.indexOf("#")), tools),
  agent,
});

export const cedarSource = (
  layer: PolicyLayer,
  text: string,
  file = `${layer}.cedar`,
  tools = BUILTIN_TOOLS,
): CompiledSource => compileCedar({ layer, file, kind: "cedar", text }, tools);

/** Loads sources or throws with their problems. */
export const loadPolicies = async (
  decider: Decider,
  sources: readonly CompiledSource[],
  tools: readonly ToolDescriptor[] = BUILTIN_TOOLS,
): Promise<LoadedPolicies> => {
  const loading = await createPolicyEngine({ decider, digest: sha256, tools }).load(sources, signal);
  if (!loading.ok) throw new Error(loading.fault.message);
  if (loading.value.policies === null) throw new Error(JSON.stringify(loading.value.problems, null, 2));
  return loading.value.policies;
};

/** The problems that keep sources from being loaded, or that stand beside loaded ones. */
export const problemsOf = async (
  decider: Decider,
  sources: readonly CompiledSource[],
): Promise<{ readonly loaded: boolean; readonly problems: readonly FileProblem[] }> => {
  const loading = await createPolicyEngine({ decider, digest: sha256, tools: BUILTIN_TOOLS }).load(
    sources,
    signal,
  );
  if (!loading.ok) throw new Error(loading.fault.message);
  return { loaded: loading.value.policies !== null, problems: loading.value.problems };
};
