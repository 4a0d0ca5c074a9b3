import { byCodeUnits } from "#kernel/canonical-json.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ActionPattern, AgentSpec, Rule } from "#protocol/agent-spec.ts";
import { agentEntityId } from "#protocol/entity-id.ts";
import { ACTION_NAMES, CITED_CHARACTERS_MAX } from "#protocol/policy-vocabulary.ts";
import type { Problem } from "#protocol/problem.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import { POLICY_WEIGHT_MAX, POLICY_BYTES_MAX, policyWeight } from "./cedar-bounds.ts";
import type { ActionScope } from "./cedar-head.ts";
import { cedarEntity, cedarString } from "./cedar-literal.ts";
import { cedarTokens } from "./cedar-tokens.ts";
import { compileCondition } from "./compile-condition.ts";
import type { CompiledPolicy, CompiledSource, InputType, PolicyPart } from "./compiled-policy.ts";
import type { Guard } from "./condition-names.ts";
import { Untranslatable, isUntranslatable, namesUnder, toolsOf } from "./condition-names.ts";
import { policyError } from "./policy-problem.ts";
import { rangeWithin } from "./source-text.ts";
import { inputTypes } from "./value-types.ts";
import { utf8 } from "#kernel/bytes.ts";

/**
 * The rules that bind one agent of a file, as Cedar policies: those at the top of the file and the
 * agent's own, one policy a rule. The specification must be free of enforcement problems, because
 * lowering leaves a rule out that it cannot read.
 *
 * A rule without an exact translation becomes a problem, and the engine loads nothing then.
 */
export const compileAgentFile = (
  spec: AgentSpec,
  agentName: string,
  tools: readonly ToolDescriptor[],
): CompiledSource => {
  const { path } = spec.source;
  const agent = spec.agents.find(({ name }) => name === agentName);
  const inputs = agent === undefined ? [] : inputTypes(agent.parameters);
  const policies: CompiledPolicy[] = [];
  const problems: Problem[] = [];
  for (const { rules } of [...spec.policies, ...(agent?.policies ?? [])]) {
    for (const rule of rules) {
      try {
        const policy = compileRule(rule, path, tools, inputs);
        if (policy !== null) policies.push(policy);
      } catch (error) {
        if (!isUntranslatable(error)) throw error;
        problems.push(
          policyError("untranslatable", error.message, rangeWithin(rule.range, rule.text, error.span), {
            help: error.help,
          }),
        );
      }
    }
  }
  return {
    layer: "file",
    file: path,
    agent: agentEntityId(path, agentName),
    policies,
    inputs,
    unread: [],
    problems: problems.map((problem) => ({ file: path, problem })),
  };
};

/** Null for `audit`: everything is recorded in any case. */
const compileRule = (
  rule: Rule,
  file: string,
  tools: readonly ToolDescriptor[],
  inputs: readonly InputType[],
): CompiledPolicy | null => {
  if (rule.effect === "audit") return null;
  const variants = variantsOf(rule, tools, inputs);
  const action = scopeOf(variants);
  const parts = partsOf(rule, variants);
  const effect = rule.effect === "deny" ? "forbid" : "permit";
  const annotations = { rule: rule.id };
  const scope = [PRINCIPAL, actionText(action), RESOURCE].map((line) => `  ${line}`).join(",\n");
  const conditions =
    parts.length === 0 ? "" : `\nwhen {\n  ${parts.map(({ cedar }) => cedar).join(" &&\n  ")}\n}`;
  const cedar = `@rule(${cedarString(rule.id)})\n${effect} (\n${scope}\n)${conditions};`;
  refuseTooLarge(cedar, rule);
  return {
    id: rule.id,
    kind: rule.effect === "require" ? "requirement" : "rule",
    effect,
    action,
    principal: PRINCIPAL,
    resource: RESOURCE,
    parts,
    annotations,
    cedar,
    startsAt: null,
    citation: {
      layer: "file",
      rule: rule.id,
      effect: rule.effect === "require" ? "require" : effect,
      file,
      range: rule.range,
      text: rule.text.slice(0, CITED_CHARACTERS_MAX),
    },
    obligations: rule.requirement === null ? [] : [withDefaults(rule.requirement)],
  };
};

const PRINCIPAL = "principal is Agent";
const RESOURCE = "resource";

/** One pattern's share of a rule. */
interface Variant {
  /** Null for every action. */
  readonly action: string | null;
  /** The pattern's own demands on the arguments; a call that does not meet them is not what the rule is about. */
  readonly matches: readonly Part[];
  readonly guards: readonly Guard[];
  readonly conjuncts: readonly Part[];
}

type Part = Omit<PolicyPart, "clause">;

const variantsOf = (
  rule: Rule,
  tools: readonly ToolDescriptor[],
  inputs: readonly InputType[],
): readonly Variant[] =>
  rule.patterns.map((pattern) => {
    const { conjuncts, guards } =
      rule.condition === null
        ? { conjuncts: [], guards: [] }
        : compileCondition(rule.condition, namesUnder(pattern, tools, inputs));
    const start = rule.range.span[0];
    return {
      action: actionOf(pattern, tools),
      matches: matchesOf(pattern, tools),
      guards,
      conjuncts: conjuncts.map(({ cedar, span }) => ({
        cedar,
        shown: rule.text.slice(span[0] - start, span[1] - start).replaceAll(/\s+/g, " "),
        fails: null,
      })),
    };
  });

