import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Around, PathForm } from "#protocol/call-path.ts";
import { commonForm, impossiblePath, likelyPath } from "#protocol/call-path.ts";
import type { Problem } from "#protocol/problem.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { comparisons, type NamedThing, textsOfPattern } from "./cedar-comparisons.ts";
import { stringValue } from "./cedar-tokens.ts";
import { policyWarning } from "./policy-problem.ts";
import type { SourceText } from "./source-text.ts";

/*
 * Comparisons in Cedar policies with a text that no path of a call can be. The vocabulary accepts such a
 * policy, so it is told about and loaded; rules of agent files are refused for it.
 */

/** Warnings about one policy; `tokens` are the policy's, places those of `source`. */
export const impossiblePaths = (
  tokens: readonly CedarToken[],
  source: SourceText,
  tools: readonly ToolDescriptor[],
): readonly Problem[] =>
  comparisons(tokens).flatMap(({ thing, literal, isPattern }) => {
    const form = formOf(thing, tools);
    if (form === undefined) return [];
    const found = isPattern ? likeWhat(literal, form) : isWhat(literal, form);
    if (found === undefined) return [];
    return policyWarning(
      "neverMatches",
      found.why,
      source.range([literal.start, literal.end]),
      `${found.help}paths of calls begin at the run's folder, with \`/\` between parts, none of them empty, \`.\` or \`..\``,
    );
  });

/** Which paths a thing is, or undefined where it is none. */
const formOf = (
  { root, fields: [first, second, third] }: NamedThing,
  tools: readonly ToolDescriptor[],
): PathForm | undefined => {
  if (root === "resource" && first === "folded_path" && second === undefined) return "folded";
  if (root !== "context" || first !== "args" || second === undefined || third !== undefined) return undefined;
  const parameters = tools.flatMap((tool) => tool.parameters.filter(({ name }) => name === second));
  return parameters.length === 0 ? undefined : commonForm(parameters.map(({ names }) => names));
};

interface Found {
  readonly why: string;
  readonly help: string;
}

const isWhat = (literal: CedarToken, form: PathForm): Found | undefined => {
  const value = stringValue(literal);
  const why = value === undefined ? null : impossiblePath(value, form, WHOLE);
  if (value === undefined || why === null) return undefined;
  const likely = likelyPath(value, form, WHOLE);
  return {
    why: `no call has a path that is \`${visibleExcerpt(value, 120)}\`: ${why}`,
    help: likely === null ? "" : `write \`${visibleExcerpt(likely, 120)}\`; `,
  };
};

const WHOLE: Around = { before: false, after: false };

/** A pattern is impossible where one of the texts between its wildcards is. */
const likeWhat = (literal: CedarToken, form: PathForm): Found | undefined => {
  const texts = textsOfPattern(literal);
  for (const [index, text] of texts.entries()) {
    const around = { before: index > 0, after: index < texts.length - 1 };
    const why = impossiblePath(text, form, around);
    if (why !== null) {
      const lower = literal.text.toLowerCase();
      // An escape could mean something else in lower case.
      const isCase =
        form === "folded" &&
        /^[^\\]*$/.test(lower) &&
        likeWhat({ ...literal, text: lower }, form) === undefined;
      return {
        why: `no call has a path like \`${visibleExcerpt(literal.text, 120)}\`: ${why}`,
        help: isCase ? `write \`${visibleExcerpt(lower, 120)}\`; ` : "",
      };
    }
  }
  return undefined;
};
