import type { SetAnswer } from "#ports/decider.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";
import type { ErredPolicy, LayerAnswer } from "./layers.ts";
import type { ActionPlan, LayerPlan } from "./policy-plan.ts";

/*
 * The engine's answers, read back as what each layer says. An answer that does not fit what was
 * asked is none: whoever gets undefined denies.
 */

/** Sorts the engine's answers to layers; undefined when they do not fit what was asked. */
export const answersOf = (
  plan: ActionPlan,
  answered: readonly SetAnswer[],
): readonly LayerAnswer[] | undefined => {
  if (answered.length !== plan.sets.length) return undefined;
  if (answered.some(({ set }, index) => set !== plan.sets[index])) return undefined;
  const bySet = new Map(answered.map((answer) => [answer.set, answer]));
  const layers = plan.layers.map((layer) => answerOf(layer, bySet));
  return layers.every((layer) => layer !== undefined) ? layers : undefined;
};

const answerOf = (
  { layer, covers, rules, requirements, rulesSet, requirementsSet }: LayerPlan,
  bySet: ReadonlyMap<string, SetAnswer>,
): LayerAnswer | undefined => {
  const ruling = readAnswer(rules, rulesSet === null ? undefined : bySet.get(rulesSet));
  const requiring = readAnswer(
    requirements,
    requirementsSet === null ? undefined : bySet.get(requirementsSet),
  );
  if (ruling === undefined || requiring === undefined) return undefined;
  const wanted = ruling.allowed ? "permit" : "forbid";
  // What made the answer must be of the kind that makes such an answer.
  if (ruling.determining.some(({ effect }) => effect !== wanted)) return undefined;
  if (requiring.allowed !== requiring.determining.length > 0) return undefined;
  return {
    layer,
    covers,
    permits: ruling.allowed ? ruling.determining : [],
    forbids: ruling.allowed ? [] : ruling.determining,
    requirements: requiring.determining,
    erred: [...ruling.erred, ...requiring.erred],
  };
};

const readAnswer = (
  policies: readonly CompiledPolicy[],
  answer: SetAnswer | undefined,
):
  | {
      readonly allowed: boolean;
      readonly determining: readonly CompiledPolicy[];
      readonly erred: readonly ErredPolicy[];
    }
  | undefined => {
  if (answer === undefined)
    return policies.length === 0 ? { allowed: false, determining: [], erred: [] } : undefined;
  // The engine names policies in no order; here they stand in that of their source.
  const known = new Set(policies.map(({ id }) => id));
  const named = [...answer.determining, ...answer.errors.map(({ policyId }) => policyId)];
  if (!named.every((id) => known.has(id))) return undefined;
  const decided = new Set(answer.determining);
  const errors = new Map(answer.errors.map(({ policyId, message }) => [policyId, message]));
  const determining = policies.filter(({ id }) => decided.has(id));
  const erred = policies.flatMap((policy): readonly ErredPolicy[] => {
    const message = errors.get(policy.id);
    return message === undefined ? [] : [{ policy, message }];
  });
  return { allowed: answer.allowed, determining, erred };
};
