import type { Sha256 } from "#kernel/digest.ts";
import { durationText } from "#kernel/duration.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { Decision, DecisionOutcome, Obligation } from "#protocol/policy-vocabulary.ts";
import { asJson } from "./frozen-json.ts";
import type { Identity } from "./subject.ts";

/** Most rules and obligations that stand in the public part; the sealed decision has them all. */
const NAMES_MAX = 64;
const NAME_CHARACTERS_MAX = 512;

export interface Decided {
  readonly outcome: DecisionOutcome;
  readonly denyReason: string | null;
  /** Null when the policies were not asked or gave nothing that can be kept. */
  readonly decision: Decision | null;
  readonly policies: Sha256;
  readonly fingerprint: Sha256 | null;
  readonly content: EntryDraft["content"];
}

/** `action.decided`: what was asked of the policies, what they said, and what the gate made of it. */
export const decidedDraft = (identity: Identity, decided: Decided): EntryDraft => ({
  type: "action.decided",
  cause: identity.cause,
  public: {
    callId: identity.callId,
    iteration: identity.iteration,
    ordinal: identity.ordinal,
    action: identity.action,
    tool: identity.tool,
    outcome: decided.outcome,
    denyReason: decided.denyReason,
    rules: names((decided.decision?.rules ?? []).map((citation) => citation.rule)),
    obligations: names((decided.decision?.obligations ?? []).map(obligationName)),
    policies: decided.policies,
    fingerprint: decided.fingerprint,
  },
  content: {
    ...decided.content,
    ...(decided.decision === null ? {} : { decision: asJson(decided.decision) }),
  },
  labels: identity.labels,
  feeds: false,
});

/** At most `NAMES_MAX` names that an entry accepts; a longer one is cut visibly. */
export const names = (all: readonly string[]): readonly string[] =>
  all
    .slice(0, NAMES_MAX)
    .map((name) =>
      name.length <= NAME_CHARACTERS_MAX
        ? name || "?"
        : `${name.slice(0, NAME_CHARACTERS_MAX - 1).toWellFormed()}…`,
    );

const obligationName = (obligation: Obligation): string => {
  switch (obligation.k) {
    case "approval":
      return "approval";
    case "sandbox-tier":
      return `sandbox-tier ${obligation.tier}`;
    case "timeout":
      return `timeout ${durationText(obligation.timeoutMs)}`;
    default:
      return "unknown";
  }
};
