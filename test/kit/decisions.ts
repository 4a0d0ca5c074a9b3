import type { Sha256 } from "#kernel/digest.ts";
import type {
  Decision,
  DenyReason,
  Obligation,
  PolicyRequest,
  RuleCitation,
} from "#protocol/policy-vocabulary.ts";

/** A digest that says at a glance which one it is: `digestOf("a")` is 64 times `a`. */
export const digestOf = (digit: string): Sha256 => digit.repeat(64) as Sha256;

export const citation = (rule: string, effect: RuleCitation["effect"] = "permit"): RuleCitation => ({
  layer: "file",
  rule,
  effect,
  file: "agents/helper.symbi",
  range: { span: [10, 40], line: 3, column: 5, endLine: 3, endColumn: 35 },
  text: `the rule ${rule}`,
});

const decision = (changes: Partial<Decision>): Decision => ({
  v: 1,
  outcome: "allow",
  denyReason: null,
  summary: "decided",
  rules: [],
  missing: [],
  obligations: [],
  errors: [],
  policies: digestOf("a"),
  ...changes,
});

export const allow = (): Decision => decision({ rules: [citation("helper/base/1")] });

export const deny = (denyReason: DenyReason = "forbidden"): Decision =>
  decision({ outcome: "deny", denyReason, rules: [citation("helper/base/2", "forbid")] });

export const other = (outcome: Decision["outcome"]): Decision => decision({ outcome });

export const allowIf = (...obligations: readonly Obligation[]): Decision =>
  decision({ outcome: "allow-with-conditions", rules: [citation("helper/base/1")], obligations });

export const stepUp = (...obligations: readonly Obligation[]): Decision =>
  decision({ outcome: "step-up", rules: [citation("helper/base/3", "require")], obligations });

const RULE = citation("helper/base/3", "require");

export const approvalBy = (
  terms: {
    readonly approvers?: readonly string[];
    readonly min?: number;
    readonly notInitiator?: boolean;
  } = {},
): Obligation => ({ k: "approval", approvers: [], min: 1, notInitiator: false, rule: RULE, ...terms });

export const tierFloor = (tier: "wasm" | "docker" | "gvisor"): Obligation => ({
  k: "sandbox-tier",
  tier,
  rule: RULE,
});

export const timeoutOf = (timeoutMs: number): Obligation => ({ k: "timeout", timeoutMs, rule: RULE });

/** The name that a table of decisions gives a request: its tool, or its action. */
export const subjectName = (request: PolicyRequest): string => request.tool ?? request.action;
