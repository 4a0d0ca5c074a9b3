import { utf8 } from "#kernel/bytes.ts";
import { byCodeUnits, canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { Decider, DeciderFault } from "#ports/decider.ts";
import { POLICY_VOCABULARY_VERSION } from "#protocol/policy-vocabulary.ts";
import { mayRun } from "#protocol/problem.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { BUILTIN_LAYER } from "./builtin-layer.ts";
import type { CompiledSource, FileProblem, InputType } from "./compiled-policy.ts";
import { HeldSets } from "./held-sets.ts";
import { checkProblems, policiesToCheck } from "./policy-check.ts";
import { actionIds, planPolicies } from "./policy-plan.ts";
import { policyError } from "./policy-problem.ts";
import { cedarSchema } from "./schema.ts";
import type { LoadedPolicies } from "./loaded-policies.ts";
import { createLoadedPolicies } from "./loaded-policies.ts";

/**
 * Turns compiled sources into something that decides. One engine serves many runs; each load is a
 * version of its own, and a decision sees exactly one of them.
 */
export interface PolicyEngine {
  /**
   * Checks and loads the sources of all layers; the built-in layer is added. `policies` is null
   * when a problem keeps them from being enforced as written: then nothing may run.
   */
  load(sources: readonly CompiledSource[], signal: AbortSignal): Promise<Result<PolicyLoading, DeciderFault>>;
}

export interface PolicyLoading {
  readonly policies: LoadedPolicies | null;
  readonly problems: readonly FileProblem[];
}

export interface PolicyEngineDeps {
  readonly decider: Decider;
  /** SHA-256. */
  readonly digest: (bytes: Uint8Array) => Sha256;
  /** Every tool that a request can name. */
  readonly tools: readonly ToolDescriptor[];
}

export const createPolicyEngine = (deps: PolicyEngineDeps): PolicyEngine => {
  const held = new HeldSets(deps.decider);
  return { load: (given, signal) => load(deps, held, given, signal) };
};

const load = async (
  deps: PolicyEngineDeps,
  held: HeldSets,
  given: readonly CompiledSource[],
  signal: AbortSignal,
): Promise<Result<PolicyLoading, DeciderFault>> => {
  const { digest, tools } = deps;
  const before = [...given.flatMap(({ problems }) => problems), ...misplaced(given), ...repeated(given)];
  const checked = await checkSources(deps, given, signal);
  if (!checked.ok) return checked;
  const problems = [...before, ...checked.value].sort(byPlace);
  if (!mayRun(problems.map(({ problem }) => problem))) return ok({ policies: null, problems });

  // Rules are cited in the order of their files, whoever gathered those.
  const sources = [BUILTIN_LAYER, ...given.toSorted((one, other) => byCodeUnits(one.file, other.file))];
  const plans = planPolicies(sources, tools, digest);
  const loaded = await held.load(plans.sets, signal);
  if (!loaded.ok) return loaded;
  const [refused] = loaded.value;
  // Everything was checked before, so a refusal now is not a mistake of any one file.
  if (refused !== undefined) {
    return ok({
      policies: null,
      problems: [...problems, { file: "builtin", problem: policyError("syntax", refused.message, START) }],
    });
  }
  const policies = createLoadedPolicies({ ...deps, held, plans, policies: digestOf(sources, deps) });
  return ok({ policies, problems });
};

const byPlace = (one: FileProblem, other: FileProblem): number =>
  byCodeUnits(one.file, other.file) || one.problem.range.span[0] - other.problem.range.span[0];

const START = { span: [0, 0], line: 1, column: 1, endLine: 1, endColumn: 1 } as const;

/** What Cedar has to say about the sources. Those that are checked alike are checked together. */
const checkSources = async (
  { decider, tools }: PolicyEngineDeps,
  sources: readonly CompiledSource[],
  signal: AbortSignal,
): Promise<Result<readonly FileProblem[], DeciderFault>> => {
  const everyInput = mergedInputs(sources);
  const groups = Map.groupBy(sources, (source) =>
    cedarSchema(tools, source.agent === null ? everyInput : source.inputs),
  );
  const found: FileProblem[] = [];
  for (const [schema, group] of groups) {
    const policies = policiesToCheck(group);
    if (Object.keys(policies).length === 0) continue;
    const check = await decider.check(policies, schema, signal);
    if (!check.ok) return check;
    found.push(...checkProblems(group, check.value, ["tool_call", ...actionIds(tools)]));
  }
  return ok(found);
};

/** The inputs of all agents, without those that differ in type between two. One that rules cannot read differs from all. */
const mergedInputs = (sources: readonly CompiledSource[]): readonly InputType[] => {
  const all = sources.flatMap(({ inputs }) => inputs);
  return all.filter(
    ({ name, type }, index) =>
      all.every((other) => other.name !== name || other.type === type) &&
      all.findIndex((other) => other.name === name) === index,
  );
};

/** Only an agent's file binds one agent, and the built-in layer comes from nowhere else. */
const misplaced = (sources: readonly CompiledSource[]): readonly FileProblem[] =>
  sources
    .filter(({ layer, agent }) => layer === "builtin" || (layer === "file") !== (agent !== null))
    .map(({ file, layer }) => ({
      file,
      problem: policyError("form", `this source cannot be of the layer \`${layer}\``, START),
    }));

/** Two policies of one id would be one to the engine. */
const repeated = (sources: readonly CompiledSource[]): readonly FileProblem[] => {
  const seen = new Set<string>();
  return sources.flatMap(({ layer, agent, file, policies }) =>
    policies.flatMap(({ id, citation }) => {
      const key = JSON.stringify([layer, agent, id]);
      if (!seen.has(key)) {
        seen.add(key);
        return [];
      }
      return {
        file,
        problem: policyError(
          "form",
          "another policy of this layer has the same name",
          citation.range ?? START,
          {
            help: "give the two files different names",
          },
        ),
      };
    }),
  );
};

/** Names the effective policies: equal exactly when every text, layer and tool is. */
const digestOf = (sources: readonly CompiledSource[], { digest, tools }: PolicyEngineDeps): Sha256 =>
  digest(
    utf8(
      canonicalJson({
        vocabulary: POLICY_VOCABULARY_VERSION,
        schema: cedarSchema(tools, mergedInputs(sources)),
        sources: sources.map(({ layer, file, agent, inputs, policies }) => ({
          layer,
          file,
          agent,
          // A request is read by each agent's own; the schema has what all of them share.
          inputs: inputs.map(({ name, type }) => ({ name, type })),
          policies: policies.map(({ id, kind, cedar }) => ({ id, kind, cedar })),
        })),
      }),
    ),
  );
