import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import type { Obligation } from "#protocol/policy-vocabulary.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";

/** The obligations of requirements that apply, each once, strictest first. */
export const obligationsOf = (requirements: readonly CompiledPolicy[]): readonly Obligation[] =>
  [...new Set(requirements)]
    .flatMap(({ obligations, citation }) =>
      obligations.map((template): Obligation => ({ ...template, rule: citation })),
    )
    .sort(byStrictness);

/** A person before a wall before a clock; of each kind whatever leaves least. */
const byStrictness = (one: Obligation, other: Obligation): number => {
  if (one.k === "approval" && other.k === "approval") {
    return (
      other.min - one.min ||
      Number(other.notInitiator) - Number(one.notInitiator) ||
      peopleAllowed(one) - peopleAllowed(other)
    );
  }
  if (one.k === "sandbox-tier" && other.k === "sandbox-tier") {
    return SANDBOX_TIERS.indexOf(other.tier) - SANDBOX_TIERS.indexOf(one.tier);
  }
  if (one.k === "timeout" && other.k === "timeout") return one.timeoutMs - other.timeoutMs;
  return KINDS.indexOf(one.k) - KINDS.indexOf(other.k);
};

const KINDS: readonly Obligation["k"][] = ["approval", "sandbox-tier", "timeout"];

/** An empty list of approvers admits everyone. */
const peopleAllowed = ({ approvers }: Extract<Obligation, { k: "approval" }>): number =>
  approvers.length === 0 ? Number.MAX_SAFE_INTEGER : approvers.length;
