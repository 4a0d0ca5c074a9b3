import { join } from "node:path";

import { errorCode } from "#kernel/error-code.ts";
import { throwIfAborted } from "#kernel/abort.ts";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt, visibleText } from "#kernel/visible-text.ts";
import type { SandboxFile } from "#ports/sandbox.ts";
import { SNAPSHOT_BYTES_MAX, SNAPSHOT_FILES_MAX } from "#ports/workspace-files.ts";
import type { WorkspaceFault, WorkspaceSnapshot } from "#ports/workspace-files.ts";
import { runFilePath } from "#sandbox/run-file-path.ts";

import { tooLarge } from "./disk-fault.ts";
import type { ListedPath } from "./list-paths.ts";
import type { IsOwn } from "./own-folders.ts";
import { readRegularFile, standingAt } from "./regular-file.ts";
import { secretByContent, secretByName } from "./secret-files.ts";
import { isTemporaryName } from "./temporary-name.ts";

/** Files that are read at the same time. */
const READS_AT_ONCE = 16;

const LARGEST_NAMED = 5;

interface Candidate {
  readonly path: string;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

type LeftOut = WorkspaceSnapshot["leftOut"][number];

/** Takes of the listed paths what may enter a sandbox, and says of the rest why not. */
export const takeSnapshot = async (
  root: string,
  listed: readonly ListedPath[],
  signal: AbortSignal,
  isOwn: IsOwn = () => false,
): Promise<Result<WorkspaceSnapshot, WorkspaceFault>> => {
  const leftOut: LeftOut[] = [];
  const leave = (path: string, why: string): void => {
    leftOut.push({ path: visibleExcerpt(path, 300), why });
  };

  const candidates: Candidate[] = [];
  const folders = new Set<string>();
  for (const { path, readable } of listed) {
    throwIfAborted(signal);
    const why = isOwn(path) ? "writ keeps its own state there" : unfitName(path, readable);
    if (why !== null) {
      leave(path, why);
      continue;
    }
    const standing = await standingAt(root, path, folders).catch(unreadable);
    if (standing.k === "file") candidates.push({ path, ...standing });
    // What git knows and nobody has any more is not left out; it is not there.
    else if (standing.k === "other") leave(path, standing.why);
  }
  const beyond = beyondLimits(candidates);
  if (beyond !== null) return failed(beyond);

  const files: SandboxFile[] = [];
  let bytesLeft = SNAPSHOT_BYTES_MAX;
  const queue = candidates.sort((left, right) => byCodeUnits(left.path, right.path));
  for (let at = 0; at < queue.length; at += READS_AT_ONCE) {
    throwIfAborted(signal);
    const batch = queue.slice(at, at + READS_AT_ONCE);
    const contents = await Promise.all(batch.map((file) => contentOf(root, file.path, bytesLeft)));
    for (const [index, { path, executable }] of batch.entries()) {
      const content = contents[index] ?? { why: "it was not read" };
      if (!("bytes" in content)) {
        leave(path, content.why);
        continue;
      }
      bytesLeft -= content.bytes.length;
      if (bytesLeft < 0) return failed(grew());
      files.push({ path, bytes: content.bytes, executable });
    }
  }
  return ok({ files, leftOut: leftOut.sort((left, right) => byCodeUnits(left.path, right.path)) });
};

const unfitName = (path: string, readable: boolean): string | null => {
  if (!readable) return "its name is not UTF-8";
  const name = runFilePath(path);
  if (!name.ok) return name.fault.message;
  return isTemporaryName(path) ? "an interrupted publish left it behind" : secretByName(path);
};

const unreadable = (error: unknown): { readonly k: "other"; readonly why: string } => ({
  k: "other",
  why: `it cannot be read (${errorCode(error)})`,
});

const contentOf = async (
  root: string,
  path: string,
  bytesMax: number,
): Promise<{ readonly bytes: Uint8Array } | { readonly why: string }> => {
  const bytes = await readRegularFile(join(root, path), bytesMax).catch(unreadable);
  if (bytes === null) return { why: "it grew while it was read" };
  if (!(bytes instanceof Uint8Array)) return bytes;
  const why = secretByContent(bytes);
  return why === null ? { bytes } : { why };
};

/** Judged before anything is read, and so that people learn what to leave out. */
const beyondLimits = (candidates: readonly Candidate[]): WorkspaceFault | null => {
  const totalBytes = candidates.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (totalBytes > SNAPSHOT_BYTES_MAX) {
    const largest = [...candidates]
      .sort((left, right) => right.sizeBytes - left.sizeBytes)
      .slice(0, LARGEST_NAMED)
      .map((file) => `${visibleText(file.path)} (${megabytes(file.sizeBytes)})`);
    return tooLarge(
      `its files have ${megabytes(totalBytes)}, at most ${megabytes(SNAPSHOT_BYTES_MAX)} are taken; the largest are ${largest.join(", ")}`,
    );
  }
  if (candidates.length > SNAPSHOT_FILES_MAX) {
    const largest = [...countsByFolder(candidates)]
      .sort(([, left], [, right]) => right - left)
      .slice(0, LARGEST_NAMED)
      .map(([folder, count]) => `${visibleText(folder)} (${count})`);
    return tooLarge(
      `it has ${candidates.length} files, at most ${SNAPSHOT_FILES_MAX} are taken; most are in ${largest.join(", ")}`,
    );
  }
  return null;
};

/** Files by outermost folder. */
const countsByFolder = (candidates: readonly Candidate[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { path } of candidates) {
    const slash = path.indexOf("/");
    const folder = slash === -1 ? "the folder itself" : `${path.slice(0, slash)}/`;
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return counts;
};

const megabytes = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;

const grew = (): WorkspaceFault => tooLarge("its files grew while they were read");
