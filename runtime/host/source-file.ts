import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

import { concatBytes } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

export type SourceFileFault = Fault<
  "HOST_NO_SUCH_FILE" | "HOST_NOT_A_FILE" | "HOST_FILE_TOO_LARGE" | "HOST_FILE_UNREADABLE"
>;

/** Longest agent file that is read at all; the language refuses shorter ones with a better message. */
export const SOURCE_BYTES_MAX = 16 * 1024 * 1024;

/** The bytes of a file that a user named, whatever that name turns out to be. Never throws. */
export const readSourceFile = async (path: string): Promise<Result<Uint8Array, SourceFileFault>> => {
  const read = await readWholeFile(path, SOURCE_BYTES_MAX);
  return read.ok ? read : failed(faultOf(`\`${visibleText(path)}\``, read.fault));
};

const faultOf = (shown: string, refusal: ReadRefusal): SourceFileFault => {
  switch (refusal.k) {
    case "too-large":
      return fault("HOST_FILE_TOO_LARGE", `${shown} has more than ${SOURCE_BYTES_MAX} bytes`);
    case "not-a-file":
      return fault("HOST_NOT_A_FILE", `${shown} is not a file`);
    case "refused":
      return refusal.code === "ENOENT" || refusal.code === "ENOTDIR"
        ? fault("HOST_NO_SUCH_FILE", `${shown} does not exist`)
        : fault("HOST_FILE_UNREADABLE", `${shown} cannot be read (${refusal.code})`);
  }
};

/** Why a file was not read; `code` is the system's. */
type ReadRefusal =
  | { readonly k: "too-large" | "not-a-file" }
  | { readonly k: "refused"; readonly code: string };

/** All bytes of a regular file of at most `bytesMax` bytes, links followed. Never throws. */
export const readWholeFile = async (
  path: string,
  bytesMax: number,
): Promise<Result<Uint8Array, ReadRefusal>> => {
  try {
    // Looked at before it is opened: opening a pipe would wait for a writer that may never come.
    if (!(await stat(path)).isFile()) return failed({ k: "not-a-file" });
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile()) return failed({ k: "not-a-file" });
      const bytes = found.size > bytesMax ? null : await readUpTo(handle, bytesMax);
      return bytes === null ? failed({ k: "too-large" }) : ok(bytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return failed({ k: "refused", code: errorCode(error) });
  }
};

const CHUNK_BYTES = 64 * 1024;

/** To the end, wherever that is by then: what the system said of the size may not hold any more. Null for more than `bytesMax`. */
const readUpTo = async (handle: FileHandle, bytesMax: number): Promise<Uint8Array | null> => {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length <= bytesMax;) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytesMax + 1 - length));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, length);
    if (bytesRead === 0) return concatBytes(...chunks);
    chunks.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
  }
  return null;
};
