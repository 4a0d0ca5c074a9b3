import { open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { errorCode, isNoRoom } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

/** How every suite of ours begins. */
const MARK = "// Made by writ ";

export type SuiteFault = Fault<
  /** What lies there is somebody's. */
  | "CLI_NOT_OURS"
  /** An earlier suite lies there, and this one may not take its place. */
  | "CLI_SUITE_KEPT"
  /** A suite cannot be made at a path like that. */
  | "CLI_NO_PLACE"
  /** This machine refuses it. */
  | "CLI_UNWRITABLE"
>;

/**
 * Writes a suite, whole or not at all. A file that is there and was not made by us is somebody's work and stays as
 * it is; so does an earlier suite where `keptBecause` says why.
 */
export const writeSuite = async (
  path: string,
  text: string,
  keptBecause: string | null,
): Promise<Result<void, SuiteFault>> => {
  try {
    const beginning = await beginningOf(path);
    if (beginning === MARK && keptBecause !== null) {
      const message = `the suite at \`${visibleText(path)}\` was left as it is: ${keptBecause}`;
      return failed(
        fault("CLI_SUITE_KEPT", message, { help: "mend the document, or name another file with --out" }),
      );
    }
    if (beginning !== undefined && beginning !== "" && beginning !== MARK) {
      const message = `\`${visibleText(path)}\` is there already and was not made by writ`;
      return failed(fault("CLI_NOT_OURS", message, { help: "name another file with --out" }));
    }
    await replaceFile(path, text, beginning !== undefined);
    return ok(undefined);
  } catch (error) {
    return failed(unwritable(path, errorCode(error)));
  }
};

const unwritable = (path: string, code: string): SuiteFault => {
  const at = `\`${visibleText(path)}\``;
  switch (code) {
    case "ENOENT": {
      const folder = `\`${visibleText(dirname(path))}\``;
      return fault("CLI_NO_PLACE", `${at} cannot be written: there is no folder ${folder}`, {
        help: "make the folder, or name a file in another one with --out",
      });
    }
    case "ENOTDIR":
      return fault("CLI_NO_PLACE", `${at} cannot be written: a part of its path is a file and no folder`, {
        help: "name a file in a folder with --out",
      });
    case "EISDIR":
      return fault("CLI_NO_PLACE", `${at} is a folder, and a suite is one file`, {
        help: "name a file in it with --out, such as `api.test.ts`",
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return fault("CLI_UNWRITABLE", `${at} cannot be written: this user may not (${code})`, {
        help: "name a file with --out where this user may write",
      });
    default:
      return fault("CLI_UNWRITABLE", `${at} cannot be written (${code})`, {
        help: isNoRoom(code)
          ? "the disk is full: make room, or name a file on another one with --out"
          : "name another file with --out",
      });
  }
};

/**
 * A disk that fills up on the way leaves what was there before, and nothing beside it. A link keeps leading where
 * it led, and what is no file, such as a terminal, is written to as it is.
 */
const replaceFile = async (path: string, text: string, isThere: boolean): Promise<void> => {
  const target = isThere ? await realpath(path) : path;
  if (isThere && !(await stat(target)).isFile()) return writeFile(target, text);
  const beside = `${target}.${process.pid}.tmp`;
  try {
    // Never through a link that lies there, nor over what is somebody's.
    await writeFile(beside, text, { flag: "wx" });
    await rename(beside, target);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") await rm(beside, { force: true });
    throw error;
  }
};

/** Undefined where there is no such file. */
const beginningOf = async (path: string): Promise<string | undefined> => {
  try {
    const handle = await open(path, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(MARK.length), 0, MARK.length, 0);
      return buffer.toString("latin1", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
};
