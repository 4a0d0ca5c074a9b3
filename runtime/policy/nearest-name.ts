/** The known name that somebody may have meant: the one with fewest letters changed, at most a third of them. */
export const nearestName = (written: string, known: readonly string[]): string | undefined => {
  let best: string | undefined;
  let least = Math.floor(written.length / 3) + 1;
  for (const name of known) {
    const changes = changesBetween(written, name, least);
    if (changes < least) {
      least = changes;
      best = name;
    }
  }
  return best;
};

/** Letters to insert, remove or replace (Levenshtein), or `enough` where it is no less. */
const changesBetween = (one: string, other: string, enough: number): number => {
  if (Math.abs(one.length - other.length) >= enough) return enough;
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 1; line <= one.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (one[line - 1] === other[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return Math.min(row.at(-1) ?? enough, enough);
};
