import type { Fault, Result } from "#kernel/result.ts";

/**
 * The files of a workspace that a document may name with `$ref`.
 *
 * Paths are relative to the workspace, `/`-separated, without empty, `.` or `..` parts; any other path is
 * refused, and so is every path that leads out of the workspace over a symbolic link. Not promised: that
 * a file stays as it was read.
 */
export interface DocumentFiles {
  /** All bytes of one regular file. Rejects with an AbortError when aborted. */
  read(path: string, signal: AbortSignal): Promise<Result<Uint8Array, DocumentFileFault>>;
}

/** `DOCUMENT_OUTSIDE` for whatever is not below the workspace, also when nothing is there. */
export type DocumentFileFault = Fault<
  "DOCUMENT_OUTSIDE" | "DOCUMENT_MISSING" | "DOCUMENT_TOO_LARGE" | "DOCUMENT_UNREADABLE"
>;
