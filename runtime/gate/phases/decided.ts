import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { Decision } from "#protocol/policy-vocabulary.ts";
import type { Conditions, Verdict } from "../conditions.ts";
import { readOutcome } from "../conditions.ts";
import { within } from "../deadline.ts";
import { decisionOf } from "../decision-of.ts";
import { asJson } from "../frozen-json.ts";
import { refusalText } from "../refusal-text.ts";
import type { Subject } from "../subject.ts";
import { fingerprintOf } from "../subject.ts";
import type { World } from "../world.ts";
import { record } from "../world.ts";
import { decidedDraft } from "../decided-entry.ts";
import type { Step } from "./phase.ts";
import { broken, next, Phase, stop } from "./phase.ts";
import type { Prepared } from "./prepared.ts";

export interface DecidedContent<How> {
  readonly subject: Subject;
  readonly how: How;
  /** Of the subject as it was put to the policies. */
  readonly fingerprint: Sha256;
  readonly decision: Decision;
  readonly conditions: Conditions;
  /** `action.decided`. */
  readonly entry: EntryId;
}

/** The policies permit it, under conditions, the ledger has their decision, and nothing is known to stand in the way. */
export class Decided<How> extends Phase<DecidedContent<How>> {
  protected readonly name = "decided";

  private constructor(content: DecidedContent<How>) {
    super(content);
  }

  static async decide<How>(
    world: World,
    prepared: Prepared<How>,
    policy: PolicyDecider,
    signal: AbortSignal,
  ): Promise<Step<Decided<How>>> {
    const { subject, given, how, foreseen } = prepared.consume();
    const fingerprint = fingerprintOf(world.fingerprint, subject);
    const decision = await ask(world, subject, policy, signal);
    const verdict: Verdict =
      decision === null ? { k: "denied", refusal: "undecided" } : readOutcome(decision, world.run);
    const draft = decidedDraft(subject.identity, {
      outcome: decision !== null && verdict.k === "permitted" ? decision.outcome : "deny",
      denyReason: verdict.k === "denied" ? verdict.refusal : null,
      decision,
      policies: policy.policies,
      fingerprint,
      content: evidenceOf(subject, given),
    });
    const recorded = await record(world, draft, "none");
    if (!recorded.ok) return broken(recorded.fault);
    const entry = recorded.value.id;
    if (decision === null || verdict.k === "denied") {
      const refusal = verdict.k === "denied" ? verdict.refusal : "undecided";
      return stop({ identity: subject.identity, refusal, text: refusalText(refusal), cause: entry });
    }
    // Only now: whoever may not make the call does not learn what it would have met.
    if (foreseen !== null) {
      const { code, why } = foreseen;
      return stop({
        identity: subject.identity,
        refusal: null,
        code,
        text: `Failed: ${why}`,
        cause: entry,
      });
    }
    return next(new Decided({ subject, how, fingerprint, decision, conditions: verdict.conditions, entry }));
  }
}

/**
 * What was proposed and what was put to the policies: the request lacks the arguments that were
 * decided about, which are those of `prepared`.
 */
const evidenceOf = ({ identity, call, request }: Subject, given: JsonObject): JsonObject => {
  const { arguments: _arguments, ...rest } = request;
  const { preview, ...prepared } = call;
  return {
    request: { ...asJson(rest), reference: identity.reference },
    arguments: given,
    prepared: asJson(prepared),
    ...(preview === null ? {} : { preview }),
  };
};

/** The decision, or null for everything that is none: an error, a delay, other policies, not data. */
const ask = async (
  world: World,
  subject: Subject,
  policy: PolicyDecider,
  signal: AbortSignal,
): Promise<Decision | null> => {
  const timed = await within(world.clock, world.run.limits.decideMsMax, signal, (inner) =>
    policy.decide(subject.request, inner),
  );
  return timed.k === "settled" ? decisionOf(timed.value, policy.policies) : null;
};
