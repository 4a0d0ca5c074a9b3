import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { PolicySet } from "#ports/decider.ts";
import type { PolicyLayer, PrincipalReference, PrincipalType } from "#protocol/policy-vocabulary.ts";
import { ACTION_NAMES, POLICY_LAYERS, PRINCIPAL_TYPES } from "#protocol/policy-vocabulary.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { ActionScope } from "./cedar-head.ts";
import { policyHead } from "./cedar-head.ts";
import { cedarEntity } from "./cedar-literal.ts";
import { cedarTokens } from "./cedar-tokens.ts";
import type { CompiledPolicy, CompiledSource, InputType } from "./compiled-policy.ts";
import type { NamesInPolicy, PolicyReads } from "./policy-reads.ts";
import { namesInPolicy, policyReads } from "./policy-reads.ts";

/*
 * Which sets of policies are asked for one action of one kind of principal. A policy whose scope
 * does not admit them can neither hold nor err, so each action has sets of its own that leave it
 * out: what a decision costs grows with the rules about that action and not with all rules.
 * Of a policy's list of actions the set of one action keeps that one, because to ask Cedar whether
 * an action lies in a list costs more than most conditions do.
 */

export interface ActionPlan {
  readonly layers: readonly LayerPlan[];
  /** Names of all sets, in the order of `layers`, rules before requirements. */
  readonly sets: readonly string[];
  readonly reads: PolicyReads;
}

export interface LayerPlan {
  readonly layer: PolicyLayer;
  /** Whether any permit's action scope admits the action, also one for another kind of principal. */
  readonly covers: boolean;
  readonly rules: readonly CompiledPolicy[];
  readonly requirements: readonly CompiledPolicy[];
  /** What is about the action and can bind no principal of this type, so that nobody asks it. */
  readonly others: readonly CompiledPolicy[];
  /** Null where there is nothing to ask. */
  readonly rulesSet: string | null;
  readonly requirementsSet: string | null;
}

export interface PolicyPlans {
  /** The plan for an action of a principal; undefined for an agent whose file is not among the sources. */
  plan(principal: PrincipalReference, action: string): ActionPlan | undefined;
  /** The parameters of an agent by its id; undefined where its file is not among the sources. */
  readonly inputsOf: (agent: string) => readonly InputType[] | undefined;
  /** Every set that any plan names, each once. */
  readonly sets: readonly PolicySet[];
}

/** Ids of all actions that requests can have. */
export const actionIds = (tools: readonly ToolDescriptor[]): readonly string[] => [
  ...ACTION_NAMES.filter((action) => action !== "tool_call"),
  ...tools.filter(({ action }) => action === "tool_call").map(({ name }) => `tool_call::${name}`),
];

/** Whether a scope admits an action; `tool_call` is the only action that others lie in. */
export const admits = (scope: ActionScope, action: string): boolean => {
  const lies = (id: string): boolean =>
    id === action || (id === "tool_call" && action.startsWith("tool_call::"));
  switch (scope.k) {
    case "any":
      return true;
    case "is":
      return scope.id === action;
    case "in":
      return scope.ids.some(lies);
  }
};

export const planPolicies = (
  sources: readonly CompiledSource[],
  tools: readonly ToolDescriptor[],
  digest: (bytes: Uint8Array) => Sha256,
): PolicyPlans => {
  const sets = new Map<string, PolicySet>();
  const plans = new Map<string, ActionPlan>();
  const setOf = (policies: readonly CompiledPolicy[], action: string): string | null => {
    if (policies.length === 0) return null;
    const texts = Object.fromEntries(
      policies.map((policy) => [policy.id, readingOf(policy).textFor(action)]),
    );
    const name = digest(utf8(canonicalJson(texts)));
    sets.set(name, { name, policies: texts });
    return name;
  };
  const readings = new Map<CompiledPolicy, PolicyReading>();
  const readingOf = (policy: CompiledPolicy): PolicyReading => {
    const found = readings.get(policy) ?? readPolicy(policy);
    readings.set(policy, found);
    return found;
  };
  const agents = new Map<string, readonly InputType[]>();
  for (const { agent, inputs } of sources) {
    if (agent !== null) agents.set(agent, [...(agents.get(agent) ?? []), ...inputs]);
  }
  const kinds = [
    ...[...agents.keys()].map((agent) => ({ type: "Agent" as const, agent })),
    ...PRINCIPAL_TYPES.filter((type) => type !== "Agent").map((type) => ({ type, agent: null })),
  ];
  for (const { type, agent } of kinds) {
    const binding = sources.filter((source) => source.agent === null || source.agent === agent);
    for (const action of actionIds(tools)) {
      const layers = POLICY_LAYERS.flatMap((layer): readonly LayerPlan[] => {
        const about = binding
          .filter((source) => source.layer === layer)
          .flatMap(({ policies }) => policies.filter((policy) => admits(policy.action, action)));
        if (about.length === 0) return [];
        const asked = about.filter((policy) => mayBind(policy, type));
        const rules = asked.filter(({ kind }) => kind === "rule");
        const requirements = asked.filter(({ kind }) => kind === "requirement");
        return [
          {
            layer,
            covers: about.some(({ kind, effect }) => kind === "rule" && effect === "permit"),
            rules,
            requirements,
            others: about.filter((policy) => !asked.includes(policy)),
            rulesSet: setOf(rules, action),
            requirementsSet: setOf(requirements, action),
          },
        ];
      });
      plans.set(planKey(type, agent, action), {
        layers,
        sets: layers.flatMap(({ rulesSet, requirementsSet }) =>
          [rulesSet, requirementsSet].filter((name) => name !== null),
        ),
        reads: policyReads(
          layers.flatMap(({ rules, requirements }) =>
            [...rules, ...requirements].map((policy) => readingOf(policy).names),
          ),
        ),
      });
    }
  }
  return {
    plan: ({ type, id }, action) => plans.get(planKey(type, type === "Agent" ? id : null, action)),
    inputsOf: (agent) => agents.get(agent),
    sets: [...sets.values()],
  };
};

const planKey = (type: PrincipalType, agent: string | null, action: string): string =>
  `${type} ${action} ${agent ?? ""}`;

/** What is known of a policy's text, found once for all actions. */
interface PolicyReading {
  readonly names: NamesInPolicy;
  /** The text for requests of one action, which its scope admits: the same answer to each of them. */
  textFor(action: string): string;
}

const readPolicy = ({ cedar, action: scope }: CompiledPolicy): PolicyReading => {
  const span = policyHead(cedarTokens(cedar))?.actionSpan;
  return {
    names: namesInPolicy(cedar),
    textFor: (action) =>
      span !== undefined && scope.k === "in" && scope.ids.includes(action)
        ? `${cedar.slice(0, span[0])}action == ${cedarEntity("Action", action)}${cedar.slice(span[1])}`
        : cedar,
  };
};

/** Whether a principal of that type can be in the policy's scope at all. */
const mayBind = ({ principal }: CompiledPolicy, type: PrincipalType): boolean => {
  const [, named] = /^principal is ([A-Za-z_]+)/.exec(principal) ?? [];
  return named === undefined || named === type;
};
