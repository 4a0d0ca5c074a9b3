import { durationText } from "#kernel/duration.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { PowerRule, Powers } from "#protocol/consent.ts";
import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";

const RULE_CHARACTERS_MAX = 200;

const RISKS: readonly string[] = ["low", "medium", "high"];

/**
 * What `next` may do that `previous` may not, for people, one line each; `[]` when nothing. Meant
 * to err on the side of asking: a rule that is not word for word among the previous ones is taken
 * for a new permit, and one that is gone for a lost prohibition.
 */
export const widens = (previous: Powers, next: Powers): readonly string[] => [
  ...(previous.agent === next.agent ? [] : ["it is another agent"]),
  ...widerTools(previous, next),
  ...next.hosts.filter((host) => !previous.hosts.includes(host)).map((host) => `reaches ${shown(host)}`),
  ...widerModel(previous, next),
  ...(rank(next) < rank(previous)
    ? [`runs in a weaker sandbox: ${next.tier} instead of ${previous.tier}`]
    : []),
  ...widerLimits(previous.limits, next.limits),
  ...widerRules(previous.rules, next.rules),
];

const shown = (text: string): string => visibleExcerpt(text, RULE_CHARACTERS_MAX);

const rank = ({ tier }: Powers): number => SANDBOX_TIERS.indexOf(tier);

const widerTools = (previous: Powers, next: Powers): readonly string[] =>
  next.tools.flatMap((tool) => {
    const before = previous.tools.find((one) => one.name === tool.name);
    if (before === undefined) return [`may use ${shown(tool.name)}`];
    const effects = tool.effects.filter((effect) => !before.effects.includes(effect));
    const more = [
      ...effects,
      ...(before.action === tool.action ? [] : [`acts as ${tool.action}`]),
      ...(RISKS.indexOf(tool.risk) > RISKS.indexOf(before.risk) ? [`${tool.risk} risk`] : []),
    ];
    return more.length === 0 ? [] : [`${shown(tool.name)} does more: ${more.join(", ")}`];
  });

const widerModel = (previous: Powers, next: Powers): readonly string[] => {
  if (previous.model.id !== next.model.id) return [`asks the model ${shown(next.model.id)}`];
  return next.model.remote && !previous.model.remote ? ["sends data to the model off this machine"] : [];
};

const LIMITS: Readonly<Record<keyof Powers["limits"], (limit: number) => string>> = {
  timeoutMs: (limit) => `runs for up to ${durationText(limit)}`,
  iterationsMax: (limit) => `takes up to ${limit} turns`,
  tokensMax: (limit) => `uses up to ${limit} model tokens`,
  memoryBytesMax: (limit) => `uses up to ${limit} bytes of memory`,
  cpuCoresMax: (limit) => `uses up to ${limit} processor cores`,
};

const widerLimits = (previous: Powers["limits"], next: Powers["limits"]): readonly string[] =>
  (Object.keys(LIMITS) as (keyof Powers["limits"])[]).flatMap((name) => {
    const [before, after] = [previous[name], next[name]];
    if (before === null || (after !== null && after <= before)) return [];
    return [after === null ? `has no limit of its own any more: ${name}` : LIMITS[name](after)];
  });

const widerRules = (previous: readonly PowerRule[], next: readonly PowerRule[]): readonly string[] => [
  ...without(next, previous, ["allow"]).map((rule) => `new rule: ${shown(rule.text)}`),
  ...without(previous, next, ["deny", "require"]).map((rule) => `rule gone: ${shown(rule.text)}`),
];

/** Rules of some effects that stand in one list and not in the other. */
const without = (
  rules: readonly PowerRule[],
  others: readonly PowerRule[],
  effects: readonly PowerRule["effect"][],
): readonly PowerRule[] =>
  rules.filter(
    (rule) =>
      effects.includes(rule.effect) &&
      !others.some((other) => other.effect === rule.effect && other.digest === rule.digest),
  );
