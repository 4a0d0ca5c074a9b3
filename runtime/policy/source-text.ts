import type { SourceRange, Span } from "#protocol/source.ts";

/** A text in which places are found: by UTF-16 offset, as editors count, and by UTF-8 byte, as Cedar does. */
export class SourceText {
  readonly text: string;
  private readonly lineStarts: readonly number[];

  constructor(text: string) {
    this.text = text;
    const starts = [0];
    for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + end.length);
    this.lineStarts = starts;
  }

  range(span: Span): SourceRange {
    const [start, end] = span;
    const from = this.place(start);
    const to = this.place(end);
    return { span, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  private place(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.lineStarts[low] ?? 0) + 1 };
  }
}

/**
 * The range of a part of a rule whose own range is known, without the file that it stands in.
 * `span` is in offsets of that file.
 */
export const rangeWithin = (whole: SourceRange, text: string, span: Span): SourceRange => {
  const base = whole.span[0];
  const inner = new SourceText(text).range([span[0] - base, span[1] - base]);
  const column = (line: number, at: number): number => (line === 1 ? whole.column + at - 1 : at);
  return {
    span,
    line: whole.line + inner.line - 1,
    column: column(inner.line, inner.column),
    endLine: whole.line + inner.endLine - 1,
    endColumn: column(inner.endLine, inner.endColumn),
  };
};

/**
 * The UTF-16 offset of a UTF-8 byte offset; one inside a character counts as its start, one
 * behind the text as its end.
 */
export const utf16Offset = (text: string, byteOffset: number): number => {
  let bytes = 0;
  let at = 0;
  for (const character of text) {
    bytes += utf8Length(character.codePointAt(0) ?? 0);
    if (bytes > byteOffset) return at;
    at += character.length;
  }
  return at;
};

const utf8Length = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