/** The id of the `Action` entity that a pattern is about. */
const actionOf = (pattern: ActionPattern, tools: readonly ToolDescriptor[]): string | null => {
  const { kind, name, span } = pattern;
  if (kind === "any") return null;
  if (kind === "action") {
    const action = ACTION_NAMES.find((known) => known === name);
    if (action === undefined)
      throw new Untranslatable(`\`${visibleExcerpt(name, 80)}\` is not an action`, span);
    return action;
  }
  const tool = tools.find((known) => known.name === name);
  if (tool === undefined) throw new Untranslatable(`no tool is called \`${visibleExcerpt(name, 80)}\``, span);
  if (tool.action === "tool_call") return `tool_call::${tool.name}`;
  // Such a request does not say by which tool it is made, so a rule can only be about all of them.
  if (tools.some((other) => other.action === tool.action && other !== tool)) {
    throw new Untranslatable(
      `a rule cannot be about \`${visibleExcerpt(name, 80)}\` alone, which is one of several tools for the action \`${tool.action}\``,
      span,
      `write the rule about \`${tool.action}\``,
    );
  }
  return tool.action;
};

const matchesOf = (pattern: ActionPattern, tools: readonly ToolDescriptor[]): readonly Part[] =>
  pattern.arguments.flatMap((one) => {
    if (
      !toolsOf(pattern, tools).some(({ parameters }) => parameters.some(({ name }) => name === one.parameter))
    ) {
      throw new Untranslatable(
        `\`${visibleExcerpt(pattern.name, 80)}\` has no argument \`${visibleExcerpt(one.parameter, 80)}\``,
        pattern.span,
      );
    }
    if (one.k === "bind") return [];
    const key = cedarString(one.parameter.startsWith("__") ? `__${one.parameter}` : one.parameter);
    const value = literalText(one.value, pattern);
    const name = `the argument \`${visibleExcerpt(one.parameter, 80)}\``;
    const written = visibleExcerpt(JSON.stringify(one.value), 80);
    return [
      {
        cedar: `context.args has ${key} && context.args[${key}] == ${value}`,
        shown: `${name} is ${written}`,
        fails: `${name} is not ${written}`,
      },
    ];
  });

const literalText = (value: string | number | boolean, pattern: ActionPattern): string => {
  if (typeof value === "string" && value.isWellFormed()) return cedarString(value);
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return String(value);
  throw new Untranslatable(
    "an argument can be compared with a text, a whole number, true or false",
    pattern.span,
  );
};

const scopeOf = (variants: readonly Variant[]): ActionScope => {
  const actions = variants.map(({ action }) => action);
  return actions.some((action) => action === null)
    ? { k: "any" }
    : { k: "in", ids: [...new Set(actions.flatMap((action) => action ?? []))].sort(byCodeUnits) };
};

const actionText = (scope: ActionScope): string =>
  scope.k === "in" ? `action in [${scope.ids.map((id) => cedarEntity("Action", id)).join(", ")}]` : "action";

/** What must hold besides the scope. Patterns that differ in their demands become alternatives. */
const partsOf = (rule: Rule, variants: readonly Variant[]): readonly PolicyPart[] => {
  const each = variants.map((variant) => ({ variant, parts: partsOfVariant(rule, variant) }));
  const texts = new Set(each.map(({ parts }) => parts.map(({ cedar }) => cedar).join(" && ")));
  const [first] = each;
  if (first === undefined) throw new Untranslatable("the rule names no action", rule.range.span);
  if (texts.size === 1) return first.parts;
  const alternatives = each.map(({ variant: { action }, parts }) =>
    [
      ...(action === null ? [] : [`action in ${cedarEntity("Action", action)}`]),
      ...parts.map(({ cedar }) => cedar),
    ].join(" && "),
  );
  return [
    {
      clause: "when",
      cedar: `(${alternatives.map((text) => (text === "" ? "true" : `(${text})`)).join(" || ")})`,
      shown: rule.text.replaceAll(/\s+/g, " "),
      fails: null,
    },
  ];
};

/**
 * What is asked for and not there decides against the agent: it does not permit, it forbids, and
 * it makes a requirement apply.
 */
const partsOfVariant = (rule: Rule, { matches, guards, conjuncts }: Variant): readonly PolicyPart[] => {
  const when = (part: Part): PolicyPart => ({ clause: "when", ...part });
  if (rule.effect === "allow" || guards.length === 0) return [...matches, ...guards, ...conjuncts].map(when);
  // Cedar's checker follows "if it is there", and not "it is not there or".
  const there = guards.map(({ cedar }) => cedar).join(" && ");
  const holds = conjuncts.map(({ cedar }) => cedar).join(" && ");
  const shown = conjuncts.map((part) => part.shown).join(" && ");
  return [...matches.map(when), when({ cedar: `(if ${there} then ${holds} else true)`, shown, fails: null })];
};

const refuseTooLarge = (cedar: string, rule: Rule): void => {
  if (utf8(cedar).length > POLICY_BYTES_MAX || policyWeight(cedarTokens(cedar)) > POLICY_WEIGHT_MAX) {
    throw new Untranslatable(
      "the rule is too long or its condition nests too deep",
      rule.range.span,
      'split it into several rules, and write `x == "a" || x == "b"` as `x in ["a", "b"]`',
    );
  }
};

const withDefaults = (requirement: NonNullable<Rule["requirement"]>): CompiledPolicy["obligations"][number] =>
  requirement.k === "approval" ? { k: "approval", approvers: [], min: 1, notInitiator: false } : requirement;
