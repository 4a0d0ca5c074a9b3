import type { PolicyLayer } from "#protocol/policy-vocabulary.ts";
import type { CompiledPolicy } from "./compiled-policy.ts";

/*
 * How the layers meet. Each layer can only take away from what the others allow, so their order
 * decides nothing but the order of citations.
 */

/** What one layer says to one request of one principal. */
export interface LayerAnswer {
  readonly layer: PolicyLayer;
  /** Whether the scope of any of its permits admits the action, whatever else that permit asks. */
  readonly covers: boolean;
  /** The rules that hold. */
  readonly permits: readonly CompiledPolicy[];
  readonly forbids: readonly CompiledPolicy[];
  /** The requirements that hold. */
  readonly requirements: readonly CompiledPolicy[];
  /** The rules and requirements that could not be evaluated. */
  readonly erred: readonly ErredPolicy[];
}

export interface ErredPolicy {
  readonly policy: CompiledPolicy;
  readonly message: string;
}

export type Verdict =
  | {
      readonly k: "permitted";
      readonly permits: readonly CompiledPolicy[];
      /** Those that hold and those that could not be evaluated. */
      readonly requirements: readonly CompiledPolicy[];
    }
  | {
      readonly k: "denied";
      readonly reason: "forbidden" | "policy-error" | "not-permitted" | "no-permit";
      /** The forbids that decided; empty where a permit was missing. */
      readonly by: readonly CompiledPolicy[];
      /** The layers that should have permitted and did not; empty for `no-permit`. */
      readonly lacking: readonly PolicyLayer[];
    };

/**
 * Denied when any forbid of any layer holds, or could not be evaluated and so might hold. Denied
 * when a layer has a permit whose scope covers the action and no permit of that layer holds.
 * Denied when no layer permits. Otherwise permitted, under every requirement of every layer that
 * holds or could not be evaluated.
 */
export const intersect = (answers: readonly LayerAnswer[]): Verdict => {
  const forbids = answers.flatMap((answer) => answer.forbids);
  if (forbids.length > 0) return { k: "denied", reason: "forbidden", by: forbids, lacking: [] };

  const erred = answers.flatMap((answer) => answer.erred.map(({ policy }) => policy));
  const couldForbid = erred.filter(({ effect }) => effect === "forbid");
  if (couldForbid.length > 0) return { k: "denied", reason: "policy-error", by: couldForbid, lacking: [] };

  const lacking = answers.filter(({ covers, permits }) => covers && permits.length === 0);
  if (lacking.length > 0) {
    return { k: "denied", reason: "not-permitted", by: [], lacking: lacking.map(({ layer }) => layer) };
  }
  const permits = answers.flatMap((answer) => answer.permits);
  if (permits.length === 0) return { k: "denied", reason: "no-permit", by: [], lacking: [] };

  return {
    k: "permitted",
    permits,
    requirements: [
      ...answers.flatMap((answer) => answer.requirements),
      ...erred.filter(({ kind }) => kind === "requirement"),
    ],
  };
};
