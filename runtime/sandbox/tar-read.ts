import { utf8Text } from "#kernel/bytes.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";

import { checksum, TAR_BLOCK_BYTES } from "./tar-write.ts";

/** What an archive may hold. Its bytes are bounded by whoever reads them. */
export interface TarLimits {
  /** Files and folders. */
  readonly entriesMax: number;
}

export interface ReadTar {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Longest name that is read, in bytes; no file of a run has one this long. */
const LONG_NAME_BYTES_MAX = 4_096;

/**
 * The regular files of an archive that came out of a sandbox, or one sentence on why they cannot be had.
 *
 * Nobody trusts it: the program that left the files may have written the archive itself. Read is what
 * busybox's `tar` writes (`ustar` headers, long names of type `L`), and nothing besides: a link, a device,
 * a pipe, a sparse file, a pax record, a number that is not plain octal, a wrong sum, a length beyond the
 * end and bytes after the end are each a reason to read nothing at all. Folders are passed over, since a
 * run has those that its files stand in. A name is given as it stands; whoever takes the files judges it.
 * Bytes are shared with the archive.
 */
export const readTar = (archive: Uint8Array, limits: TarLimits): Result<readonly ReadTar[], string> => {
  const files: ReadTar[] = [];
  let longName: Uint8Array | null = null;
  let at = 0;
  for (let entries = 0; ;) {
    const block = archive.subarray(at, at + TAR_BLOCK_BYTES);
    if (block.length < TAR_BLOCK_BYTES) return failed("the archive of its files ends too early");
    if (isZero(block)) {
      if (longName !== null) return failed("the archive of its files ends after a name");
      return isZero(archive.subarray(at))
        ? ok(files)
        : failed("the archive of its files goes on after its end");
    }
    const head = readHeader(block);
    if (!head.ok) return head;
    const { type, sizeBytes } = head.value;
    const bodyAt = at + TAR_BLOCK_BYTES;
    if (sizeBytes > archive.length - bodyAt) return failed("the archive of its files ends too early");
    const body = archive.subarray(bodyAt, bodyAt + sizeBytes);
    at = bodyAt + Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;

    if (type === "L") {
      if (longName !== null) return failed("the archive of its files names one file twice");
      if (sizeBytes === 0 || sizeBytes > LONG_NAME_BYTES_MAX) return failed("a file's name is too long");
      longName = untilZero(body);
      continue;
    }
    entries += 1;
    if (entries > limits.entriesMax)
      return failed(`it left more than ${limits.entriesMax} files and folders`);
    const name = utf8Text(longName ?? head.value.name);
    longName = null;
    if (name === undefined || name === "") return failed("a file's name is not UTF-8 text");
    if (type === "5") {
      if (sizeBytes !== 0) return failed("the archive of its files has a folder with content");
      continue;
    }
    if (type !== "0") {
      return failed(
        `\`${visibleExcerpt(name, 120)}\` is ${NOT_A_FILE[type] ?? "no regular file"}, which a run cannot keep`,
      );
    }
    files.push({ path: name, bytes: body });
  }
};

const NOT_A_FILE: Readonly<Record<string, string>> = {
  "1": "a second name of another file",
  "2": "a symbolic link",
  "3": "a device",
  "4": "a device",
  "6": "a pipe",
};

interface Header {
  readonly name: Uint8Array;
  readonly type: string;
  readonly sizeBytes: number;
}

const readHeader = (block: Uint8Array): Result<Header, string> => {
  if (readOctal(block.subarray(148, 156)) !== checksum(block)) {
    return failed("the archive of its files has a header with a wrong sum");
  }
  const sizeBytes = readOctal(block.subarray(124, 136));
  if (sizeBytes === null) return failed("the archive of its files has a length that is no octal number");
  const type = String.fromCharCode(block[156] ?? 0);
  const prefix = block.subarray(345, 500);
  if (!isZero(prefix)) return failed("the archive of its files has a name in two parts");
  // Before POSIX a regular file had no type.
  return ok({ name: untilZero(block.subarray(0, 100)), type: type === "\0" ? "0" : type, sizeBytes });
};

/** Octal digits up to a space or a zero, as many systems end them; null for anything else. */
const readOctal = (field: Uint8Array): number | null => {
  const text = String.fromCharCode(...field);
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(text) ?? [];
  return digits === undefined ? null : Number.parseInt(digits, 8);
};

const untilZero = (bytes: Uint8Array): Uint8Array => {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
};

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
