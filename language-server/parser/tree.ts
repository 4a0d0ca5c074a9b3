import { type AstNode, GrammarUtils } from "langium";
import type { Span } from "#protocol/source.ts";
import type { Argument, Expression, Field } from "../generated/ast.ts";

/** Where a node stands, without comments around it. */
export const spanOf = (node: AstNode): Span => {
  const cst = node.$cstNode;
  return cst === undefined ? [0, 0] : [cst.offset, cst.end];
};

/** Where the `index`-th value of a property stands; the whole node when it was not written. */
export const partSpan = (node: AstNode, property: string, index = 0): Span => {
  const part = GrammarUtils.findNodeForProperty(node.$cstNode, property, index);
  return part === undefined ? spanOf(node) : [part.offset, part.end];
};

/** Where all values of a property stand, found in one walk. */
export const partSpans = (node: AstNode, property: string): readonly Span[] =>
  GrammarUtils.findNodesForProperty(node.$cstNode, property).map(({ offset, end }) => [offset, end]);

/** Operands with operators between them; a field or an argument is one with a name before it. */
export type Chain = Expression | Field | Argument;

/** Where the operands stand, without the name of a field or argument. */
export const chainSpan = (chain: Chain): Span => {
  const first = chain.operands[0];
  const last = chain.operands.at(-1);
  return first === undefined || last === undefined ? spanOf(chain) : joined(spanOf(first), spanOf(last));
};

/** From the start of the first to the end of the second. */
export const joined = (first: Span, second: Span): Span => [first[0], second[1]];

/** A node and everything below it, each before what it contains. Needs no stack of its own depth. */
export function* withDescendants(root: AstNode): Generator<AstNode> {
  const waiting: AstNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    const children: AstNode[] = [];
    for (const [key, value] of Object.entries(node)) {
      if (key.startsWith("$")) continue;
      for (const item of Array.isArray(value) ? value : [value]) if (isNode(item)) children.push(item);
    }
    waiting.push(...children.reverse());
  }
}

const isNode = (value: unknown): value is AstNode =>
  typeof value === "object" && value !== null && "$type" in value;
