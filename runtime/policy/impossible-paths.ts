import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { Around, PathForm } from "#protocol/call-path.ts";
import { commonForm, impossiblePath, likelyPath } from "#protocol/call-path.ts";
import type { Problem } from "#protocol/problem.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import { stringValue } from "./cedar-tokens.ts";
import { policyWarning } from "./policy-problem.ts";
import type { SourceText } from "./source-text.ts";

/*
 * Comparisons in Cedar policies with a text that no path of a call can be. The vocabulary accepts such a
 * policy, so it is told about and loaded; rules of agent files are refused for it. Only the plain forms
 * are found: `==`, `!=`, `like`, and `contains` of a list that is written out.
 */

/** Warnings about one policy; `tokens` are the policy's, places those of `source`. */
export const impossiblePaths = (
  tokens: readonly CedarToken[],
  source: SourceText,
  tools: readonly ToolDescriptor[],
): readonly Problem[] =>
  tokens.flatMap((_, index) => {
    const path = pathAt(tokens, index, tools);
    if (path === undefined) return [];
    return comparedWith(tokens, index, path.next).flatMap(({ literal, isPattern }) => {
      const found = isPattern ? likeWhat(literal, path.form) : isWhat(literal, path.form);
      if (found === undefined) return [];
      return policyWarning(
        "neverMatches",
        found.why,
        source.range([literal.start, literal.end]),
        `${found.help}paths of calls begin at the run's folder, with \`/\` between parts, none of them empty, \`.\` or \`..\``,
      );
    });
  });

/** A path that is named from `index` on, and the place behind it. */
const pathAt = (
  tokens: readonly CedarToken[],
  index: number,
  tools: readonly ToolDescriptor[],
): { readonly form: PathForm; readonly next: number } | undefined => {
  const [before, root] = [tokens[index - 1]?.text, tokens[index]?.text];
  if (before === "." || before === "::") return undefined;
  const first = memberAt(tokens, index + 1);
  if (first === undefined) return undefined;
  if (root === "resource" && first.name === "folded_path") return { form: "folded", next: first.next };
  const second = memberAt(tokens, first.next);
  if (root !== "context" || first.name !== "args" || second === undefined) return undefined;
  const parameters = tools.flatMap((tool) => tool.parameters.filter(({ name }) => name === second.name));
  const form = parameters.length === 0 ? undefined : commonForm(parameters.map(({ names }) => names));
  return form === undefined ? undefined : { form, next: second.next };
};

/** `.name` or `["name"]`. */
const memberAt = (
  tokens: readonly CedarToken[],
  at: number,
): { readonly name: string; readonly next: number } | undefined => {
  const [mark, name, end] = tokens.slice(at, at + 3);
  if (name === undefined) return undefined;
  if (mark?.text === "." && name.kind === "word") return { name: name.text, next: at + 2 };
  const key = mark?.text === "[" && end?.text === "]" ? stringValue(name) : undefined;
  return key === undefined ? undefined : { name: key, next: at + 3 };
};

/** The texts that what stands between two places is compared with. */
const comparedWith = (
  tokens: readonly CedarToken[],
  start: number,
  end: number,
): readonly { readonly literal: CedarToken; readonly isPattern: boolean }[] => {
  const text = (at: number): string | undefined => tokens[at]?.text;
  const isEquality = (at: number): boolean => text(at) === "==" || text(at) === "!=";
  const found: { literal: CedarToken; isPattern: boolean }[] = [];
  const add = (literal: CedarToken | undefined, isPattern = false): void => {
    if (literal?.kind === "string") found.push({ literal, isPattern });
  };
  if (isEquality(end) || text(end) === "like") add(tokens[end + 1], text(end) === "like");
  if (isEquality(start - 1)) add(tokens[start - 2]);
  if (text(start - 1) === "(" && text(start - 2) === "contains" && text(start - 4) === "]") {
    for (let at = start - 5; tokens[at]?.kind === "string" || text(at) === ","; at -= 1) add(tokens[at]);
  }
  return found;
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
    if (why !== null)
      return { why: `no call has a path like \`${visibleExcerpt(literal.text, 120)}\`: ${why}`, help: "" };
  }
  return undefined;
};

/** The texts between the wildcards of a pattern, none where an escape in it is not known. */
const textsOfPattern = (literal: CedarToken): readonly string[] => {
  const raw = literal.text.slice(1, -1).match(/\\[^]|\*|[^*\\]+/g) ?? [];
  const texts = [""];
  for (const piece of raw) {
    if (piece === "*") texts.push("");
    else texts.push(`${texts.pop() ?? ""}${piece === "\\*" ? "*" : piece}`);
  }
  const values = texts.map((text) => stringValue({ ...literal, text: `"${text}"` }));
  return values.every((value) => value !== undefined) ? values : [];
};
