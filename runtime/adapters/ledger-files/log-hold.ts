import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { LedgerFault, LogHold } from "#ports/ledger.ts";
import type { OpenFile } from "./disk.ts";
import { FILE_MODE, makeFolder, READ_FLAGS, syncFolder, writeAll, writingFault } from "./disk.ts";
import type { LogLock } from "./log-lock.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Files kept open for appending: lines and content of the segment at hand. */
const OPEN_FILES_MAX = 2;

/** Bytes copied at a time when a tail is set aside. */
const COPY_BYTES = 1024 * 1024;

/** A held log in `folder`; the caller has the lock and has made the folder. */
export const createLogHold = (
  folder: string,
  pathOf: (file: string) => string,
  lock: LogLock,
  open: OpenFile,
): LogHold => {
  const openFiles = new Map<string, FileHandle>();
  /** What is being created, and not durable yet, by its name. */
  const creating = new Map<string, Promise<Result<void, LedgerFault>>>();
  const syncNames = createSharedSync();
  let temporaries = 0;
  let released = false;

  const appending = async (file: string): Promise<FileHandle> => {
    const found = openFiles.get(file);
    if (found !== undefined) return found;
    for (const [oldest, handle] of openFiles) {
      if (openFiles.size < OPEN_FILES_MAX) break;
      openFiles.delete(oldest);
      await handle.close();
    }
    const path = pathOf(file);
    const handle = await openOrCreate(open, path, folder);
    openFiles.set(file, handle);
    return handle;
  };

  const writing = async (file: string, write: () => Promise<void>): Promise<Result<void, LedgerFault>> => {
    if (released) return failed(fault("LEDGER_CLOSED", "the log was released"));
    try {
      await write();
      return ok(undefined);
    } catch (error) {
      return failed(writingFault(pathOf(file), error));
    }
  };

  return {
    append: (file, bytes) =>
      writing(file, async () => {
        const handle = await appending(file);
        await writeAll(handle, bytes);
        await handle.datasync();
      }),

    create(file, bytes) {
      const under = creating.get(file);
      if (under !== undefined) return under;
      const created = writing(file, async () => {
        const path = pathOf(file);
        if (await exists(path)) return;
        await makeFolder(dirname(path));
        temporaries += 1;
        const temporary = join(dirname(path), `.${temporaries}.new`);
        try {
          {
            await using handle = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
            await writeAll(handle, bytes);
            await handle.sync();
          }
          await rename(temporary, path);
        } catch (error) {
          // On a full disk what was begun would take the room that the next attempt needs.
          await unlink(temporary).catch(() => undefined);
          throw error;
        }
        await syncNames(dirname(path));
      }).finally(() => creating.delete(file));
      creating.set(file, created);
      return created;
    },

    setAside: (file, keepBytes, asideName) =>
      writing(file, async () => {
        const handle = openFiles.get(file);
        openFiles.delete(file);
        await handle?.close();
        await copyRest(open, pathOf(file), keepBytes, pathOf(asideName));
        await syncFolder(folder);
        await using cut = await open(pathOf(file), O_WRONLY | O_NOFOLLOW, FILE_MODE);
        await cut.truncate(keepBytes);
        await cut.sync();
      }),

    async release() {
      if (released) return;
      released = true;
      for (const handle of openFiles.values()) await handle.close().catch(() => undefined);
      openFiles.clear();
      lock.release();
    },
  };
};

/** Syncs folders. Who asks while a folder is being synced shares the next time with all who do. */
const createSharedSync = (): ((path: string) => Promise<void>) => {
  const next = new Map<string, Promise<void>>();
  const last = new Map<string, Promise<void>>();
  return (path) => {
    const shared = next.get(path);
    if (shared !== undefined) return shared;
    const sync = async (): Promise<void> => {
      next.delete(path);
      await syncFolder(path);
    };
    const begun = (last.get(path) ?? Promise.resolve()).then(sync, sync);
    next.set(path, begun);
    last.set(path, begun);
    return begun;
  };
};

const openOrCreate = async (open: OpenFile, path: string, folder: string): Promise<FileHandle> => {
  const flags = O_WRONLY | O_APPEND | O_NOFOLLOW;
  try {
    const created = await open(path, flags | O_CREAT | O_EXCL, FILE_MODE);
    await syncFolder(folder);
    return created;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return open(path, flags, FILE_MODE);
  }
};

const copyRest = async (open: OpenFile, from: string, offset: number, to: string): Promise<void> => {
  await using source = await open(from, READ_FLAGS, FILE_MODE);
  await using target = await open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  const buffer = new Uint8Array(COPY_BYTES);
  for (let position = offset; ;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) break;
    await writeAll(target, buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  await target.sync();
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
};
