import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { PolicySet, SetAnswer } from "#ports/decider.ts";
import type { CompiledPolicy, PolicyPart } from "./compiled-policy.ts";
import type { PolicyReads } from "./policy-reads.ts";
import { namesInPolicy, policyReads } from "./policy-reads.ts";

/*
 * Why a rule does not hold. Each of its conditions is asked of the engine together with those
 * before it, so that the first one that fails is named, and never one that only looks false
 * because a condition before it protects it.
 */

/** What is asked about some policies. */
export interface Probes {
  readonly set: PolicySet;
  readonly reads: PolicyReads;
  readonly policies: readonly ProbedPolicy[];
}

interface ProbedPolicy {
  readonly policy: CompiledPolicy;
  /** Ids in the set: the scope alone, then with the first condition, and so on up to all of them. */
  readonly probes: readonly string[];
}

/** How far one policy holds. */
export interface PolicyTrace {
  readonly policy: CompiledPolicy;
  /** True when scope and all conditions hold. */
  readonly holds: boolean;
  /** Conditions that hold before the first that does not; -1 where not even the scope holds. */
  readonly held: number;
  /** The first condition that does not hold; null where none is to blame. */
  readonly failed: PolicyPart | null;
  /** Why that condition could not be evaluated, or null. */
  readonly error: string | null;
}

/** Most policies that are looked into for one explanation. */
export const PROBED_MAX = 32;

/** The questions about the first `PROBED_MAX` of some policies, as a set for the engine. */
export const probesOf = (
  policies: readonly CompiledPolicy[],
  digest: (bytes: Uint8Array) => Sha256,
): Probes => {
  // Rules of one author begin alike; what is asked of several is asked once.
  const ids = new Map<string, string>();
  const idOf = (text: string): string => {
    const id = ids.get(text) ?? String(ids.size);
    ids.set(text, id);
    return id;
  };
  const probed = policies.slice(0, PROBED_MAX).map((policy): ProbedPolicy => {
    const scope = `permit (${policy.principal}, action, ${policy.resource})`;
    let conditions = "";
    const probes = [idOf(`${scope};`)];
    for (const { clause, cedar } of policy.parts) {
      conditions += ` ${clause} { ${cedar}\n}`;
      probes.push(idOf(`${scope}${conditions};`));
    }
    return { policy, probes };
  });
  const texts = Object.fromEntries([...ids].map(([text, id]) => [id, text]));
  return {
    set: { name: digest(utf8(canonicalJson(texts))), policies: texts },
    reads: policyReads(Object.values(texts).map(namesInPolicy)),
    policies: probed,
  };
};

/** What the engine's answer to the probes says of each policy, in their order. */
export const tracesOf = (probes: Probes, answer: SetAnswer): readonly PolicyTrace[] => {
  const holding = new Set(answer.determining);
  const errors = new Map(answer.errors.map(({ policyId, message }) => [policyId, message]));
  return probes.policies.map(({ policy, probes: ids }) => {
    const failing = ids.findIndex((id) => !holding.has(id));
    const holds = failing < 0;
    const held = holds ? policy.parts.length : failing - 1;
    const error = errors.get(ids[failing] ?? "");
    return {
      policy,
      holds,
      held,
      failed: holds ? null : (policy.parts[held] ?? null),
      error: holds || error === undefined ? null : error,
    };
  });
};

/** The policy that comes nearest to holding: the one with fewest conditions left. */
export const nearestOf = (traces: readonly PolicyTrace[]): PolicyTrace | null => {
  const left = ({ policy, held }: PolicyTrace): number =>
    held < 0 ? Number.MAX_SAFE_INTEGER : policy.parts.length - held;
  return traces.reduce<PolicyTrace | null>(
    (best, trace) => (best === null || left(trace) < left(best) ? trace : best),
    null,
  );
};

/** Why a rule does not hold, in words. */
export const traceText = ({ held, failed, error }: PolicyTrace): string => {
  if (held < 0) return "it is about another principal or resource";
  if (failed === null) return "it does not hold";
  if (failed.fails !== null) return failed.fails;
  const condition = `\`${visibleExcerpt(failed.shown, 200)}\``;
  return error === null
    ? `${condition} does not hold`
    : `${condition} cannot be evaluated: ${visibleExcerpt(error, 200)}`;
};
