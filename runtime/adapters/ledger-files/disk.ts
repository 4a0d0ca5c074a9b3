import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { mkdir, open as openFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, isNoRoom } from "#kernel/error-code.ts";
import { makeFolders } from "#kernel/make-folders.ts";
import { fault } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { LedgerFault } from "#ports/ledger.ts";

/** What the adapter opens files with; a test puts a disk here that writes little or fails. */
export type OpenFile = (path: string, flags: number, mode: number) => Promise<FileHandle>;

export const openOnDisk: OpenFile = (path, flags, mode) => openFile(path, flags, mode);

/** Files and folders of a ledger are this user's alone. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Reads nothing but plain files: a link could lead elsewhere, a pipe would never end. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Writes all of it, in as many calls as the system takes. */
export const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  let offset = 0;
  while (offset < bytes.length) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset);
    if (bytesWritten === 0) throw new NothingWritten();
    offset += bytesWritten;
  }
};

/** A disk that takes nothing and reports nothing counts as full. */
class NothingWritten extends Error {
  readonly code = "ENOSPC";
}

/** A new, renamed or removed name is durable only when its folder is; Windows has no such call and needs none. */
export const syncFolder = async (path: string): Promise<void> => {
  if (process.platform === "win32") return;
  await using folder = await openFile(path, constants.O_RDONLY);
  await folder.sync();
};

/** Makes a folder with those above it, durably. */
export const makeFolder = async (path: string): Promise<void> => {
  const made = await makeFolders(path, FOLDER_MODE, { mkdir, stat, dirname });
  if (made) await syncFolder(dirname(path));
};

export const readingFault = (path: string, error: unknown): LedgerFault =>
  fault("LEDGER_UNREADABLE", `\`${visibleText(path)}\` cannot be read (${visibleText(errorCode(error))})`);

export const writingFault = (path: string, error: unknown): LedgerFault => {
  const code = errorCode(error);
  if (isNoRoom(code)) {
    return fault("LEDGER_DISK_FULL", `no space is left to write \`${visibleText(path)}\` (${code})`, {
      help: "free some space and start again; nothing that was recorded is lost",
    });
  }
  switch (code) {
    case "EROFS":
    case "EACCES":
    case "EPERM":
    case "ELOOP":
      return fault("LEDGER_READ_ONLY", `\`${visibleText(path)}\` cannot be written (${code})`, {
        help: "the ledger's folder must be writable for this user; --dir names another place",
      });
    default:
      return fault("LEDGER_UNREADABLE", `writing \`${visibleText(path)}\` failed (${visibleText(code)})`, {
        help: "look after the disk, then start again; nothing that was recorded is lost",
      });
  }
};
