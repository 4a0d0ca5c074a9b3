export interface SyntaxNode {
  readonly type: string;
  /** Offset in UTF-16 units. */
  readonly start: number;
  readonly [field: string]: unknown;
}

export function isSyntaxNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** Calls `visit` for the node and everything below it, parents first. */
export function visitTree(root: unknown, visit: (node: SyntaxNode) => void): void {
  const waiting: unknown[] = [root];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Array.isArray(next)) waiting.push(...next.filter(isSyntaxNode).reverse());
    else if (isSyntaxNode(next)) {
      visit(next);
      waiting.push(
        ...Object.values(next)
          .filter((value) => Array.isArray(value) || isSyntaxNode(value))
          .reverse(),
      );
    }
  }
}
