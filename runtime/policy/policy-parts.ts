import type { Clause } from "./cedar-head.ts";
import type { CedarToken } from "./cedar-tokens.ts";
import type { PolicyPart } from "./compiled-policy.ts";

/**
 * The conditions that the clauses of a policy join by "and": every `when` is cut at its outermost
 * `&&`, so that an explanation can say which part does not hold. A clause with `||` or `if` outside
 * of brackets, and every `unless`, stays whole.
 */
export const partsOfClauses = (clauses: readonly Clause[], text: string): readonly PolicyPart[] =>
  clauses.flatMap(({ k, tokens }): readonly PolicyPart[] => {
    const operands = k === "when" ? operandsOf(tokens) : [tokens];
    return operands.map((operand) => {
      const cedar = text.slice(operand[0]?.start, operand.at(-1)?.end);
      const shown = cedar.replaceAll(/\s+/g, " ");
      return { clause: k, cedar, shown: k === "when" ? shown : `unless ${shown}`, fails: null };
    });
  });

const operandsOf = (tokens: readonly CedarToken[]): readonly (readonly CedarToken[])[] => {
  const operands: CedarToken[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === "mark" && "([{".includes(token.text)) depth += 1;
    if (token.kind === "mark" && ")]}".includes(token.text)) depth -= 1;
    if (depth === 0 && (token.text === "||" || token.text === "if")) return [tokens];
    if (depth === 0 && token.text === "&&") operands.push([]);
    else operands.at(-1)?.push(token);
  }
  // An empty operand is a mistake that Cedar refuses; the whole is as good as its parts then.
  return operands.every((operand) => operand.length > 0) ? operands : [tokens];
};
