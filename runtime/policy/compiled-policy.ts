import type { ComparedType } from "#protocol/agent-spec-condition.ts";
import type { Obligation, PolicyLayer, RuleCitation } from "#protocol/policy-vocabulary.ts";
import type { Problem } from "#protocol/problem.ts";
import type { SourceRange } from "#protocol/source.ts";
import type { ActionScope } from "./cedar-head.ts";

/** A problem and the file that it is in. */
export interface FileProblem {
  readonly file: string;
  readonly problem: Problem;
}

/** One source of rules in the form that the engine loads. */
export interface CompiledSource {
  readonly layer: PolicyLayer;
  readonly file: string;
  /** For the `file` layer the id of the agent that the rules bind; null for every other layer. */
  readonly agent: string | null;
  readonly policies: readonly CompiledPolicy[];
  /** Parameters of that agent; empty for every other layer. */
  readonly inputs: readonly InputType[];
  /** What was not understood as a policy. The engine refuses the source and lets Cedar say why. */
  readonly unread: readonly UnreadPolicy[];
  /** The engine refuses a source with a problem that keeps a text from running. */
  readonly problems: readonly FileProblem[];
}

export interface InputType {
  readonly name: string;
  /** Rules can read every type but `other`. */
  readonly type: ComparedType | "other";
}

/** One policy: Cedar text with what the engine knows about it. */
export interface CompiledPolicy {
  /** The rule's id. */
  readonly id: string;
  /** A requirement grants nothing: that it holds only adds its obligations. */
  readonly kind: "rule" | "requirement";
  /** A requirement is a `permit` to Cedar. */
  readonly effect: "permit" | "forbid";
  readonly action: ActionScope;
  /** `principal …` and `resource …` of the scope as Cedar text. */
  readonly principal: string;
  readonly resource: string;
  /** What must hold besides the scope, in order. */
  readonly parts: readonly PolicyPart[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly cedar: string;
  /** Where `cedar` stands in the source, or null where it was made from a rule. */
  readonly startsAt: number | null;
  readonly citation: RuleCitation;
  /** Empty for a rule. */
  readonly obligations: readonly ObligationTemplate[];
}

export interface UnreadPolicy {
  readonly id: string;
  readonly cedar: string;
  readonly startsAt: number;
  readonly range: SourceRange;
}

/** One of the conditions that a policy joins by "and". */
export interface PolicyPart {
  readonly clause: "when" | "unless";
  readonly cedar: string;
  /** The condition as its author wrote it, or what it asks where nobody wrote it. */
  readonly shown: string;
  /** What to say when it does not hold, where that is more than that. */
  readonly fails: string | null;
}

type WithoutRule<T> = T extends unknown ? Omit<T, "rule"> : never;

/** An obligation before it is known which rule asks for it. */
export type ObligationTemplate = WithoutRule<Obligation>;
