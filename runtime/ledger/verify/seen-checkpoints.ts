import { throwIfAborted } from "#kernel/abort.ts";
import { toHex } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { readSegmentFile, segmentFile } from "#protocol/ledger-format.ts";
import type { SeenCheckpoint } from "#protocol/ledger-line.ts";
import type { FoundFault } from "#protocol/ledger-report.ts";
import { ByteStream } from "./byte-stream.ts";
import type { LogSource, VerifierCrypto } from "./source.ts";
import { TreeHash } from "./tree-hash.ts";

/*
 * What logs recorded of each other: section 13 of docs/formats/ledger.md. Every record counts, not the
 * latest alone: otherwise a log could be replaced and the writer's next look at it would make that good.
 */

/** Different checkpoints that are kept of one log's records. A writer looks once a minute. */
export const SEEN_KEPT_MAX = 1_000_000;

/** The different checkpoints of other logs that one log records. */
export class SeenCheckpoints {
  private readonly byText = new Map<string, SeenCheckpoint>();
  private dropped = false;

  add(seen: SeenCheckpoint): void {
    const text = `${seen.log} ${seen.size} ${seen.root}`;
    if (this.byText.has(text)) return;
    if (this.byText.size >= SEEN_KEPT_MAX) this.dropped = true;
    else this.byText.set(text, seen);
  }

  /** Whether there were more than are kept, so that nothing can be said of the log as a witness. */
  get isTooMany(): boolean {
    return this.dropped;
  }

  values(): readonly SeenCheckpoint[] {
    return [...this.byText.values()];
  }
}

/** A checkpoint of a log, and which other log recorded it. */
export interface Claim {
  readonly size: number;
  readonly root: string;
  readonly by: LogId;
}

/** What is wrong with a log in the light of what others recorded: the first claim that disagrees, by size. */
export const claimFault = async (
  source: LogSource,
  crypto: VerifierCrypto,
  claims: readonly Claim[],
  signal: AbortSignal,
): Promise<Result<FoundFault | undefined, Fault<string>>> => {
  const ascending = [...claims].sort((left, right) => left.size - right.size);
  // Read again: a log that is being written may have grown since it was verified, and by what
  // another log, verified later, recorded of it.
  const sizes = ascending.map(({ size }) => size);
  const grown = await rootsAt(source, crypto, sizes, signal);
  if (!grown.ok) return grown;
  const { roots, lines } = grown.value;
  for (const claim of ascending) {
    if (claim.size > lines) return ok(truncatedBy(claim, lines));
    if (roots.get(claim.size) === claim.root) continue;
    const detail = `log ${claim.by} recorded another history up to here`;
    return ok({ kind: "wrong-root", index: claim.size - 1, ...NOWHERE, detail });
  }
  return ok(undefined);
};

/** A log that has fewer lines than another recorded. */
export const truncatedBy = ({ by, size }: Claim, lines: number): FoundFault => ({
  kind: "truncated",
  index: lines,
  ...NOWHERE,
  detail: `log ${by} recorded that it had ${size} lines, there are ${lines}`,
});

const NOWHERE = { entry: null, type: null, place: null };

/** The roots of a log's first so many lines, for each of the ascending `sizes` that it reaches. */
const rootsAt = async (
  source: LogSource,
  crypto: VerifierCrypto,
  sizes: readonly number[],
  signal: AbortSignal,
): Promise<
  Result<{ readonly roots: ReadonlyMap<number, string>; readonly lines: number }, Fault<string>>
> => {
  const tree = new TreeHash(crypto);
  const roots = new Map<number, string>();
  const wanted = new Set(sizes);
  const last = sizes.at(-1) ?? 0;
  const files = await source.files();
  if (!files.ok) return files;
  let lines = 0;
  for (const { name, sizeBytes } of [...files.value].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const segment = readSegmentFile(name);
    if (segment?.part !== "jsonl") continue;
    const stream = new ByteStream(source, segmentFile(segment.number, "jsonl"), sizeBytes);
    while (lines < last) {
      throwIfAborted(signal);
      const stretch = await stream.lines();
      if (!stretch.ok) return stretch;
      if (stretch.value.length === 0) break;
      for (const line of stretch.value) {
        tree.add(line);
        lines += 1;
        if (wanted.has(lines)) roots.set(lines, toHex(tree.root()));
      }
    }
  }
  return ok({ roots, lines });
};
