import type { SourceRange, Span } from "#protocol/source.ts";

/** A decoded text that knows its lines. Offsets count UTF-16 code units; a byte order mark is one. */
export class SourceText {
  readonly path: string;
  readonly text: string;
  private readonly lineStarts: readonly number[];

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.lineStarts = startsOfLines(text);
  }

  slice([start, end]: Span): string {
    return this.text.slice(start, end);
  }

  range(span: Span): SourceRange {
    const [start, end] = span;
    const first = this.lineAt(start);
    const last = this.lineAt(end);
    return {
      span: [start, end],
      line: first + 1,
      column: start - this.startOf(first) + 1,
      endLine: last + 1,
      endColumn: end - this.startOf(last) + 1,
    };
  }

  /** Number of the line from 0 that holds the offset. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.startOf(middle) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private startOf(line: number): number {
    return this.lineStarts[line] ?? 0;
  }
}

/** A line ends with LF, CR LF or CR. */
const startsOfLines = (text: string): readonly number[] => {
  const starts = [0];
  for (const { index, 0: end } of text.matchAll(/\r\n?|\n/g)) starts.push(index + end.length);
  return starts;
};
