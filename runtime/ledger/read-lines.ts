import { concatBytes } from "#kernel/bytes.ts";
import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { LedgerFault, LedgerStore, StoredFile } from "#ports/ledger.ts";
import { LEDGER_LINE_BYTES_MAX } from "#protocol/ledger-entry.ts";
import { readSegmentFile, segmentFile } from "#protocol/ledger-format.ts";

/** Bytes read at a time. */
const CHUNK_BYTES = 1024 * 1024;

const LINE_FEED = 0x0a;

/** Some lines of one segment, in order. */
export interface LineStretch {
  readonly segment: number;
  readonly lines: readonly RawLine[];
}

export interface RawLine {
  /** Where the line begins in its segment's file. */
  readonly offset: number;
  /** Without the line feed; cut to `LEDGER_LINE_BYTES_MAX` + 1 when it is longer than a line may be. */
  readonly bytes: Uint8Array;
  /** With the line feed, and with all that was cut. */
  readonly lengthBytes: number;
}

/** Numbers of the segments of a listing, ascending, whichever of their files exist. */
export const segmentNumbers = (files: readonly StoredFile[]): readonly number[] => {
  const numbers = files.flatMap(({ name }) => readSegmentFile(name)?.number ?? []);
  return [...new Set(numbers)].sort((left, right) => left - right);
};

export const sizeOf = (files: readonly StoredFile[], name: string): number =>
  files.find((file) => file.name === name)?.sizeBytes ?? 0;

/**
 * All whole lines of a log up to the sizes of `files`, whatever is in them; memory for one chunk
 * and one line. A last piece without line feed is left out. Ends after the first fault.
 */
export async function* readLines(
  store: LedgerStore,
  log: LogId,
  files: readonly StoredFile[],
): AsyncGenerator<Result<LineStretch, LedgerFault>, void, undefined> {
  for (const segment of segmentNumbers(files)) {
    const file = segmentFile(segment, "jsonl");
    const sizeBytes = sizeOf(files, file);
    /** The beginning of a line whose end has not come yet, as far as it is kept, and all of its length. */
    let begun: Uint8Array = new Uint8Array();
    let begunBytes = 0;
    for (let offset = 0; offset < sizeBytes;) {
      const chunk = await store.read(log, file, offset, Math.min(CHUNK_BYTES, sizeBytes - offset));
      if (!chunk.ok) return yield chunk;
      if (chunk.value.length === 0) break;

      const lines: RawLine[] = [];
      let from = 0;
      for (let to = chunk.value.indexOf(LINE_FEED); to !== -1; to = chunk.value.indexOf(LINE_FEED, from)) {
        const piece = chunk.value.subarray(from, to);
        const lengthBytes = begunBytes + piece.length + 1;
        const bytes = begun.length === 0 ? piece.subarray(0, KEPT_BYTES) : kept(begun, piece);
        lines.push({ offset: offset + to + 1 - lengthBytes, bytes, lengthBytes });
        begun = new Uint8Array();
        begunBytes = 0;
        from = to + 1;
      }
      const rest = chunk.value.subarray(from);
      begun = kept(begun, rest);
      begunBytes += rest.length;
      offset += chunk.value.length;
      yield ok({ segment, lines });
    }
  }
}

const KEPT_BYTES = LEDGER_LINE_BYTES_MAX + 1;

const kept = (begun: Uint8Array, more: Uint8Array): Uint8Array =>
  concatBytes(begun, more.subarray(0, Math.max(0, KEPT_BYTES - begun.length)));
