import type { Stats } from "node:fs";
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { errorCode, isNoRoom } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { ConsentFault } from "#ports/consent-store.ts";

/** Other systems than POSIX have no mode bits; there the user profile protects the folder. */
const HAS_MODES = process.platform !== "win32";

/** Whether somebody else could have written it. */
export const isOthersToWrite = (stats: Stats): boolean =>
  HAS_MODES && ((stats.mode & 0o022) !== 0 || stats.uid !== process.getuid?.());

/** Whether a folder is there, and is this user's alone to write. */
export const checkFolder = async (path: string): Promise<Result<"present" | "absent", ConsentFault>> => {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory() && !isOthersToWrite(stats)) return ok("present");
    return failed(
      fault("CONSENT_EXPOSED", `\`${visibleText(path)}\` is not a folder that only this user can write`, {
        help: "remove it; you are asked again",
      }),
    );
  } catch (error) {
    return errorCode(error) === "ENOENT" ? ok("absent") : failed(readingFault(path, error));
  }
};

/** A new name is durable only when its folder is; Windows has no such call and needs none. */
export const syncFolder = async (path: string): Promise<void> => {
  if (!HAS_MODES) return;
  await using folder = await open(path, constants.O_RDONLY);
  await folder.sync();
};

export const readingFault = (path: string, error: unknown): ConsentFault => {
  const code = errorCode(error);
  return fault("CONSENT_UNREADABLE", `\`${visibleText(path)}\` cannot be read (${code})`, {
    help:
      code === "ENOTDIR"
        ? "something that is no folder stands where a folder above it should be; move it away, and you are asked again"
        : "make it readable for you; or move it away, and you are asked again",
  });
};

export const writingFault = (path: string, error: unknown): ConsentFault => {
  const code = errorCode(error);
  const what = `\`${visibleText(path)}\` cannot be written (${code})`;
  return isNoRoom(code)
    ? fault("CONSENT_DISK_FULL", what, { help: "free some space and try again" })
    : fault("CONSENT_READ_ONLY", what, {
        help: "consents live in the state directory, which this user must be able to write",
      });
};
