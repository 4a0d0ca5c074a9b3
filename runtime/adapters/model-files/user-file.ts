import { constants } from "node:fs";
import { open } from "node:fs/promises";

import { utf8Text } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";

/** Longest file that is read; nobody has that many endpoints or keys. */
export const USER_FILE_BYTES_MAX = 256 * 1024;

/** Other systems than POSIX have no mode bits; there the user profile protects the file. */
const HAS_MODES = process.platform !== "win32";

export interface UserFileRefusal {
  /** `exposed`: others could have written it, or for a secret read it. */
  readonly k: "exposed" | "unreadable";
  /** For people, behind the name of the file. */
  readonly why: string;
}

/**
 * The text of a file of this user, or null when there is none. A secret one has to be a file and no link,
 * of mode 0600 or less; any other one that nobody else can write.
 */
export const readUserFile = async (
  path: string,
  kind: "secret" | "settings",
): Promise<Result<string | null, UserFileRefusal>> => {
  const isSecret = kind === "secret";
  const flags =
    constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (isSecret ? (constants.O_NOFOLLOW ?? 0) : 0);
  try {
    await using file = await open(path, flags);
    const stats = await file.stat();
    if (!stats.isFile()) return failed({ k: "unreadable", why: "is no file" });
    // Settings may belong to the machine's administrator, as a managed home has it.
    const isForeign = stats.uid !== process.getuid?.() && (isSecret || stats.uid !== 0);
    if (HAS_MODES && ((stats.mode & (isSecret ? 0o077 : 0o022)) !== 0 || isForeign)) {
      return failed({ k: "exposed", why: isSecret ? "is open to others" : "can be written by others" });
    }
    const buffer = new Uint8Array(USER_FILE_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length > USER_FILE_BYTES_MAX) break;
    }
    if (length > USER_FILE_BYTES_MAX) {
      return failed({ k: "unreadable", why: `has more than ${USER_FILE_BYTES_MAX} bytes` });
    }
    const text = utf8Text(buffer.subarray(0, length));
    return text === undefined ? failed({ k: "unreadable", why: "is not UTF-8 text" }) : ok(text);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return ok(null);
    if (code === "ELOOP") return failed({ k: "exposed", why: "is a link" });
    return failed({ k: "unreadable", why: `cannot be read (${code})` });
  }
};
