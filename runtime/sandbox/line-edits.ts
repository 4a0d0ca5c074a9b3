/** One line of the way from one text to another. */
export interface LineEdit {
  readonly k: "keep" | "remove" | "add";
  readonly line: string;
}

/** Most removed and added lines together for which the shortest way is looked for. */
export const EDITS_MAX = 1_000;

/**
 * The shortest list of kept, removed and added lines that leads from `before` to `after` (E. W.
 * Myers, "An O(ND) Difference Algorithm and Its Variations", 1986). Where it would be longer than
 * `EDITS_MAX`, all that differs is removed and then added: longer, and just as true.
 */
export const lineEdits = (before: readonly string[], after: readonly string[]): readonly LineEdit[] => {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const left = before.slice(head, before.length - tail);
  const right = after.slice(head, after.length - tail);
  return [
    ...edits("keep", before.slice(0, head)),
    ...(shortestWay(left, right) ?? [...edits("remove", left), ...edits("add", right)]),
    ...edits("keep", before.slice(before.length - tail)),
  ];
};

const edits = (k: LineEdit["k"], lines: readonly string[]): readonly LineEdit[] =>
  lines.map((line) => ({ k, line }));

/**
 * Diagonal k holds the points with x - y = k. After each number of edits the furthest x on every
 * diagonal is remembered; the way is then read backwards from the end.
 */
const shortestWay = (left: readonly string[], right: readonly string[]): readonly LineEdit[] | null => {
  const history: Furthest[] = [];
  let last = new Furthest(0);
  for (let count = 0; count <= Math.min(EDITS_MAX, left.length + right.length); count += 1) {
    const next = new Furthest(count);
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      let x = count === 0 ? 0 : startOf(last, diagonal);
      while (x < left.length && x - diagonal < right.length && left[x] === right[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= left.length && x - diagonal >= right.length) return wayBack(left, right, history, count);
    }
    history.push(next);
    last = next;
  }
  return null;
};

/** Where one more edit arrives on a diagonal: a removal from the one below, or an addition from the one above. */
const startOf = (last: Furthest, diagonal: number): number =>
  Math.max(last.get(diagonal - 1) + 1, last.get(diagonal + 1));

const wayBack = (
  left: readonly string[],
  right: readonly string[],
  history: readonly Furthest[],
  count: number,
): readonly LineEdit[] => {
  const way: LineEdit[] = [];
  let x = left.length;
  let y = right.length;
  for (let edit = count; edit > 0; edit -= 1) {
    const last = history[edit - 1] ?? new Furthest(0);
    const diagonal = x - y;
    const removed = last.get(diagonal - 1) + 1 > last.get(diagonal + 1);
    const start = startOf(last, diagonal);
    for (; x > start; x -= 1, y -= 1) way.push({ k: "keep", line: left[x - 1] ?? "" });
    if (removed) {
      x -= 1;
      way.push({ k: "remove", line: left[x] ?? "" });
    } else {
      y -= 1;
      way.push({ k: "add", line: right[y] ?? "" });
    }
  }
  for (; x > 0; x -= 1) way.push({ k: "keep", line: left[x - 1] ?? "" });
  return way.reverse();
};

/** The furthest x by diagonal, for diagonals -count to count; what was never reached lies before everything. */
class Furthest {
  private readonly count: number;
  private readonly values: Int32Array;

  constructor(count: number) {
    this.count = count;
    this.values = new Int32Array(2 * count + 1).fill(-2);
  }

  get(diagonal: number): number {
    return this.values[diagonal + this.count] ?? -2;
  }

  set(diagonal: number, x: number): void {
    this.values[diagonal + this.count] = x;
  }
}
