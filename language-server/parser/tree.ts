import { type AstNode, GrammarUtils } from "langium";
import type { Span } from "#protocol/source.ts";

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
