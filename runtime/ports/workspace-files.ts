import type { Sha256 } from "#kernel/digest.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { SandboxFile } from "./sandbox.ts";

/** The user's workspace: a snapshot goes in, and nothing comes out but a gated publish. */
export interface WorkspaceFiles {
  /** Files that git tracks or does not ignore (without git all but dot-files), never `.git`, `.env*` or keys. */
  snapshot(signal: AbortSignal): Promise<Result<WorkspaceSnapshot, WorkspaceFault>>;
  /** The digest of the file as it stands now, or null where there is none. */
  digest(path: string): Promise<Result<Sha256 | null, WorkspaceFault>>;
  /**
   * Replaces or creates one file atomically, only while its digest is still `base` (null: it does
   * not exist). Never follows a link out of the workspace.
   */
  publish(path: string, bytes: Uint8Array, base: Sha256 | null): Promise<Result<void, WorkspaceFault>>;
}

export interface WorkspaceSnapshot {
  readonly files: readonly SandboxFile[];
  /** Paths left out, with the reason, for people. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

export const SNAPSHOT_BYTES_MAX = 64 * 1024 * 1024;
export const SNAPSHOT_FILES_MAX = 10_000;

export type WorkspaceFault = Fault<
  | "WORKSPACE_UNREADABLE"
  | "WORKSPACE_READ_ONLY"
  | "WORKSPACE_TOO_LARGE"
  | "WORKSPACE_BAD_PATH"
  | "WORKSPACE_CHANGED"
  | "WORKSPACE_DISK_FULL"
>;
