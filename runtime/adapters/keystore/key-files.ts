import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { constants } from "node:fs";
import { link, lstat, mkdir, open, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode, isNoRoom } from "#kernel/error-code.ts";
import { invariant } from "#kernel/invariant.ts";
import { makeFolders } from "#kernel/make-folders.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { KeyStore, KeyStoreFault } from "#ports/key-store.ts";
import { SECRET_BYTES_MAX } from "#ports/key-store.ts";

const NAME = /^[a-z0-9][a-z0-9.-]{0,99}$/;

/** Files of another system than POSIX have no mode bits; there the folder inherits the user profile's protection. */
const HAS_MODES = process.platform !== "win32";

/**
 * A key store of files: one secret each, mode 0600, in one folder of mode 0700 that belongs to this
 * user. A file or folder that others could open is refused, not repaired: the secret in it has to
 * count as known.
 *
 * @param directory absolute; made on the first `create`.
 */
export const createKeyFiles = (directory: string): KeyStore => {
  /** The folder's fault, or whether it is there. */
  const checkDirectory = async (): Promise<Result<boolean, KeyStoreFault>> => {
    try {
      const stats = await lstat(directory);
      if (!stats.isDirectory()) return failed(exposed(directory, "is not a folder"));
      const why = exposure(stats, "700");
      return why === null ? ok(true) : failed(exposed(directory, ...why));
    } catch (error) {
      return errorCode(error) === "ENOENT" ? ok(false) : failed(readingFault(directory, error));
    }
  };

  const makeDirectory = async (): Promise<Result<void, KeyStoreFault>> => {
    const found = await checkDirectory();
    if (!found.ok) return found;
    if (found.value) return ok(undefined);
    try {
      await makeFolders(directory, 0o700, { mkdir, stat, dirname });
      await syncDirectory(dirname(directory));
    } catch (error) {
      return failed(writingFault(directory, error));
    }
    const made = await checkDirectory();
    return made.ok ? ok(undefined) : made;
  };

  return {
    async read(name) {
      const path = pathOf(directory, name);
      const folder = await checkDirectory();
      if (!folder.ok) return folder;
      if (!folder.value) return ok(null);
      try {
        await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
        const stats = await file.stat();
        if (!stats.isFile()) return failed(exposed(path, "is not a file"));
        const why = exposure(stats, "600");
        if (why !== null) return failed(exposed(path, ...why));
        const buffer = new Uint8Array(SECRET_BYTES_MAX + 1);
        const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
        if (bytesRead > SECRET_BYTES_MAX) {
          return failed(fault("KEYSTORE_UNREADABLE", `\`${visibleText(path)}\` is too long for a secret`));
        }
        const secret = buffer.slice(0, bytesRead);
        buffer.fill(0);
        return ok(secret);
      } catch (error) {
        if (errorCode(error) === "ENOENT") return ok(null);
        if (errorCode(error) === "ELOOP") return failed(exposed(path, "is a link"));
        return failed(readingFault(path, error));
      }
    },

    async create(name, secret) {
      invariant(secret.length > 0 && secret.length <= SECRET_BYTES_MAX, "a secret has 1 to 4096 bytes");
      const path = pathOf(directory, name);
      const folder = await makeDirectory();
      if (!folder.ok) return folder;
      // Written under another name first: a crash leaves either no secret of this name or all of it.
      const temporary = join(directory, `.${randomUUID()}.new`);
      try {
        {
          await using file = await open(temporary, "wx", 0o600);
          await file.writeFile(secret);
          await file.sync();
        }
        await link(temporary, path);
        await syncDirectory(directory);
        return ok(undefined);
      } catch (error) {
        return failed(
          errorCode(error) === "EEXIST"
            ? fault("KEYSTORE_EXISTS", `a secret \`${name}\` exists already`)
            : writingFault(path, error),
        );
      } finally {
        // A second name of the same file; `destroy` empties the file whatever its names.
        await unlink(temporary).catch(() => undefined);
      }
    },

    async destroy(name) {
      const path = pathOf(directory, name);
      try {
        {
          await using file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
          const { size } = await file.stat();
          await file.write(new Uint8Array(Math.min(size, SECRET_BYTES_MAX)), 0, undefined, 0);
          await file.sync();
        }
        await unlink(path);
        await syncDirectory(directory);
        return ok(undefined);
      } catch (error) {
        return errorCode(error) === "ENOENT" ? ok(undefined) : failed(writingFault(path, error));
      }
    },
  };
};

const pathOf = (directory: string, name: string): string => {
  invariant(NAME.test(name), "a secret's name is lower-case letters, digits, `.` and `-`");
  return join(directory, name);
};

/** What is not as it should be, and the command that mends it; null where it is this user's alone. */
const exposure = (stats: Stats, mode: string): readonly [why: string, command: string] | null => {
  if (!HAS_MODES) return null;
  if (stats.uid !== process.getuid?.())
    return [`belongs to another user (${stats.uid})`, 'chown -R "$(id -u)"'];
  return (stats.mode & 0o077) === 0 ? null : ["is open to others", `chmod ${mode}`];
};

const exposed = (path: string, why: string, command?: string): KeyStoreFault =>
  fault("KEYSTORE_EXPOSED", `\`${visibleText(path)}\` ${why}, so its secrets count as known`, {
    help:
      command === undefined
        ? "remove it; new keys are made when they are needed"
        : `if nobody else used this machine meanwhile, \`${command}\` it; otherwise remove it and start with new keys`,
  });

const readingFault = (path: string, error: unknown): KeyStoreFault =>
  fault("KEYSTORE_UNREADABLE", `\`${visibleText(path)}\` cannot be read (${errorCode(error)})`, {
    help: "keys live in the state directory, which this user must be able to read",
  });

const writingFault = (path: string, error: unknown): KeyStoreFault => {
  const code = errorCode(error);
  if (isNoRoom(code)) {
    return fault("KEYSTORE_DISK_FULL", `no space is left to write \`${visibleText(path)}\` (${code})`, {
      help: "free some space and try again",
    });
  }
  switch (code) {
    case "EROFS":
    case "EACCES":
    case "EPERM":
    case "ELOOP":
      return fault("KEYSTORE_READ_ONLY", `\`${visibleText(path)}\` cannot be written (${code})`, {
        help: "keys live in the state directory, which this user must be able to write",
      });
    default:
      return readingFault(path, error);
  }
};

/** A new or removed name is durable only when its folder is; Windows has no such call and needs none. */
const syncDirectory = async (path: string): Promise<void> => {
  if (!HAS_MODES) return;
  await using folder = await open(path, constants.O_RDONLY);
  await folder.sync();
};
