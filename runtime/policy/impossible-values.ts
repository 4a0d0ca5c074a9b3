import { visibleExcerpt } from "#kernel/visible-text.ts";
import { type KnownValues, knownValues } from "#protocol/known-values.ts";
import type { Problem } from "#protocol/problem.ts";
import { comparisons, type NamedThing, textsOfPattern } from "./cedar-comparisons.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { stringValue } from "./cedar-tokens.ts";
import { policyWarning } from "./policy-problem.ts";
import type { SourceText } from "./source-text.ts";

/*
 * Comparisons in Cedar policies with a text that something can never be. The vocabulary accepts such a
 * policy, so it is told about and loaded; rules of agent files are refused for it.
 */

/** Warnings about one policy; `tokens` are the policy's, places those of `source`. */
export const impossibleValues = (tokens: readonly CedarToken[], source: SourceText): readonly Problem[] =>
  comparisons(tokens).flatMap(({ thing, literal, isPattern }) => {
    const values = valuesOf(thing);
    if (values === undefined || (isPattern ? mayBeLike(values, literal) : mayBe(values, literal))) return [];
    const name = [thing.root, ...thing.fields].join(".");
    return policyWarning(
      "neverMatches",
      `\`${name}\` is never ${isPattern ? "like " : ""}\`${visibleExcerpt(literal.text, 120)}\``,
      source.range([literal.start, literal.end]),
      `it is ${values.says}`,
    );
  });

const valuesOf = ({ root, fields: [first, second, third] }: NamedThing): KnownValues | undefined => {
  if (first === undefined || third !== undefined) return undefined;
  if (second === undefined) return knownValues(root, first);
  return root === "context" && first === "on_behalf_of" ? knownValues(first, second) : undefined;
};

const mayBe = (values: KnownValues, literal: CedarToken): boolean => {
  const text = stringValue(literal);
  return text === undefined || values.may(text, { before: false, after: false });
};

/** Whether some value has the texts between the wildcards, in their order. */
const mayBeLike = ({ may, all }: KnownValues, literal: CedarToken): boolean => {
  const texts = textsOfPattern(literal);
  if (texts.length === 0) return true;
  if (all.length > 0) return all.some((value) => isLike(value, texts));
  return texts.every((text, index) => may(text, { before: index > 0, after: index < texts.length - 1 }));
};

const isLike = (value: string, texts: readonly string[]): boolean => {
  const [first = "", ...others] = texts;
  const last = others.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first)) return false;
  let at = first.length;
  for (const text of others) {
    const found = value.indexOf(text, at);
    if (found < 0) return false;
    at = found + text.length;
  }
  return value.length - at >= last.length && value.endsWith(last);
};
