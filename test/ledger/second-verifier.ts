import { isCheckpointSignedBy, readCheckpoint } from "./second-verifier/checkpoint.ts";
import type { LogFiles, Segment } from "./second-verifier/folder.ts";
import { segmentsOf } from "./second-verifier/folder.ts";
import type { Reader } from "./second-verifier/log-reader.ts";
import { logReader } from "./second-verifier/log-reader.ts";
import type { Fault } from "./second-verifier/rows.ts";

/**
 * A verifier of ledgers written from `docs/formats/ledger.md` alone.
 *
 * It shares no line with the product's own verifier, so that a misreading of the page, or a gap in it, shows as
 * a disagreement between the two. It is written to be compared with the page and not to be fast.
 */

export interface LogToVerify {
  readonly files: LogFiles;
  /** The log's id; without it that of line 0. */
  readonly log?: string;
  /** The pinned workspace key, as 64 hexadecimal digits. */
  readonly workspaceKey?: string;
  /** The local anchor: the bytes of a signed note. */
  readonly anchor?: Uint8Array;
  /** What commit records of other logs say about this one. */
  readonly seen?: readonly Statement[];
  /** A writer holds the log at this moment. */
  readonly live?: boolean;
}

/** So many lines have this root, in hexadecimal. */
export interface Statement {
  readonly size: number;
  readonly root: string;
}

export interface Verdict {
  /** Null where there is a fault. */
  readonly level: "internal" | "since-local-anchor" | null;
  /** Whole lines, whatever is wrong with them. */
  readonly lines: number;
  /** Readable lines of type `log.committed`. */
  readonly commits: number;
  /** In the page's order: the first one is what all verifiers agree on. */
  readonly faults: readonly Fault[];
  /** The key that line 0 names, to be shown where none was pinned. */
  readonly workspaceKey: string | null;
}

export const verifyLog = (input: LogToVerify): Verdict => {
  const live = input.live === true;
  const reader = logReader({ files: input.files, log: input.log, workspaceKey: input.workspaceKey });
  const faults = [...readSegments(segmentsOf(input.files), reader, live)];

  const { lines, committed } = reader;
  if (lines === 0 && !live) faults.push({ kind: "truncated", index: 0 });
  if (committed < lines && !live) faults.push({ kind: "uncommitted", index: committed });
  faults.push(...anchorFault(input, reader));
  if (faults.length === 0) faults.push(...seenFault(input.seen ?? [], reader));

  const level = input.anchor === undefined ? "internal" : "since-local-anchor";
  return {
    level: faults.length > 0 ? null : level,
    lines,
    commits: reader.commits,
    faults,
    workspaceKey: reader.workspaceKey ?? null,
  };
};

/** Rows 1 to 16, in the order in which the bytes stand. */
function* readSegments(
  segments: ReadonlyMap<number, Segment>,
  reader: Reader,
  live: boolean,
): Generator<Fault> {
  const highest = Math.max(0, ...segments.keys());
  if (highest > 0 && !segments.has(1)) yield { kind: "malformed", index: 0 };
  for (const [number, segment] of segments) {
    const isLast = number === highest;
    yield* reader.readSegment(segment);
    const isTorn = segment.rest.length > 0 || reader.contentLeft > 0;
    if (isTorn && !(isLast && live)) yield { kind: "torn", index: reader.lines };
    if (!isLast && (segment.lines.length === 0 || !segments.has(number + 1))) {
      yield { kind: "malformed", index: reader.lines };
    }
  }
}

/** Rows 19 to 21 for the local anchor, which is given together with the log's id. */
const anchorFault = ({ anchor, log }: LogToVerify, reader: Reader): readonly Fault[] => {
  if (anchor === undefined) return [];
  const note = readCheckpoint(anchor);
  if (note === undefined || note.log !== log) return [{ kind: "wrong-signature", index: 0 }];
  const [wrong] = statementFault(note, reader);
  if (wrong !== undefined) return [wrong];
  const isSigned = isCheckpointSignedBy(note, reader.writerKeysBefore(note.size));
  return isSigned ? [] : [{ kind: "wrong-signature", index: note.size - 1 }];
};

/** Rows 19 and 20 for what other logs saw: the first that disagrees, in ascending order of size. */
const seenFault = (seen: readonly Statement[], reader: Reader): readonly Fault[] =>
  seen
    .toSorted((left, right) => left.size - right.size)
    .flatMap((statement) => statementFault(statement, reader))
    .slice(0, 1);

const statementFault = ({ size, root }: Statement, reader: Reader): readonly Fault[] => {
  if (size > reader.lines) return [{ kind: "truncated", index: reader.lines }];
  return reader.rootAt(size) === root ? [] : [{ kind: "wrong-root", index: size - 1 }];
};
