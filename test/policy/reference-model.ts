import type { PolicyLayer } from "#protocol/policy-vocabulary.ts";

/*
 * The decision as one would explain it on paper: no Cedar, no sets, no indexes. The engine is
 * compared with it over random policies.
 */

export interface AbstractPolicy {
  readonly id: string;
  readonly layer: PolicyLayer;
  readonly kind: "permit" | "forbid" | "require";
  /** Whether the action scope admits the action that is asked for. */
  readonly covers: boolean;
  /** What becomes of it for the request, where the action scope admits the action. */
  readonly outcome: "holds" | "fails" | "errs";
}

export interface AbstractDecision {
  readonly reason: "forbidden" | "policy-error" | "not-permitted" | "no-permit" | null;
  /** Forbids that decided, or permits and requirements that apply. */
  readonly rules: readonly string[];
  readonly requirements: readonly string[];
}

export const decideOnPaper = (policies: readonly AbstractPolicy[]): AbstractDecision => {
  const about = policies.filter((policy) => policy.covers);
  const named = (
    kind: AbstractPolicy["kind"],
    ...outcomes: AbstractPolicy["outcome"][]
  ): readonly AbstractPolicy[] =>
    about.filter((policy) => policy.kind === kind && outcomes.includes(policy.outcome));
  const denied = (
    reason: AbstractDecision["reason"],
    by: readonly AbstractPolicy[] = [],
  ): AbstractDecision => ({
    reason,
    rules: by.map(({ id }) => id),
    requirements: [],
  });

  if (named("forbid", "holds").length > 0) return denied("forbidden", named("forbid", "holds"));
  if (named("forbid", "errs").length > 0) return denied("policy-error", named("forbid", "errs"));

  const speaking = new Set(named("permit", "holds", "fails", "errs").map(({ layer }) => layer));
  const permitting = new Set(named("permit", "holds").map(({ layer }) => layer));
  for (const layer of speaking) if (!permitting.has(layer)) return denied("not-permitted");
  if (permitting.size === 0) return denied("no-permit");

  const requirements = named("require", "holds", "errs").map(({ id }) => id);
  return {
    reason: null,
    rules: [...requirements, ...named("permit", "holds").map(({ id }) => id)],
    requirements,
  };
};

/** The same for a principal and those above it: the first that is denied decides, and requirements of all apply. */
export const decideChainOnPaper = (principals: readonly (readonly AbstractPolicy[])[]): AbstractDecision => {
  const each = principals.map(decideOnPaper);
  const denied = each.find(({ reason }) => reason !== null);
  if (denied !== undefined) return denied;
  const requirements = [...new Set(each.flatMap((one) => one.requirements))];
  const permits = each.flatMap(({ rules, requirements: own }) => rules.filter((id) => !own.includes(id)));
  return { reason: null, rules: [...requirements, ...new Set(permits)], requirements };
};
