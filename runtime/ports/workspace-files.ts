import type { Sha256 } from "#kernel/digest.ts";
import type { CallId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { SandboxFile } from "./sandbox.ts";

/**
 * The user's workspace: a snapshot goes in, and nothing comes out but a gated publish.
 *
 * Paths are those of a run's files (`runFilePath` of the sandbox room). No link is followed, in or
 * out. Not promised: that the workspace stands still while a snapshot is taken, or that nobody
 * writes to a file in the instant between its last comparison and its replacement.
 */
export interface WorkspaceFiles {
  /**
   * Files that git tracks or does not ignore (without git all but dot-files), never `.git`, `.env*`
   * or keys. Rejects with an AbortError when aborted.
   */
  snapshot(signal: AbortSignal): Promise<Result<WorkspaceSnapshot, WorkspaceFault>>;
  /** The digest of the file as it stands now, or null where there is none. */
  digest(path: string): Promise<Result<Sha256 | null, WorkspaceFault>>;
  /**
   * Replaces or creates one file atomically and durably, only while its digest is still `base`
   * (null: it does not exist). Keeps the permissions of a file that it replaces; makes folders as
   * needed. After a fault the file is as it was.
   *
   * @param call on record by now, each once: what a process that dies in the middle of it leaves beside
   * the file bears its name.
   */
  publish(
    path: string,
    bytes: Uint8Array,
    base: Sha256 | null,
    call: CallId,
  ): Promise<Result<void, WorkspaceFault>>;
  /**
   * Removes what that publish left beside the file because its process died, where there is something.
   * Nothing else is touched, and the file itself stays as it is.
   */
  removeLeft(path: string, call: CallId): Promise<Result<void, WorkspaceFault>>;
}

export interface WorkspaceSnapshot {
  /** Sorted by code units of the path. */
  readonly files: readonly SandboxFile[];
  /** Paths left out, with the reason, for people; control characters in them are shown as escapes. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;
export const SNAPSHOT_FILES_MAX = 10_000;

export type WorkspaceFault = Fault<
  /** A file or the list of files cannot be had, or the disk fails. */
  | "WORKSPACE_UNREADABLE"
  /** Permissions or the file system forbid to write. */
  | "WORKSPACE_READ_ONLY"
  /** Beyond `SNAPSHOT_BYTES_MAX` or `SNAPSHOT_FILES_MAX`; the message names the largest. */
  | "WORKSPACE_TOO_LARGE"
  /** No path of a file in the workspace, or one that leads through a link or belongs to git. */
  | "WORKSPACE_BAD_PATH"
  /** The file is not what `base` says. */
  | "WORKSPACE_CHANGED"
  | "WORKSPACE_DISK_FULL"
>;
