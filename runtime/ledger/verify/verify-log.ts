import { throwIfAborted } from "#kernel/abort.ts";
import type { LogId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { readSegmentFile, segmentFile } from "#protocol/ledger-format.ts";
import { structureOf } from "#protocol/ledger-line.ts";
import type { LogReport } from "#protocol/ledger-report.ts";
import { ByteStream } from "./byte-stream.ts";
import { AnchorCheck } from "./anchor-check.ts";
import { checkAside, ContentCheck } from "./content-check.ts";
import { LineCheck } from "./line-check.ts";
import type { SeenCheckpoints } from "./seen-checkpoints.ts";
import { SEEN_KEPT_MAX } from "./seen-checkpoints.ts";
import type { LogSource, SourceFile, VerifierCrypto } from "./source.ts";

export interface VerifyOptions {
  /** Null where the folder does not say: then it is the log that the first line names. */
  readonly log: LogId | null;
  /** The workspace's public key in hexadecimal that the log has to be certified by; null when the reader knows none. */
  readonly pinnedKey: string | null;
  /** The note of the log's local anchor, or null; needs `log`. Read it before the log, which may be growing. */
  readonly anchor: Uint8Array | null;
  /** Whether a writer holds the log: then it may end in the middle of something. */
  readonly live: boolean;
  /** Gets the number of lines that were checked since it was called last; must not throw. */
  readonly onChecked?: (lines: number) => void;
}

export interface LogVerification {
  readonly report: LogReport;
  /** What the right commit records of this log state of others. */
  readonly seen: SeenCheckpoints;
}

/**
 * Verifies one log from its bytes alone: section 12 of docs/formats/ledger.md, row by row. It streams,
 * so memory does not grow with the log, and reports every independent fault. Fails only when the
 * source does; throws an AbortError when aborted.
 */
export const verifyLog = async (
  source: LogSource,
  crypto: VerifierCrypto,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<Result<LogVerification, Fault<string>>> => {
  const listed = await source.files();
  if (!listed.ok) return listed;
  const segments = segmentNumbers(listed.value);
  const last = segments.at(-1) ?? 0;
  const check = new LineCheck(crypto, new AnchorCheck(crypto, options.log, options.anchor), options);

  let parts = 0;
  let before = 0;
  for (const segment of segments) {
    if (segment !== before + 1) check.reportBetween("malformed", null, `segment ${before + 1} is missing`);
    before = segment;
    const place = { segment, isLast: segment === last, growing: options.live && segment === last };
    const log = { source, crypto, files: listed.value, onChecked: options.onChecked };
    const verified = await verifySegment(log, check, place, signal);
    if (!verified.ok) return verified;
    parts += verified.value.parts;
  }
  if (check.seen.isTooMany) {
    return failed(fault("LEDGER_TOO_LARGE", `a log records more than ${SEEN_KEPT_MAX} states of others`));
  }
  const report = check.finish({ live: options.live, parts, segments: segments.length });
  return ok({ report, seen: check.seen });
};

/** Numbers of the segments of which there is a file, ascending. */
const segmentNumbers = (files: readonly SourceFile[]): readonly number[] =>
  [...new Set(files.flatMap(({ name }) => readSegmentFile(name)?.number ?? []))].sort(
    (left, right) => left - right,
  );

interface LogFiles {
  readonly source: LogSource;
  readonly crypto: VerifierCrypto;
  readonly files: readonly SourceFile[];
  readonly onChecked: VerifyOptions["onChecked"];
}

const verifySegment = async (
  { source, crypto, files, onChecked }: LogFiles,
  check: LineCheck,
  place: { readonly segment: number; readonly isLast: boolean; readonly growing: boolean },
  signal: AbortSignal,
): Promise<Result<{ readonly parts: number }, Fault<string>>> => {
  const sizeOf = (name: string): number => files.find((file) => file.name === name)?.sizeBytes ?? 0;
  const linesFile = segmentFile(place.segment, "jsonl");
  const contentFile = segmentFile(place.segment, "content");
  const lines = new ByteStream(source, linesFile, sizeOf(linesFile));
  // Content is written before its lines, so a growing file may be longer than when it was listed.
  const contentBytes = place.growing ? Number.MAX_SAFE_INTEGER : sizeOf(contentFile);
  const content = new ContentCheck(source, crypto, contentFile, contentBytes);

  let lineNumber = 0;
  for (;;) {
    throwIfAborted(signal);
    const stretch = await lines.lines();
    if (!stretch.ok) return stretch;
    if (stretch.value.length === 0) break;
    for (const bytes of stretch.value) {
      lineNumber += 1;
      const { entry, right } = check.line(bytes, { file: linesFile, line: lineNumber });
      if (entry === undefined) content.losePlace();
      else if (entry.content.length > 0) {
        const wrong = await content.check(entry.content);
        if (!wrong.ok) return wrong;
        if (right && wrong.value !== undefined) check.report("wrong-content", wrong.value);
      } else if (right && entry.type === "log.recovered") {
        const { aside } = structureOf(entry, "log.recovered");
        const wrong = await checkAside(source, crypto, files, aside);
        if (!wrong.ok) return wrong;
        if (wrong.value !== undefined) check.report("wrong-content", wrong.value);
      }
      check.endLine();
    }
    onChecked?.(stretch.value.length);
  }

  if (!place.growing) {
    const torn = await lines.hasRest();
    if (!torn.ok) return torn;
    const stray = await content.hasRest();
    if (!stray.ok) return stray;
    const at = { file: torn.value ? linesFile : contentFile, line: lineNumber + 1 };
    if (torn.value) check.reportBetween("torn", at, "the last line has no end");
    else if (stray.value) check.reportBetween("torn", at, "sealed bytes that no line refers to");
  }
  if (lineNumber === 0 && !place.isLast) {
    check.reportBetween("malformed", null, `segment ${place.segment} has no line`);
  }
  return ok({ parts: content.parts });
};
