import { lstatSync } from "node:fs";
import { chmod } from "node:fs/promises";
import type * as sqlite from "node:sqlite";
import { FILE_MODE } from "./disk.ts";

/*
 * A lock that dies with its process. Node offers no flock, and a file that says "mine" outlives a
 * killed owner. SQLite takes POSIX record locks (LockFileEx on Windows) on the file of a database,
 * which the system drops when the process ends however it ends, and knows the locks of its own
 * process besides. So the lock is an exclusive transaction, never committed, on an empty database.
 *
 * POSIX drops a process's locks on a file as soon as the process closes any descriptor of it.
 * Nothing else may open the lock's file, which is why it stands beside the log's folder and not
 * in it, where somebody copies or reads everything.
 */

export interface LogLock {
  release(): void;
}

/**
 * The lock, or "held" while a living process, this one included, has it. Throws what SQLite throws,
 * and `NOT_A_LOCK` where something else than the file of a lock stands.
 */
export const takeLock = async (path: string): Promise<LogLock | "held"> => {
  if (standsAt(path) === "other") throw new NotALock();
  const { DatabaseSync } = loadSqlite();
  const database = new DatabaseSync(path);
  try {
    // No transaction ever writes, so a rollback journal would only be a stray file.
    database.exec("PRAGMA journal_mode = OFF; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    await chmod(path, FILE_MODE);
  } catch (error) {
    database.close();
    if (isBusy(error)) return "held";
    throw isSqlite(error, SQLITE_NOT_A_DATABASE) ? new NotALock() : error;
  }
  return {
    release: () => {
      if (database.isOpen) database.close();
    },
  };
};

/** Whether a living process has the lock. A path that is no lock, or cannot be opened, is not held. */
export const isLockHeld = (path: string): boolean => {
  let database: sqlite.DatabaseSync | undefined;
  try {
    if (standsAt(path) !== "file") return false;
    const { DatabaseSync } = loadSqlite();
    // Reading asks for a shared lock only, so looking never stands in a writer's way for long.
    database = new DatabaseSync(path, { readOnly: true });
    database.exec("PRAGMA busy_timeout = 0; SELECT count(*) FROM sqlite_schema");
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    database?.close();
  }
};

/** What SQLite would open: at a pipe it would wait for ever, behind a link it would lock another's file. */
const standsAt = (path: string): "file" | "nothing" | "other" => {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "nothing";
  return stats.isFile() ? "file" : "other";
};

class NotALock extends Error {
  readonly code = "NOT_A_LOCK";
}

const SQLITE_BUSY = 5;

const SQLITE_NOT_A_DATABASE = 26;

const isSqlite = (error: unknown, code: number): boolean =>
  typeof error === "object" && error !== null && "errcode" in error && error.errcode === code;

const isBusy = (error: unknown): boolean => isSqlite(error, SQLITE_BUSY);

let loaded: typeof sqlite | undefined;

/**
 * Loaded when first needed: reading a ledger needs no lock, and commands should start fast. Node 22
 * warns once that the module is experimental; only this one warning is kept from people.
 */
const loadSqlite = (): typeof sqlite => {
  if (loaded !== undefined) return loaded;
  const emit = process.emitWarning.bind(process) as (...warning: readonly unknown[]) => void;
  process.emitWarning = (...warning: readonly unknown[]) => {
    if (!String(warning[0]).startsWith("SQLite is an experimental feature")) emit(...warning);
  };
  try {
    const found: typeof sqlite | undefined = process.getBuiltinModule("node:sqlite");
    if (found === undefined) throw new NoSqlite();
    loaded = found;
    return found;
  } finally {
    process.emitWarning = emit;
  }
};

/** A Node older than the one that this package asks for. */
class NoSqlite extends Error {
  readonly code = "ERR_UNKNOWN_BUILTIN_MODULE";
}
