import type { SandboxTier } from "#protocol/agent-spec.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import { isObligation } from "#protocol/policy-decision.ts";
import type { Decision, Obligation, OnBehalfOf } from "#protocol/policy-vocabulary.ts";
import type { Refusal } from "./contract.ts";

/** Under what an action may be executed. */
export interface Conditions {
  /** The shortest that any rule asks for, or null. */
  readonly timeoutMs: number | null;
  /** Null when nobody has to agree. */
  readonly approval: ApprovalTerms | null;
}

export interface ApprovalTerms {
  /** One of whom each person must be; `[]` accepts any. */
  readonly approvers: readonly string[];
  readonly except: readonly string[];
  /** Different people who must agree, at least 1. */
  readonly min: number;
  /** The rules that ask for it. */
  readonly rules: readonly string[];
}

export type Verdict =
  | { readonly k: "permitted"; readonly conditions: Conditions }
  | { readonly k: "denied"; readonly refusal: Refusal };

/**
 * What the gate does with a decision: permits under conditions that it can honour, and denies
 * everything else, also what it does not understand. All obligations apply, the strictest of a
 * kind counts, and they do so whatever the outcome is called.
 */
export const readOutcome = (
  decision: Decision,
  run: { readonly tier: SandboxTier; readonly onBehalfOf: OnBehalfOf },
): Verdict => {
  switch (decision.outcome) {
    case "deny":
      return denied(decision.denyReason ?? "unknown");
    case "allow":
    case "allow-with-conditions":
    case "step-up":
      return readObligations(decision, run);
    case "modify":
    case "defer":
    default:
      return denied("outcome-unsupported");
  }
};

const denied = (refusal: Refusal): Verdict => ({ k: "denied", refusal });

const readObligations = (
  decision: Decision,
  run: { readonly tier: SandboxTier; readonly onBehalfOf: OnBehalfOf },
): Verdict => {
  const approvals: Extract<Obligation, { k: "approval" }>[] = [];
  let timeoutMs: number | null = null;
  for (const obligation of decision.obligations) {
    if (!isObligation(obligation)) return denied("outcome-unsupported");
    switch (obligation.k) {
      case "approval":
        approvals.push(obligation);
        break;
      case "sandbox-tier":
        if (!serves(run.tier, obligation.tier)) return denied("tier-too-weak");
        break;
      case "timeout":
        timeoutMs = Math.min(timeoutMs ?? obligation.timeoutMs, obligation.timeoutMs);
        break;
    }
  }
  if (approvals.length === 0 && decision.outcome !== "step-up") {
    return { k: "permitted", conditions: { timeoutMs, approval: null } };
  }
  const approval = approvalTerms(
    approvals,
    decision.rules.map((citation) => citation.rule),
    run.onBehalfOf,
  );
  return approval === null
    ? denied("outcome-unsupported")
    : { k: "permitted", conditions: { timeoutMs, approval } };
};

/** Whether a tier is at least as strong as the floor. */
const serves = (tier: SandboxTier, floor: SandboxTier): boolean =>
  SANDBOX_TIERS.indexOf(tier) >= SANDBOX_TIERS.indexOf(floor);

/**
 * The terms that satisfy every approval that is asked for at once, or null when none do: lists of
 * approvers that share too few, or an initiator who must not answer and is not a user of the
 * operating system, so that no person can be shown not to be it.
 */
const approvalTerms = (
  approvals: readonly Extract<Obligation, { k: "approval" }>[],
  deciding: readonly string[],
  onBehalfOf: OnBehalfOf,
): ApprovalTerms | null => {
  let approvers: readonly string[] | null = null;
  let min = 1;
  let except: readonly string[] = [];
  for (const approval of approvals) {
    min = Math.max(min, approval.min);
    if (approval.approvers.length > 0) {
      approvers = approvers === null ? approval.approvers : common(approvers, approval.approvers);
      if (approvers.length === 0) return null;
    }
    if (approval.notInitiator) {
      if (onBehalfOf.kind !== "user") return null;
      except = [onBehalfOf.id];
    }
  }
  const able = approvers?.filter((user) => !except.includes(user));
  if (able !== undefined && new Set(able).size < min) return null;
  return {
    approvers: able ?? [],
    except,
    min,
    rules: approvals.length > 0 ? approvals.map((approval) => approval.rule.rule) : deciding,
  };
};

const common = (left: readonly string[], right: readonly string[]): readonly string[] =>
  left.filter((user) => right.includes(user));
