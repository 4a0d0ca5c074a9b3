import type { CedarToken } from "./cedar-tokens.ts";
import { stringValue } from "./cedar-tokens.ts";

/*
 * Named things in Cedar policies that are compared with texts that are written out. Only the plain forms
 * are found: `==`, `!=`, `like`, and `contains` and its like with a list that is written out.
 */

/** `root.field["field"]` in the tokens. */
export interface NamedThing {
  readonly root: string;
  readonly fields: readonly string[];
}

export interface CedarComparison {
  readonly thing: NamedThing;
  readonly literal: CedarToken;
  /** Whether the text is a pattern of `like`. */
  readonly isPattern: boolean;
}

/** All comparisons in one policy, each literal for itself. */
export const comparisons = (tokens: readonly CedarToken[]): readonly CedarComparison[] =>
  tokens.flatMap((_, index) => {
    const found = thingAt(tokens, index);
    return found === undefined
      ? []
      : comparedWith(tokens, index, found.next).map((compared) => ({ thing: found.thing, ...compared }));
  });

/** More fields than anything in the vocabulary has. */
const FIELDS_MAX = 4;

/** What is named from `index` on, and the place behind it. */
const thingAt = (
  tokens: readonly CedarToken[],
  index: number,
): { readonly thing: NamedThing; readonly next: number } | undefined => {
  const [before, root] = [tokens[index - 1]?.text, tokens[index]];
  if (before === "." || before === "::" || root?.kind !== "word") return undefined;
  const fields: string[] = [];
  let next = index + 1;
  while (fields.length < FIELDS_MAX) {
    const field = fieldAt(tokens, next);
    if (field === undefined) break;
    fields.push(field.name);
    next = field.next;
  }
  return fields.length === 0 ? undefined : { thing: { root: root.text, fields }, next };
};

/** `.name` or `["name"]`; a method is no field. */
const fieldAt = (
  tokens: readonly CedarToken[],
  at: number,
): { readonly name: string; readonly next: number } | undefined => {
  const [mark, name, end] = tokens.slice(at, at + 3);
  if (name === undefined) return undefined;
  if (mark?.text === "." && name.kind === "word") {
    return end?.text === "(" ? undefined : { name: name.text, next: at + 2 };
  }
  const key = mark?.text === "[" && end?.text === "]" ? stringValue(name) : undefined;
  return key === undefined ? undefined : { name: key, next: at + 3 };
};

const CONTAINS: ReadonlySet<string | undefined> = new Set(["contains", "containsAny", "containsAll"]);

/** The texts that what stands between two places is compared with. */
const comparedWith = (
  tokens: readonly CedarToken[],
  start: number,
  end: number,
): readonly Omit<CedarComparison, "thing">[] => {
  const text = (at: number): string | undefined => tokens[at]?.text;
  const isEquality = (at: number): boolean => text(at) === "==" || text(at) === "!=";
  const found: { literal: CedarToken; isPattern: boolean }[] = [];
  const add = (literal: CedarToken | undefined, isPattern = false): void => {
    if (literal?.kind === "string") found.push({ literal, isPattern });
  };
  if (isEquality(end) || text(end) === "like") add(tokens[end + 1], text(end) === "like");
  if (isEquality(start - 1)) add(tokens[start - 2]);
  if (text(end) === "." && CONTAINS.has(text(end + 1)) && text(end + 2) === "(") {
    if (text(end + 3) !== "[") add(tokens[end + 3]);
    else for (let at = end + 4; tokens[at]?.kind === "string" || text(at) === ","; at += 1) add(tokens[at]);
  }
  if (text(start - 1) === "(" && CONTAINS.has(text(start - 2)) && text(start - 4) === "]") {
    for (let at = start - 5; tokens[at]?.kind === "string" || text(at) === ","; at -= 1) add(tokens[at]);
  }
  return found;
};

/** The texts between the wildcards of a pattern, none where an escape in it is not known. */
export const textsOfPattern = (literal: CedarToken): readonly string[] => {
  const raw = literal.text.slice(1, -1).match(/\\[^]|\*|[^*\\]+/g) ?? [];
  const texts = [""];
  for (const piece of raw) {
    if (piece === "*") texts.push("");
    else texts.push(`${texts.pop() ?? ""}${piece === "\\*" ? "*" : piece}`);
  }
  const values = texts.map((text) => stringValue({ ...literal, text: `"${text}"` }));
  return values.every((value) => value !== undefined) ? values : [];
};
