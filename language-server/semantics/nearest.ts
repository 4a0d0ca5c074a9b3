/** Did you mean: the known name that an unknown one was probably meant to be. */

/** Words that people use for tools which have other names here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  bash: "shell",
  cat: "read_file",
  exec: "shell",
  execute: "shell",
  ls: "list_files",
  publish: "publish_file",
  read: "read_file",
  respond_to: "respond",
  run: "shell",
  sh: "shell",
  write: "write_file",
};

/** The nearest of the known names, or undefined when none is near enough to be worth saying. */
export const nearest = (name: string, known: Iterable<string>): string | undefined => {
  const wanted = name.toLowerCase();
  const bound = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    if (candidate === name) continue;
    if (SYNONYMS[wanted] === candidate) return candidate;
    if (Math.abs(candidate.length - wanted.length) > bound) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= bound && (best === undefined || distance < best.distance)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
};

/** Longest name that is compared; a longer one was not mistyped. */
const NAME_LENGTH_MAX = 64;

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export const editDistance = (left: string, right: string): number => {
  if (left.length > NAME_LENGTH_MAX || right.length > NAME_LENGTH_MAX) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped && row > 1 && column > 1 ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = last;
    last = current;
  }
  return last[right.length] ?? 0;
};
