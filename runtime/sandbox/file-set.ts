import { equalBytes } from "#kernel/bytes.ts";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { SandboxFault, SandboxFile, SandboxFileInfo, SandboxLimits } from "#ports/sandbox.ts";

import { runFilePath, runFolderPath } from "./run-file-path.ts";

/** The part of a session's limits that is about files. */
export type FileLimits = Pick<SandboxLimits, "fileBytesMax" | "filesMax">;

export type FileContent = Pick<SandboxFile, "path" | "bytes">;

/** What became of a file since the set was made; removed files have no bytes. */
export type FileChange =
  | { readonly path: string; readonly kind: "created" | "changed"; readonly bytes: Uint8Array }
  | { readonly path: string; readonly kind: "removed"; readonly bytes: null };

/**
 * A run's files in memory, within limits. Folders exist as far as files are in them. Bytes that
 * are given in or out are shared and never written to again by either side.
 */
export interface FileSet {
  read(path: string): Result<Uint8Array, SandboxFault>;
  write(path: string, bytes: Uint8Array): Result<void, SandboxFault>;
  /** Every file below a folder (`.` for all), sorted by code units. A file's own name lists that file. */
  list(folder: string): Result<readonly SandboxFileInfo[], SandboxFault>;
  /** Differences from the files that the set was made of, sorted by code units; equal bytes are none. */
  changes(): readonly FileChange[];
  /**
   * This set without some files and with others written over it, which counts its changes from the same
   * beginning. Only the outcome must keep the limits, not every step; this set stays as it is.
   */
  with(files: Iterable<FileContent>, removed?: Iterable<string>): Result<FileSet, SandboxFault>;
  /** Every file as it stands, in no order. */
  all(): Iterable<FileContent>;
}

/** Fails when a file's path is none, two files clash, or they exceed the limits. */
export const createFileSet = (
  files: Iterable<FileContent>,
  limits: FileLimits,
): Result<FileSet, SandboxFault> => {
  const contents = new Map([...files].map(({ path, bytes }) => [path, bytes]));
  return filled(contents, contents, limits);
};

type Contents = ReadonlyMap<string, Uint8Array>;

/** @param base what `changes` counts from. */
const filled = (contents: Contents, base: Contents, limits: FileLimits): Result<FileSet, SandboxFault> => {
  const set = new MemoryFileSet(limits, base);
  for (const [path, bytes] of contents) {
    const written = set.write(path, bytes);
    if (!written.ok) return written;
  }
  return ok(set);
};

class MemoryFileSet implements FileSet {
  private readonly limits: FileLimits;
  private readonly files = new Map<string, Uint8Array>();
  private readonly folders = new Set<string>();
  private readonly base: Contents;
  private sizeBytes = 0;

  constructor(limits: FileLimits, base: Contents) {
    this.limits = limits;
    this.base = base;
  }

  read(path: string): Result<Uint8Array, SandboxFault> {
    const name = runFilePath(path);
    if (!name.ok) return name;
    const bytes = this.files.get(name.value);
    if (bytes !== undefined) return ok(bytes);
    return this.folders.has(name.value) ? isAFolder(name.value) : noSuchFile(name.value);
  }

  write(path: string, bytes: Uint8Array): Result<void, SandboxFault> {
    const name = runFilePath(path);
    if (!name.ok) return name;
    if (this.folders.has(name.value)) return isAFolder(name.value);
    const above = foldersAbove(name.value);
    const inTheWay = above.find((folder) => this.files.has(folder));
    if (inTheWay !== undefined)
      return notAFile(`\`${visibleText(inTheWay)}\` is a file and cannot hold others`);
    const old = this.files.get(name.value);
    if (old === undefined && this.files.size >= this.limits.filesMax) {
      return tooLarge(`a run has at most ${this.limits.filesMax} files`);
    }
    const sizeBytes = this.sizeBytes - (old?.length ?? 0) + bytes.length;
    if (sizeBytes > this.limits.fileBytesMax) {
      return tooLarge(`the files of a run have at most ${this.limits.fileBytesMax} bytes together`);
    }
    this.sizeBytes = sizeBytes;
    this.files.set(name.value, bytes);
    for (const folder of above) this.folders.add(folder);
    return ok(undefined);
  }

  list(folder: string): Result<readonly SandboxFileInfo[], SandboxFault> {
    const name = runFolderPath(folder);
    if (!name.ok) return name;
    const inside = `${name.value}/`;
    const found = [...this.files]
      .filter(([path]) => name.value === "." || path === name.value || path.startsWith(inside))
      .map(([path, bytes]) => ({ path, sizeBytes: bytes.length }))
      .sort((left, right) => byCodeUnits(left.path, right.path));
    return found.length === 0 && name.value !== "." ? noSuchFile(name.value) : ok(found);
  }

  changes(): readonly FileChange[] {
    const changes: FileChange[] = [];
    for (const [path, bytes] of this.files) {
      const before = this.base.get(path);
      if (before === undefined) changes.push({ path, kind: "created", bytes });
      else if (before !== bytes && !equalBytes(before, bytes)) changes.push({ path, kind: "changed", bytes });
    }
    for (const path of this.base.keys()) {
      if (!this.files.has(path)) changes.push({ path, kind: "removed", bytes: null });
    }
    return changes.sort((left, right) => byCodeUnits(left.path, right.path));
  }

  with(files: Iterable<FileContent>, removed: Iterable<string> = []): Result<FileSet, SandboxFault> {
    const contents = new Map(this.files);
    for (const path of removed) contents.delete(path);
    for (const { path, bytes } of files) contents.set(path, bytes);
    return filled(contents, this.base, this.limits);
  }

  all(): Iterable<FileContent> {
    return Array.from(this.files, ([path, bytes]) => ({ path, bytes }));
  }
}

/** Those changes that have bytes. */
export const writtenOf = (changes: readonly FileChange[]): readonly FileContent[] =>
  changes.flatMap(({ path, bytes }) => (bytes === null ? [] : [{ path, bytes }]));

/** `a/b/c` stands in `a` and `a/b`. */
export const foldersAbove = (path: string): readonly string[] => {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
};

export const noSuchFile = (path: string): Result<never, SandboxFault> =>
  failed(fault("SANDBOX_NO_SUCH_FILE", `the run has no file \`${visibleText(path)}\``));

const isAFolder = (path: string): Result<never, SandboxFault> =>
  notAFile(`\`${visibleText(path)}\` is a folder`);

const notAFile = (why: string): Result<never, SandboxFault> => failed(fault("SANDBOX_NOT_A_FILE", why));

const tooLarge = (why: string): Result<never, SandboxFault> => failed(fault("SANDBOX_TOO_LARGE", why));
