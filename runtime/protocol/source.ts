/** Places in source text. */

/**
 * A half-open stretch of source text in UTF-16 code units from the start of the decoded file,
 * the unit that editors count in. `start <= end`.
 */
export type Span = readonly [start: number, end: number];

/**
 * A span with what a person needs to find it: lines and columns count from 1, columns in UTF-16
 * code units. `endLine`/`endColumn` name the position just behind the last character.
 */
export interface SourceRange {
  readonly span: Span;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}
