import { open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";

import { errorCode } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

/** How every suite of ours begins. */
const MARK = "// Made by writ ";

/** Writes a suite, whole or not at all. A file that is there and was not made by us is somebody's work and stays as it is. */
export const writeSuite = async (
  path: string,
  text: string,
): Promise<Result<void, Fault<"CLI_NOT_OURS" | "CLI_UNWRITABLE">>> => {
  try {
    const beginning = await beginningOf(path);
    if (beginning !== undefined && beginning !== "" && beginning !== MARK) {
      const message = `\`${visibleText(path)}\` is there already and was not made by writ`;
      return failed(fault("CLI_NOT_OURS", message, { help: "name another file with --out" }));
    }
    await replaceFile(path, text, beginning !== undefined);
    return ok(undefined);
  } catch (error) {
    return failed(
      fault("CLI_UNWRITABLE", `\`${visibleText(path)}\` cannot be written (${errorCode(error)})`),
    );
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
