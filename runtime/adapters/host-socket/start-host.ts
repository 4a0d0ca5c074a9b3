import { spawn } from "node:child_process";
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from "node:fs";

import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";

import type { HostPlace } from "./place.ts";
import type { PrivateFileFault } from "./private-files.ts";
import { FILE_MODE, unreadable } from "./private-files.ts";

/** What of the surroundings a host is given: where things lie and how they are called, no keys. */
const NAMES: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "LANG",
  "TMPDIR",
  "DOCKER_HOST",
  "SYMBI_AUDIT_STORAGE",
]);
const PREFIXES = ["XDG_", "WRIT_"] as const;
/** A host outlives whoever started it: keys, and where models are, it reads from its user's files. */
const KEPT_BACK = /KEY|TOKEN|SECRET|PASSWORD|^WRIT_MODEL_/;

export const hostVariables = (
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value !== undefined && isGiven(name) ? [[name, value]] : [],
    ),
  );

const isGiven = (name: string): boolean =>
  NAMES.has(name) || (PREFIXES.some((prefix) => name.startsWith(prefix)) && !KEPT_BACK.test(name));

/** Above this many bytes a host's log begins anew with the next host. */
const LOG_BYTES_MAX = 256 * 1024;
/** A host that cannot start says why in two lines. */
const SAID_BYTES_MAX = 4 * 1024;

export interface StartHost {
  /** The program and its words. */
  readonly command: readonly [string, ...string[]];
  /** Absolute. */
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export interface StartedHost {
  /** Resolves with the exit code when the process is gone, or null where a signal ended it. Keeps nobody alive. */
  readonly exited: Promise<number | null>;
  /** What it has written into its log, at most `SAID_BYTES_MAX` of it; empty where the log cannot be read. */
  readonly said: () => string;
}

/**
 * Starts a host that outlives this process: in a session of its own, so that no closed terminal
 * reaches it, with nothing of ours open but its log.
 */
export const startHost = (
  place: HostPlace,
  start: StartHost,
): Promise<Result<StartedHost, PrivateFileFault>> =>
  new Promise((resolve) => {
    let log: number;
    let saidBefore: number;
    try {
      log = openLog(place.log);
      saidBefore = fstatSync(log).size;
    } catch (error) {
      resolve(failed(unreadable(place.log, errorCode(error))));
      return;
    }
    const [program, ...words] = start.command;
    const child = spawn(program, words, {
      cwd: start.cwd,
      env: hostVariables(start.variables),
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.once("error", (error) => resolve(failed(unreadable(program, errorCode(error)))));
    const exited = new Promise<number | null>((tell) => child.once("exit", (code) => tell(code)));
    child.once("spawn", () => resolve(ok({ exited, said: () => readLog(place.log, saidBefore) })));
    child.unref();
  });

const openLog = (path: string): number => {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  const log = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
  if (fstatSync(log).size > LOG_BYTES_MAX) ftruncateSync(log);
  return log;
};

const readLog = (path: string, offset: number): string => {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let log: number | undefined;
  try {
    log = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const bytes = new Uint8Array(SAID_BYTES_MAX);
    return new TextDecoder().decode(bytes.subarray(0, readSync(log, bytes, 0, bytes.length, offset)));
  } catch {
    // Whoever asks has a fault to tell, of which this would only be the reason.
    return "";
  } finally {
    if (log !== undefined) closeSync(log);
  }
};
