import { access, lstat, opendir, unlink } from "node:fs/promises";
import { constants } from "node:fs";
import { join } from "node:path";
import { errorCode } from "#kernel/error-code.ts";
import type { LogId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { LedgerFault, LedgerStore, StoredFile } from "#ports/ledger.ts";
import { readAsideFile, readSegmentFile } from "#protocol/ledger-format.ts";
import type { OpenFile } from "./disk.ts";
import { FILE_MODE, makeFolder, openOnDisk, READ_FLAGS, readingFault, writingFault } from "./disk.ts";
import { createLogHold } from "./log-hold.ts";
import type { LogLock } from "./log-lock.ts";
import { isLockHeld, takeLock } from "./log-lock.ts";

/** Logs of one ledger, and files of one log, that are listed. */
const LOGS_MAX = 10_000;
const FILES_MAX = 100_000;

/** What a log's file may be called: no way up, no hidden file, at most the one folder of artefacts. */
const FILE = /^(?:artefacts\/)?[0-9a-f][0-9a-z.-]*$/;

/** A ledger in a folder, on the machine's own file system. `directory` is absolute. */
export const createLedgerFiles = (directory: string, open: OpenFile = openOnDisk): LedgerStore => {
  const folderOf = (log: LogId): string => {
    invariant(isId(log), "a log's name is a UUIDv7");
    return join(directory, log);
  };
  const pathOf = (log: LogId, file: string): string => {
    invariant(FILE.test(file), "a file of a log has a plain name");
    return join(folderOf(log), file);
  };
  const lockOf = (log: LogId): string => `${folderOf(log)}.lock`;

  return {
    async logs() {
      const found: LogId[] = [];
      try {
        for await (const entry of await opendir(directory)) {
          if (!entry.isDirectory() || !isId<"log">(entry.name)) continue;
          if (found.length >= LOGS_MAX) return failed(tooMany(directory, `${LOGS_MAX} logs`));
          found.push(entry.name);
        }
      } catch (error) {
        return errorCode(error) === "ENOENT" ? ok([]) : failed(readingFault(directory, error));
      }
      return ok(found.sort());
    },

    async acquire(log, { create }) {
      const folder = folderOf(log);
      let lock: LogLock | "held" | undefined;
      try {
        // A folder that can be found can be taken, so a new one appears only once its lock is held.
        if (create) await makeFolder(directory);
        else await access(folder, constants.W_OK);
        lock = await takeLock(lockOf(log));
        if (lock === "held") {
          return failed(fault("LEDGER_HELD", `another writer holds the log ${log}`, { retryable: true }));
        }
        if (create) await makeFolder(folder);
        await access(folder, constants.W_OK);
        return ok(createLogHold(folder, (file) => pathOf(log, file), lock, open));
      } catch (error) {
        if (lock !== "held") {
          // The lock of a log that does not begin would stay behind for ever; its id is ours alone.
          if (create && lock !== undefined && !(await isFolder(folder)))
            await unlink(lockOf(log)).catch(() => undefined);
          lock?.release();
        }
        return failed(await acquiringFault(directory, folder, error));
      }
    },

    async isHeld(log) {
      return isLockHeld(lockOf(log));
    },

    async read(log, file, offset, bytesMax) {
      return readStretch(open, pathOf(log, file), offset, bytesMax);
    },

    files: (log) => listFiles(folderOf(log)),
  };
};

/** One log in any folder, to read: a copy may lie under any name. */
export const createLogFolder = (
  folder: string,
): {
  readonly files: () => Promise<Result<readonly StoredFile[], LedgerFault>>;
  readonly read: (file: string, offset: number, bytesMax: number) => Promise<Result<Uint8Array, LedgerFault>>;
  readonly isHeld: () => boolean;
} => ({
  files: () => listFiles(folder),
  isHeld: () => isLockHeld(`${folder}.lock`),
  read: async (file, offset, bytesMax) => {
    invariant(FILE.test(file), "a file of a log has a plain name");
    return readStretch(openOnDisk, join(folder, file), offset, bytesMax);
  },
});

const readStretch = async (
  open: OpenFile,
  path: string,
  offset: number,
  bytesMax: number,
): Promise<Result<Uint8Array, LedgerFault>> => {
  try {
    await using handle = await open(path, READ_FLAGS, FILE_MODE);
    const { size } = await handle.stat();
    const buffer = new Uint8Array(Math.max(0, Math.min(bytesMax, size - offset)));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return ok(buffer.subarray(0, filled));
  } catch (error) {
    return errorCode(error) === "ENOENT" ? ok(new Uint8Array()) : failed(readingFault(path, error));
  }
};

const listFiles = async (folder: string): Promise<Result<readonly StoredFile[], LedgerFault>> => {
  const found: StoredFile[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      const named = readSegmentFile(entry.name) ?? readAsideFile(entry.name);
      if (named === undefined || !entry.isFile()) continue;
      if (found.length >= FILES_MAX) return failed(tooMany(folder, `${FILES_MAX} files`));
      found.push({ name: entry.name, sizeBytes: (await lstat(join(folder, entry.name))).size });
    }
  } catch (error) {
    return failed(readingFault(folder, error));
  }
  return ok(found.sort((left, right) => (left.name < right.name ? -1 : 1)));
};

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
};

const tooMany = (path: string, most: string): LedgerFault =>
  fault("LEDGER_TOO_LARGE", `\`${visibleText(path)}\` holds more than ${most}`);

/** SQLite names its own errors; whether the folder can be written at all says more to people. */
const acquiringFault = async (directory: string, folder: string, error: unknown): Promise<LedgerFault> => {
  const code = errorCode(error);
  if (code === "ENOENT") return readingFault(folder, error);
  if (code !== "ERR_SQLITE_ERROR" && code !== "NOT_A_LOCK") return writingFault(folder, error);
  try {
    await access(directory, constants.W_OK);
  } catch (denied) {
    return writingFault(directory, denied);
  }
  const lock = `the lock of \`${visibleText(folder)}\` cannot be taken`;
  if (code === "NOT_A_LOCK") {
    return fault("LEDGER_UNREADABLE", lock, {
      help: "the file beside the log's folder that ends in .lock is not a lock; remove it",
    });
  }
  const why = error instanceof Error ? error.message : code;
  return fault("LEDGER_UNREADABLE", `${lock}: ${visibleText(why)}`, {
    help: "see that the disk has room and is well, then start again; nothing that was recorded is lost",
  });
};
