/**
 * A table in Markdown, without the columns in which no row has anything.
 *
 * Cells are Markdown in one line; a bar in them is escaped, since it would end the cell even in a code span.
 */
export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const columns = headings.map((_heading, at) => at).filter((at) => rows.some((row) => row[at] !== ""));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const pick = (cells: readonly string[]): string[] =>
    columns.map((at) => (cells[at] ?? "").replaceAll("|", "\\|"));
  return [line(pick(headings)), line(columns.map(() => "---")), ...rows.map((row) => line(pick(row)))];
}

/** Text in which Markdown and HTML see nothing of theirs; line breaks become spaces. */
export function plainText(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>&~]/g, (sign) => `\\${sign}`);
}
