import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { errorCode } from "#kernel/error-code.ts";
import { foldersAbove } from "#sandbox/file-set.ts";

/** What stands at a path, or why it is not a file that we touch. */
export type Standing =
  | { readonly k: "file"; readonly sizeBytes: number; readonly executable: boolean }
  | { readonly k: "nothing" }
  | { readonly k: "other"; readonly why: string };

/**
 * What stands at a path below a root, without following a link at any part of it.
 *
 * @param folders remembers folders that were found to be real, for callers that look at many files.
 */
export const standingAt = async (
  root: string,
  path: string,
  folders = new Set<string>(),
): Promise<Standing> => {
  for (const folder of foldersAbove(path)) {
    if (folders.has(folder)) continue;
    const above = await kindOf(join(root, folder));
    if (above.k === "nothing") return above;
    if (above.k !== "folder") return { k: "other", why: `\`${folder}\` above it is ${whatStands(above)}` };
    folders.add(folder);
  }
  const found = await kindOf(join(root, path));
  return found.k === "folder" || found.k === "other"
    ? { k: "other", why: `it is ${whatStands(found)}` }
    : found;
};

type Kind =
  | Exclude<Standing, { k: "other" }>
  | { readonly k: "folder" }
  | { readonly k: "other"; readonly what: string };

const whatStands = (kind: Exclude<Kind, { k: "nothing" }>): string => {
  switch (kind.k) {
    case "file":
      return "a file";
    case "folder":
      return "a folder";
    case "other":
      return kind.what;
  }
};

const kindOf = async (path: string): Promise<Kind> => {
  try {
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) return { k: "other", what: "a symbolic link" };
    if (stat.isDirectory()) return { k: "folder" };
    if (!stat.isFile()) return { k: "other", what: "neither a file nor a folder" };
    return { k: "file", sizeBytes: stat.size, executable: (stat.mode & 0o111) !== 0 };
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return { k: "nothing" };
    throw error;
  }
};

/**
 * Reads a regular file, at most `bytesMax` bytes of it; null where it has more. The last part of the
 * path is not followed when it has become a link meanwhile, and nothing else than a file is read.
 */
export const readRegularFile = async (path: string, bytesMax: number): Promise<Uint8Array | null> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new NoFile();
    return stat.size > bytesMax ? null : await readUpTo(file, stat.size, bytesMax);
  } finally {
    await file.close();
  }
};

/** What stands there came into the place of a file that was looked at. */
class NoFile extends Error {
  readonly code = "ENOTSUP";
}

/** To the end, wherever that is by then: some file systems say of every file that it has no bytes. */
const readUpTo = async (
  file: FileHandle,
  sizeBytes: number,
  bytesMax: number,
): Promise<Uint8Array | null> => {
  // One byte more than it should have shows that it has more.
  let bytes = new Uint8Array(sizeBytes + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.slice(0, length);
    length += bytesRead;
    if (length > bytesMax) return null;
    if (length === bytes.length) {
      const larger = new Uint8Array(Math.min(2 * length + CHUNK_BYTES, bytesMax + 1));
      larger.set(bytes);
      bytes = larger;
    }
  }
};

const CHUNK_BYTES = 64 * 1024;
