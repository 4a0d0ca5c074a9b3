import { concatBytes, utf8, utf8Text } from "#kernel/bytes.ts";
import { invariant } from "#kernel/invariant.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { SandboxLimits } from "#ports/sandbox.ts";
import type { FileContent } from "#sandbox/file-set.ts";

/*
 * What host and sandbox process tell each other: one job in, one answer out. Both have the form
 * `header length (4 bytes), header (JSON), blobs`, where the header gives the length of each blob.
 */

/** From the host, which the process trusts. */
export interface Job {
  /** `run` a program, or `inspect` the process's own walls. */
  readonly kind: "run" | "inspect";
  /** Source text; empty for `inspect`. */
  readonly program: string;
  readonly timeoutMs: number;
  readonly limits: SandboxLimits;
  /** What the program's clock shows when it starts, in Unix milliseconds. */
  readonly wallMs: number;
  /** Where the program's `Math.random` starts, 1 to 2^51. */
  readonly seed: number;
  /** The process ends when this is no longer its parent. */
  readonly parentPid: number;
  readonly wasm: Uint8Array;
  readonly files: readonly FileContent[];
  /** Names of further files of the session: the program must not write to where they are. */
  readonly hidden: readonly string[];
}

/** From the sandbox process, which nobody trusts. */
export interface Answer {
  readonly ended: "exited" | "deadline" | "memory";
  readonly exitCode: number;
  readonly droppedBytes: number;
  /** JSON text as the program's own `JSON.stringify` made it, or null. */
  readonly value: string | null;
  /** Files that differ from those of the job. */
  readonly files: readonly FileContent[];
}

export const encodeJob = ({ wasm, files, ...header }: Job): Uint8Array =>
  encodeMessage({ ...header }, [wasm, ...files.map((file) => file.bytes)], {
    paths: files.map((file) => file.path),
  });

/** Reads a job from wherever bytes come from; null when they end too early. */
export const readJob = (readExactly: (count: number) => Uint8Array | null): Job | null => {
  const length = readExactly(4);
  const headerBytes = length === null ? null : readExactly(uint32(length, 0));
  if (headerBytes === null) return null;
  const header = JSON.parse(utf8Text(headerBytes) ?? "") as Omit<Job, "wasm" | "files"> & BlobHeader;
  const blobs: Uint8Array[] = [];
  for (const size of header.sizes) {
    const blob = readExactly(size);
    if (blob === null) return null;
    blobs.push(blob);
  }
  const [wasm, ...contents] = blobs;
  invariant(wasm !== undefined && contents.length === header.paths.length, "a job has its blobs");
  const files = header.paths.map((path, index) => ({ path, bytes: contents[index] ?? new Uint8Array() }));
  return { ...header, wasm, files };
};

export const encodeAnswer = ({ value, files, ...header }: Answer): Uint8Array =>
  encodeMessage(
    { ...header, hasValue: value !== null },
    [utf8(value ?? ""), ...files.map((file) => file.bytes)],
    { paths: files.map((file) => file.path) },
  );

/** Bytes of header that are allowed per file, which is more than the longest name takes with escapes. */
const HEADER_BYTES_PER_FILE = 2_300;
const HEADER_BYTES_BASE = 4_096;

/** No answer within these limits has more bytes. */
export const answerBytesMax = (limits: SandboxLimits): number =>
  HEADER_BYTES_BASE + HEADER_BYTES_PER_FILE * limits.filesMax + limits.outputBytesMax + limits.fileBytesMax;

/** The answer that the bytes are, or null where they are none. Names and sizes of files are not judged here. */
export const decodeAnswer = (bytes: Uint8Array, limits: SandboxLimits): Answer | null => {
  if (bytes.length < 4) return null;
  const headerEnd = 4 + uint32(bytes, 0);
  if (headerEnd > bytes.length) return null;
  const text = utf8Text(bytes.subarray(4, headerEnd));
  if (text === undefined) return null;
  const header = readJson(text, {
    charactersMax: HEADER_BYTES_BASE + HEADER_BYTES_PER_FILE * limits.filesMax,
    depthMax: 2,
    valuesMax: 2 * limits.filesMax + 32,
  });
  if (!header.ok || !isJsonObject(header.value)) return null;
  const blobs = splitBlobs(bytes.subarray(headerEnd), ownValue(header.value, "sizes"));
  return blobs === null ? null : checkedAnswer(header.value, blobs);
};

const checkedAnswer = (header: JsonObject, blobs: readonly Uint8Array[]): Answer | null => {
  const ended = ownValue(header, "ended");
  const exitCode = ownValue(header, "exitCode");
  const droppedBytes = ownValue(header, "droppedBytes");
  const hasValue = ownValue(header, "hasValue");
  const paths = ownValue(header, "paths");
  const [valueBytes, ...contents] = blobs;
  if (ended !== "exited" && ended !== "deadline" && ended !== "memory") return null;
  if (!isCount(exitCode) || exitCode > 255 || !isCount(droppedBytes) || typeof hasValue !== "boolean")
    return null;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string")) return null;
  if (valueBytes === undefined || contents.length !== paths.length) return null;
  const value = utf8Text(valueBytes);
  if (value === undefined) return null;
  const files = contents.map((bytes, index) => ({ path: paths[index] ?? "", bytes }));
  return { ended, exitCode, droppedBytes, value: hasValue ? value : null, files };
};

interface BlobHeader {
  readonly paths: readonly string[];
  readonly sizes: readonly number[];
}

const encodeMessage = (
  header: { readonly [key: string]: unknown },
  blobs: readonly Uint8Array[],
  names: Pick<BlobHeader, "paths">,
): Uint8Array => {
  const sizes = blobs.map((blob) => blob.length);
  const text = utf8(JSON.stringify({ ...header, ...names, sizes }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length);
  return concatBytes(length, text, ...blobs);
};

/** Copies, so that what is kept of a message does not keep all of it. */
const splitBlobs = (bytes: Uint8Array, sizes: JsonValue | undefined): readonly Uint8Array[] | null => {
  if (!Array.isArray(sizes) || !sizes.every(isCount)) return null;
  let offset = 0;
  const blobs: Uint8Array[] = [];
  for (const size of sizes) {
    if (size > bytes.length - offset) return null;
    blobs.push(bytes.slice(offset, offset + size));
    offset += size;
  }
  return offset === bytes.length ? blobs : null;
};

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const uint32 = (bytes: Uint8Array, offset: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
