import type { SourceRange, Span } from "#protocol/source.ts";

/** Finds lines and columns of a text; made once, in linear time. */
export interface LineIndex {
  rangeOf(span: Span): SourceRange;
}

const BREAK = /\r\n?|\n/g;

export const lineIndexOf = (text: string): LineIndex => {
  const starts = [0];
  for (const match of text.matchAll(BREAK)) starts.push(match.index + match[0].length);
  const positionOf = (offset: number): { readonly line: number; readonly column: number } => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
  return {
    rangeOf([start, end]) {
      const from = positionOf(Math.min(start, text.length));
      const to = positionOf(Math.min(Math.max(start, end), text.length));
      return {
        span: [Math.min(start, text.length), Math.min(Math.max(start, end), text.length)],
        line: from.line,
        column: from.column,
        endLine: to.line,
        endColumn: to.column,
      };
    },
  };
};
