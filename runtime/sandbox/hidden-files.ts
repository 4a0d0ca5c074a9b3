import { equalBytes } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ProgramChange, SandboxFault } from "#ports/sandbox.ts";

import { foldersAbove } from "./file-set.ts";
import type { FileContent, FileLimits, FileSet } from "./file-set.ts";

/*
 * Files of a session that one program must not know of. The program is not given them, so there is
 * nothing to read or list; only their names have to be kept, so that it does not write over one.
 */

/** What a program is given of a session's files. */
export interface ProgramFiles {
  readonly files: readonly FileContent[];
  readonly hidden: readonly string[];
  /** What hidden files take up is not the program's to use. */
  readonly limits: FileLimits;
}

export const programFiles = (
  files: FileSet,
  limits: FileLimits,
  hidden: ReadonlySet<string>,
): ProgramFiles => {
  const shown: FileContent[] = [];
  let { filesMax, fileBytesMax } = limits;
  for (const file of files.all()) {
    if (!hidden.has(file.path)) {
      shown.push(file);
      continue;
    }
    filesMax -= 1;
    fileBytesMax -= file.bytes.length;
  }
  return { files: shown, hidden: [...hidden], limits: { filesMax, fileBytesMax } };
};

/** A program's own set of files, in which it cannot write to where hidden files are. */
export const guardedFiles = (
  files: FileSet,
  hidden: Iterable<string>,
): Pick<FileSet, "read" | "write" | "list"> => {
  const isTaken = takenPlaces(hidden);
  return {
    read: (path) => files.read(path),
    list: (folder) => files.list(folder),
    write: (path, bytes) => (isTaken(path) ? notHere(path) : files.write(path, bytes)),
  };
};

export interface TakenOver {
  readonly files: FileSet;
  readonly changes: readonly ProgramChange[];
}

/**
 * A session's files with what a program left of its own written over them and without those that it
 * removed, and what that changes. A removal of what is not there, or hidden, is none. Fails where the outcome breaks the limits, and where a path is one that the program could not write.
 */
export const takeOver = (
  files: FileSet,
  left: readonly FileContent[],
  hidden: ReadonlySet<string>,
  removed: readonly string[] = [],
): Result<TakenOver, SandboxFault> => {
  const isTaken = takenPlaces(hidden);
  const stray = left.find(({ path }) => isTaken(path));
  if (stray !== undefined) return notHere(stray.path);
  const gone = removed.filter((path) => !hidden.has(path) && files.read(path).ok);
  const after = files.with(left, gone);
  if (!after.ok) return after;
  const written = left.flatMap(({ path, bytes }): ProgramChange[] => {
    const before = files.read(path);
    if (!before.ok) return [{ path, kind: "created", bytes }];
    return equalBytes(before.value, bytes) ? [] : [{ path, kind: "changed", bytes }];
  });
  const changes = [...written, ...gone.map((path) => ({ path, kind: "removed", bytes: null }) as const)];
  return ok({ files: after.value, changes });
};

/** Whether a file of that name would replace a hidden one, lie below it, or stand where its folder is. */
const takenPlaces = (hidden: Iterable<string>): ((path: string) => boolean) => {
  const files = new Set(hidden);
  const folders = new Set([...files].flatMap(foldersAbove));
  return (path) =>
    files.has(path) || folders.has(path) || foldersAbove(path).some((folder) => files.has(folder));
};

const notHere = (path: string): Result<never, SandboxFault> =>
  failed(fault("SANDBOX_BAD_PATH", `\`${visibleText(path)}\` cannot be written here`));
