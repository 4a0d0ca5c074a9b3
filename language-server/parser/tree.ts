import { type AstNode, type CompositeCstNode, GrammarUtils } from "langium";
import type { Span } from "#protocol/source.ts";
import type * as syntax from "../generated/ast.ts";

/** Where a node stands, without comments around it. */
export const spanOf = (node: AstNode): Span => {
  const cst = node.$cstNode;
  return cst === undefined ? [0, 0] : [cst.offset, cst.end];
};

/** Where a node stands, without the comma that ends it in a list. */
export const spanBeforeComma = (node: AstNode): Span => {
  const cst = node.$cstNode;
  if (cst === undefined || !("content" in cst)) return spanOf(node);
  const parts = (cst as CompositeCstNode).content.filter((part) => !part.hidden);
  const last = parts.at(-1);
  const before = parts.at(-2);
  return last?.text === "," && before !== undefined ? [cst.offset, before.end] : spanOf(node);
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
export type Chain = syntax.Expression | syntax.Field | syntax.Argument;

/** Where the operands stand, without the name of a field or argument. */
export const chainSpan = (chain: Chain): Span => {
  const first = chain.operands[0];
  const last = chain.operands.at(-1);
  return first === undefined || last === undefined ? spanOf(chain) : joined(spanOf(first), spanOf(last));
};

/** From the start of the first to the end of the second. */
export const joined = (first: Span, second: Span): Span => [first[0], second[1]];

type Nodes = syntax.SymbiAstType;

/** The nodes of a tree by kind, each kind in the order of the text. Made in one walk that needs no stack of its depth. */
export class TreeIndex {
  readonly tree: syntax.SymbiFile;
  private readonly byKind = new Map<string, AstNode[]>();

  constructor(tree: syntax.SymbiFile) {
    this.tree = tree;
    for (const node of nodesOf(tree)) {
      const kind = this.byKind.get(node.$type);
      if (kind === undefined) this.byKind.set(node.$type, [node]);
      else kind.push(node);
    }
  }

  all<Kind extends keyof Nodes>(kind: Kind): readonly Nodes[Kind][] {
    return (this.byKind.get(kind) ?? []) as Nodes[Kind][];
  }
}

/** A node and everything below it, each before what it contains and in the order of the text. */
export const nodesOf = (root: AstNode): readonly AstNode[] => {
  const found: AstNode[] = [];
  const waiting: AstNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    found.push(node);
    const mark = waiting.length;
    for (const key in node) {
      if (key.charCodeAt(0) === DOLLAR) continue;
      const value = (node as unknown as Readonly<Record<string, unknown>>)[key];
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) waiting.push(item);
      } else if (isNode(value)) waiting.push(value);
    }
    reverseFrom(waiting, mark);
  }
  return found;
};

const DOLLAR = 36;

const isNode = (value: unknown): value is AstNode =>
  typeof value === "object" && value !== null && "$type" in value;

/** What was pushed last is taken first, so the children are turned round. */
const reverseFrom = (list: AstNode[], mark: number): void => {
  for (let low = mark, high = list.length - 1; low < high; low += 1, high -= 1) {
    const kept = list[low];
    const moved = list[high];
    if (kept === undefined || moved === undefined) return;
    list[low] = moved;
    list[high] = kept;
  }
};
