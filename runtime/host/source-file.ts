import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";

import { errorCode } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

export type SourceFileFault = Fault<
  "HOST_NO_SUCH_FILE" | "HOST_NOT_A_FILE" | "HOST_FILE_TOO_LARGE" | "HOST_FILE_UNREADABLE"
>;

/** Longest agent file that is read at all; the language refuses shorter ones with a better message. */
export const SOURCE_BYTES_MAX = 16 * 1024 * 1024;

/** The bytes of a file that a user named, whatever that name turns out to be. Never throws. */
export const readSourceFile = async (path: string): Promise<Result<Uint8Array, SourceFileFault>> => {
  const shown = `\`${visibleText(path)}\``;
  try {
    // Looked at before it is opened: opening a pipe would wait for a writer that may never come.
    if (!(await stat(path)).isFile()) return failed(notAFile(shown));
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile()) return failed(notAFile(shown));
      if (found.size > SOURCE_BYTES_MAX) {
        return failed(
          fault(
            "HOST_FILE_TOO_LARGE",
            `${shown} has ${found.size} bytes, at most ${SOURCE_BYTES_MAX} are read`,
          ),
        );
      }
      const bytes = new Uint8Array(found.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return ok(bytes.subarray(0, filled));
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      return failed(fault("HOST_NO_SUCH_FILE", `${shown} does not exist`));
    }
    return failed(fault("HOST_FILE_UNREADABLE", `${shown} cannot be read (${code})`));
  }
};

const notAFile = (shown: string): SourceFileFault => fault("HOST_NOT_A_FILE", `${shown} is not a file`);
