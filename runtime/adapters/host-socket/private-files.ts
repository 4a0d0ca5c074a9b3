import type { Stats } from "node:fs";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { chmod, lstat, mkdir, open, rename, unlink } from "node:fs/promises";

import { toHex, utf8, utf8Text } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { proofBytes } from "#protocol/host-proof.ts";

import type { HostPlace } from "./place.ts";

export type PrivateFileFault = Fault<
  /** Somebody else could have put it there. */
  | "SOCKET_EXPOSED"
  /** There is no such file or folder: nobody has met here yet. */
  | "SOCKET_NO_HOST"
  | "SOCKET_UNREADABLE"
>;

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Makes the folders where they are missing. Whatever stands there must be this user's alone. */
export const makeFolders = async (place: HostPlace): Promise<Result<void, PrivateFileFault>> => {
  for (const folder of place.folders) {
    try {
      await mkdir(folder, { mode: FOLDER_MODE });
      // What the process masks must not make it narrower than we can use.
      await chmod(folder, FOLDER_MODE);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") return failed(unreadable(folder, errorCode(error)));
    }
  }
  return checkFolders(place);
};

/** Whether the folders are no links, and this user's alone. */
export const checkFolders = async (place: HostPlace): Promise<Result<void, PrivateFileFault>> => {
  for (const folder of place.folders) {
    const checked = await checkOwn(folder, FOLDER_MODE, (stats) => stats.isDirectory());
    if (!checked.ok) return checked;
  }
  return ok(undefined);
};

/** Whether the socket is one, and this user's alone. */
export const checkSocket = (place: HostPlace): Promise<Result<void, PrivateFileFault>> =>
  checkOwn(place.socket, FILE_MODE, (stats) => stats.isSocket());

/** 32 bytes in hexadecimal and a line feed, with a byte more to see what is longer. */
const TOKEN_FILE_BYTES_MAX = 66;

/** The token, from a file that is this user's alone. In one step, because the opening compares it at once. */
export const readToken = (place: HostPlace): Result<Uint8Array, PrivateFileFault> => {
  const { token: path } = place;
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!isOwn(stats, FILE_MODE) || !stats.isFile()) return failed(exposed(path));
      const bytes = new Uint8Array(TOKEN_FILE_BYTES_MAX);
      const text = utf8Text(bytes.subarray(0, readSync(file, bytes))) ?? "";
      const token = text.endsWith("\n") ? proofBytes(text.slice(0, -1)) : undefined;
      return token === undefined ? failed(unreadable(path, "it is no token")) : ok(token);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return failed(refusal(path, errorCode(error)));
  }
};

/** Replaces the token in one step: nobody ever reads half of one. */
export const writeToken = async (
  place: HostPlace,
  token: Uint8Array,
): Promise<Result<void, PrivateFileFault>> => {
  const draft = `${place.token}.new`;
  try {
    // Only who holds the host's lock writes here, so what stands there is a dead host's.
    await unlink(draft).catch(() => undefined);
    const file = await open(draft, "wx", FILE_MODE);
    try {
      await file.chmod(FILE_MODE);
      await file.writeFile(utf8(`${toHex(token)}\n`));
    } finally {
      await file.close();
    }
    await rename(draft, place.token);
    return ok(undefined);
  } catch (error) {
    return failed(unreadable(place.token, errorCode(error)));
  }
};

const checkOwn = async (
  path: string,
  mode: number,
  isOfKind: (stats: Stats) => boolean,
): Promise<Result<void, PrivateFileFault>> => {
  try {
    const stats = await lstat(path);
    return isOfKind(stats) && isOwn(stats, mode) ? ok(undefined) : failed(exposed(path));
  } catch (error) {
    return failed(refusal(path, errorCode(error)));
  }
};

export const PERMISSIONS = 0o777;

export const isOwn = (stats: Stats, mode: number): boolean =>
  (stats.mode & PERMISSIONS) === mode && stats.uid === process.getuid?.();

const refusal = (path: string, code: string): PrivateFileFault => {
  if (code === "ENOENT") return fault("SOCKET_NO_HOST", "no host of this workspace is running");
  return code === "ELOOP" ? exposed(path) : unreadable(path, code);
};

const exposed = (path: string): PrivateFileFault =>
  fault("SOCKET_EXPOSED", `\`${visibleText(path)}\` is a link, or not this user's alone`, {
    help: "see who put it there; then remove it, or where that is not yours to do, as in /tmp, set XDG_RUNTIME_DIR (on Linux) or TMPDIR to a folder that is yours alone",
  });

export const unreadable = (path: string, why: string): PrivateFileFault =>
  fault("SOCKET_UNREADABLE", `\`${visibleText(path)}\` cannot be used (${why})`, {
    help: "the folder for sockets must be one that this user can write: XDG_RUNTIME_DIR on Linux, else TMPDIR",
  });
