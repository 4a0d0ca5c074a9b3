import { utf8 } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { ActionPattern, PolicyBlock, Rule } from "./agent-spec.ts";
import { isSpecName } from "./agent-spec-bounds.ts";
import { CONDITION_ROOTS, conditionMistake, type ConditionPlace } from "./agent-spec-condition.ts";
import type { Mistake, Path } from "./agent-spec-json.ts";

/** Where policies stand: in an agent, or at the top of the file, whose owner is `*`. */
export interface RulesPlace extends ConditionPlace {
  readonly path: Path;
  readonly owner: string;
}

/** The first thing that is wrong with the rules of one place. */
export const rulesMistake = (
  policies: readonly PolicyBlock[],
  place: RulesPlace,
  digest: (bytes: Uint8Array) => Sha256,
): Mistake | undefined => {
  const ids = new RuleIds(place.owner);
  for (const [index, { name, rules }] of policies.entries()) {
    for (const [at, rule] of rules.entries()) {
      const found = ids.mistake(name, rule) ?? ruleMistake(rule, place, digest);
      if (found !== undefined)
        return [[...place.path, "policies", index, "rules", at, ...found[0]], found[1]];
    }
  }
  return undefined;
};

/** The rules that were written as one: they share an ordinal, and each asks for something else. */
interface Written {
  readonly ordinal: number;
  readonly rule: Rule;
  readonly parts: readonly string[];
}

/** Follows the ids of one place. Policies of one name count their rules together. */
class RuleIds {
  private readonly owner: string;
  private readonly last = new Map<string, Written>();

  constructor(owner: string) {
    this.owner = owner;
  }

  mistake(policy: string, rule: Rule): Mistake | undefined {
    const before = this.last.get(policy);
    const part = partOf(rule);
    const isPart = before !== undefined && rule.id === this.id(policy, before.ordinal, part);
    const ordinal = (before?.ordinal ?? 0) + (isPart ? 0 : 1);
    if (rule.id !== this.id(policy, ordinal, part)) return [["id"], "not the id of a rule that stands here"];
    if (isPart && (before.parts.includes(part) || part === "" || !areOne(before.rule, rule))) {
      return [["id"], "the id of another rule"];
    }
    this.last.set(policy, { ordinal, rule, parts: isPart ? [...before.parts, part] : [part] });
    return undefined;
  }

  private id(policy: string, ordinal: number, part: string): string {
    return `${this.owner}/${policy}/${ordinal}${part}`;
  }
}

/** What the end of an id says that the rule requires, or nothing. */
const partOf = ({ id, requirement }: Rule): string =>
  requirement !== null && id.endsWith(`.${requirement.k}`) ? `.${requirement.k}` : "";

const areOne = (first: Rule, second: Rule): boolean =>
  first.text === second.text &&
  first.range.span[0] === second.range.span[0] &&
  first.range.span[1] === second.range.span[1];

const ruleMistake = (
  rule: Rule,
  place: ConditionPlace,
  digest: (bytes: Uint8Array) => Sha256,
): Mistake | undefined => {
  if (digest(utf8(rule.text)) !== rule.digest) return [["digest"], "not the digest of the text"];
  for (const [index, pattern] of rule.patterns.entries()) {
    const found = patternMistake(pattern);
    if (found !== undefined) return [["patterns", index, "arguments", ...found[0]], found[1]];
  }
  if (rule.condition === null) return undefined;
  const found = conditionMistake(rule.condition, rule.patterns, place);
  return found === undefined ? undefined : [["condition", ...found[0]], found[1]];
};

/** Each parameter and each bound name once, and no name that means something else already. */
const patternMistake = (pattern: ActionPattern): Mistake | undefined => {
  const parameters = new Set<string>();
  const bound = new Set<string>();
  for (const [index, argument] of pattern.arguments.entries()) {
    if (parameters.has(argument.parameter)) return [[index, "parameter"], "the parameter stands twice"];
    parameters.add(argument.parameter);
    if (argument.k === "equals") continue;
    if (!isSpecName(argument.as)) return [[index, "as"], "not one word of ASCII letters, digits and `_`"];
    if (CONDITION_ROOTS.includes(argument.as)) return [[index, "as"], "the name of a root"];
    if (bound.has(argument.as)) return [[index, "as"], "the name is bound twice"];
    bound.add(argument.as);
  }
  return undefined;
};
