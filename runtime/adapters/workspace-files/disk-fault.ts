import { errorCode, isNoRoom } from "#kernel/error-code.ts";
import { fault } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { WorkspaceFault } from "#ports/workspace-files.ts";

const FORBIDDEN: readonly string[] = ["EACCES", "EPERM", "EROFS", "ETXTBSY"];

/** Why a file could not be written. The message holds no path: whoever shows it knows which. */
export const writeFault = (error: unknown): WorkspaceFault => {
  const code = errorCode(error);
  if (isNoRoom(code)) {
    return fault("WORKSPACE_DISK_FULL", `the workspace's disk has no room for the file (${code})`, {
      help: "make room, then publish again; the file is as it was",
    });
  }
  if (FORBIDDEN.includes(code)) {
    return fault("WORKSPACE_READ_ONLY", `the workspace does not let this file be written (${code})`, {
      help: "change the permissions of the file or its folder; the file is as it was",
    });
  }
  return fault("WORKSPACE_UNREADABLE", `the workspace's disk failed (${code})`, { retryable: true });
};

export const readFault = (error: unknown): WorkspaceFault =>
  fault("WORKSPACE_UNREADABLE", `the workspace cannot be read (${errorCode(error)})`, {
    help: "see that its folder is there and that this user may list and read it",
  });

/** Why one file of the workspace could not be looked at. */
export const fileReadFault = (path: string, error: unknown): WorkspaceFault =>
  fault(
    "WORKSPACE_UNREADABLE",
    `\`${visibleText(path)}\` of the workspace cannot be read (${errorCode(error)})`,
    { help: "see that this user may read the file" },
  );

/** Beyond what a run may begin with, for a reason that names what to leave out. */
export const tooLarge = (why: string): WorkspaceFault =>
  fault("WORKSPACE_TOO_LARGE", `the workspace is too large for a run: ${why}`, {
    help: "open a smaller folder, or have git ignore what a run does not need",
  });
