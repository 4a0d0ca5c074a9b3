import { utf8 } from "#kernel/bytes.ts";
import type { Expression, PolicyBlock, Rule } from "#protocol/agent-spec.ts";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";
import { partSpan, spanOf } from "../parser/tree.ts";
import { keyText } from "../semantics/literal.ts";
import { didYouMean, quoted } from "../semantics/reporter.ts";
import { ConditionLowering } from "./condition.ts";
import type { ConditionInputs } from "./condition-names.ts";
import type { LowerContext } from "./context.ts";
import { neverHolds } from "./never-holds.ts";
import { lowerPatterns } from "./pattern.ts";
import { auditPatterns, requiredParts } from "./requirement.ts";

/** Whom the policies of a place bind. */
export interface PolicyPlace {
  /** Name of the agent, or `*` at the top of the file. */
  readonly agent: string;
  readonly inputs: ConditionInputs;
}

/** Lowers the policies of one place. A rule that cannot be enforced as written is left out and reported. */
export const lowerPolicies = (
  context: LowerContext,
  place: PolicyPlace,
  nodes: readonly syntax.Policy[],
): readonly PolicyBlock[] => {
  const ordinals = new Map<string, number>();
  return nodes.map((node) => {
    const name = keyText(node.name ?? "");
    const rules: Rule[] = [];
    for (const member of node.members) {
      if (member.$type === "Rule") {
        const ordinal = (ordinals.get(name) ?? 0) + 1;
        ordinals.set(name, ordinal);
        rules.push(...lowerRule(context, place, `${place.agent}/${name}/${ordinal}`, member));
      } else if (member.$type !== "Stray") {
        reportForeign(context, member);
      }
    }
    return { name, rules, range: context.source.range(spanOf(node)) };
  });
};

type Draft = Pick<Rule, "patterns" | "requirement"> & { readonly suffix: string };

const lowerRule = (
  context: LowerContext,
  place: PolicyPlace,
  id: string,
  node: syntax.Rule,
): readonly Rule[] => {
  const drafts = lowerHead(context, node);
  // Without patterns nobody knows what the condition's names mean.
  const [first] = drafts ?? [];
  if (drafts === undefined || first === undefined) return [];
  const conditions = new ConditionLowering(
    context,
    place.inputs,
    drafts.flatMap((draft) => draft.patterns),
  );
  const condition = node.condition === undefined ? null : conditions.lower(node.condition);
  if (condition === undefined) return [];
  if (condition !== null) reportIfNever(context, node.effect, condition);
  const span = ruleSpan(node);
  const text = context.source.slice(span);
  return drafts.map(({ patterns, requirement, suffix }) => ({
    id: id + suffix,
    effect: node.effect,
    patterns,
    requirement,
    condition,
    text,
    range: context.source.range(span),
    digest: context.digest(utf8(text)),
  }));
};

/** A `deny` or `require` that nothing meets is silent for ever; an `allow` only permits nothing. */
const reportIfNever = (context: LowerContext, effect: Rule["effect"], condition: Expression): void => {
  if (!neverHolds(condition)) return;
  const isSilent = effect === "deny" || effect === "require";
  context.reporter.report(
    "WRIT085",
    condition.span,
    `this condition never holds, so the \`${effect}\` does nothing`,
    { class: isSilent ? "enforcement" : "quality" },
  );
};

const lowerHead = (context: LowerContext, node: syntax.Rule): readonly Draft[] | undefined => {
  switch (node.effect) {
    case "allow":
    case "deny": {
      const patterns = lowerPatterns(context, node.pattern);
      return patterns === undefined ? undefined : [{ patterns, requirement: null, suffix: "" }];
    }
    case "require": {
      const parts = requiredParts(context, node.pattern);
      return parts?.map(({ patterns, requirement }) => ({
        patterns,
        requirement,
        suffix: parts.length > 1 ? `.${requirement.k}` : "",
      }));
    }
    case "audit": {
      const patterns = auditPatterns(context, node.pattern);
      return patterns === undefined ? undefined : [{ patterns, requirement: null, suffix: "" }];
    }
    default:
      return undefined;
  }
};

/** The rule without the sign that ends it. */
const ruleSpan = (node: syntax.Rule): Span => {
  const [start, end] = spanOf(node);
  const last = node.condition ?? node.qualifier ?? node.pattern;
  return [start, last === undefined ? end : spanOf(last)[1]];
};

const EFFECTS = ["allow", "deny", "require", "audit"] as const;

const reportForeign = (
  context: LowerContext,
  node: Exclude<syntax.PolicyMember, syntax.Rule | syntax.Stray>,
): void => {
  if (node.$type === "Section") {
    const words = node.words.join(" ");
    return context.reporter.report(
      "WRIT066",
      [spanOf(node)[0], partSpan(node, "words", node.words.length - 1)[1]],
      `the block ${quoted(words)} inside a policy is not read, so no rule in it would hold`,
      { help: "Write its rules directly in the policy, each as `allow: …` or `deny: …`." },
    );
  }
  const guess = context.reporter.nearest(node.key, EFFECTS);
  const span = partSpan(node, "key");
  context.reporter.report("WRIT066", span, `${quoted(node.key)} is not a rule, so it would not hold`, {
    help: "A rule begins with `allow:`, `deny:`, `require:` or `audit:`.",
    ...didYouMean(guess, span),
  });
};
