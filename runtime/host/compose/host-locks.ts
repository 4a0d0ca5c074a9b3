import { dirname } from "node:path";
import { mkdir, stat } from "node:fs/promises";

import { systemClock } from "#adapters/clock/system-clock.ts";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { onlyHostLock } from "#adapters/host-socket/place-record.ts";
import { FOLDER_MODE } from "#adapters/host-socket/private-files.ts";
import { takeLock } from "#adapters/ledger-files/log-lock.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import { makeFolders } from "#kernel/make-folders.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

/** How long a host waits for a lock: for the client that started it, or for a host that is ending. */
const LOCK_MS_MAX = 10_000;
const LOCK_AGAIN_MS = 20;

type Lock = Readonly<{ release(): void }>;
type LockFault = Fault<"HOST_LOCK_REFUSED">;

/**
 * What a host holds while it lives: the lock of its meeting place, which clients look at, and that of the
 * workspace in the user's state folder. A user whose terminals have other variables has several places,
 * and a place can be taken away; the workspace has one host all the same.
 */
export class HostLocks {
  readonly place: HostPlace;
  private readonly only: string;
  private readonly held: Lock[] = [];

  constructor(
    place: HostPlace,
    {
      stateDirectory,
      workspace,
    }: { readonly stateDirectory: string; readonly workspace: { readonly id: WorkspaceId } },
  ) {
    this.place = place;
    this.only = onlyHostLock(stateDirectory, workspace.id);
  }

  /** "held" where another host has one of them and does not end within ten seconds. */
  async take(signal: AbortSignal): Promise<Result<"taken" | "held", LockFault>> {
    try {
      await makeFolders(dirname(this.only), FOLDER_MODE, { mkdir, stat, dirname });
    } catch (error) {
      return failed(refused(dirname(this.only), error));
    }
    for (const path of [this.place.lock, this.only]) {
      const lock = await takeHostLock(path, LOCK_MS_MAX, signal);
      if (!lock.ok) return lock;
      if (lock.value === "held") return ok("held");
      this.held.push(lock.value);
    }
    return ok("taken");
  }

  /** Holds the place's lock also where its file was taken away and is a new one, unless somebody else does already. */
  async takeAgain(signal: AbortSignal): Promise<void> {
    const lock = await takeHostLock(this.place.lock, 0, signal);
    if (lock.ok && lock.value !== "held") this.held.push(lock.value);
  }

  release(): void {
    for (const lock of this.held.splice(0)) lock.release();
  }
}

/** A lock that is waited for a while. */
export const takeHostLock = async (
  path: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Result<Lock | "held", LockFault>> => {
  const untilMs = systemClock.monotonicMs() + waitMs;
  try {
    for (;;) {
      const lock = await takeLock(path);
      if (lock !== "held" || systemClock.monotonicMs() >= untilMs) return ok(lock);
      await systemClock.sleep(LOCK_AGAIN_MS, signal);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return failed(refused(path, error));
  }
};

const refused = (path: string, error: unknown): LockFault => {
  const code = errorCode(error);
  // The database that a lock is has one code for all that may be wrong.
  const why = code === "ERR_SQLITE_ERROR" && error instanceof Error ? visibleText(error.message) : code;
  return fault("HOST_LOCK_REFUSED", `\`${visibleText(path)}\` cannot be locked (${why})`, {
    help:
      code === "NOT_A_LOCK"
        ? "it is no lock of writ: see who put it there, and remove it"
        : "its folder must be writable for this user, and its disk have room",
  });
};
