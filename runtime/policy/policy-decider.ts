import type { Sha256 } from "#kernel/digest.ts";
import type { Decision, PolicyRequest } from "#protocol/policy-vocabulary.ts";

/**
 * The law as the gate sees it: one question, one decision. Layers, requirements and the engine
 * lie behind it.
 *
 * `decide` resolves with a decision whatever happens to the engine or its worker: a loss, a
 * timeout or a request that cannot be put to the policies is a `deny` whose `denyReason` says
 * why. It rejects only with an AbortError, when `signal` is aborted.
 */
export interface PolicyDecider {
  /** Digest of the effective policies of all layers; every decision carries the same one. */
  readonly policies: Sha256;
  decide(request: PolicyRequest, signal: AbortSignal): Promise<Decision>;
}
