import type { Stats } from "node:fs";
import { link, lstat, mkdir, open, readdir, rename, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

import { errorCode } from "#kernel/error-code.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { CallId } from "#kernel/ids.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { SNAPSHOT_BYTES_MAX } from "#ports/workspace-files.ts";
import type { WorkspaceFault } from "#ports/workspace-files.ts";
import { foldersAbove } from "#sandbox/file-set.ts";
import type { RunFilePath } from "#sandbox/run-file-path.ts";

import { readFault, writeFault } from "./disk-fault.ts";
import { readRegularFile, standingAt } from "./regular-file.ts";
import { temporaryName } from "./temporary-name.ts";

/** The calls that put a file in place, so that a test can have each of them fail. */
export interface Disk {
  readonly mkdir: (path: string) => Promise<unknown>;
  readonly open: typeof open;
  readonly link: typeof link;
  readonly rename: typeof rename;
}

export const realDisk: Disk = { mkdir: (path) => mkdir(path), open, link, rename };

export interface Publication {
  /** Real path of the workspace. */
  readonly root: string;
  readonly path: RunFilePath;
  readonly bytes: Uint8Array;
  /** Digest of what must stand there; null for nothing. */
  readonly base: Sha256 | null;
  /** Names what is written beside the place. */
  readonly call: CallId;
  readonly digest: (bytes: Uint8Array) => Sha256;
}

/**
 * Puts one file in place. Nothing but real folders leads to it, nothing but a file stands there, and
 * that file is the one it was prepared against; then the new content is written beside it, made
 * durable, all of that is looked at once more, and the file is renamed into its place.
 */
export const publishFile = async (
  publication: Publication,
  disk: Disk,
): Promise<Result<void, WorkspaceFault>> => {
  if (publication.bytes.length > SNAPSHOT_BYTES_MAX) {
    const why = `the file has ${publication.bytes.length} bytes, at most ${SNAPSHOT_BYTES_MAX} are published`;
    return failed(fault("WORKSPACE_TOO_LARGE", why));
  }
  const objection = await objectionTo(publication).catch(readFault);
  if (objection !== null) return failed(objection);
  const made: string[] = [];
  const put = await putInFolders(publication, disk, made);
  // A folder that someone has put a file into meanwhile stays.
  if (!put.ok) for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
  return put;
};

/** @param made gets the folders that were made, the outermost first, also where one could not be. */
const putInFolders = async (
  publication: Publication,
  disk: Disk,
  made: string[],
): Promise<Result<void, WorkspaceFault>> => {
  try {
    await makeFolders(publication, disk, made);
    return await putInPlace(publication, disk);
  } catch (error) {
    // Only a new file is put where nothing may stand.
    return failed(
      errorCode(error) === "EEXIST"
        ? changed(publication.path, "has come into being meanwhile")
        : writeFault(error),
    );
  }
};

const putInPlace = async (publication: Publication, disk: Disk): Promise<Result<void, WorkspaceFault>> => {
  const target = join(publication.root, publication.path);
  const temporary = join(dirname(target), temporaryName(publication.call));
  try {
    const like = publication.base === null ? null : await lstat(target);
    await writeDurably(disk, temporary, publication.bytes, like);
    const objection = await objectionTo(publication).catch(readFault);
    if (objection !== null) return failed(objection);
    await (publication.base === null ? putNew(disk, temporary, target) : disk.rename(temporary, target));
    await syncFolder(dirname(target));
    return ok(undefined);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
};

/** @param like the file that will be replaced, whose permissions and owner the new one gets. */
const writeDurably = async (
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  like: Stats | null,
): Promise<void> => {
  const file = await disk.open(path, "wx", like === null ? 0o666 : 0o600);
  try {
    await file.writeFile(bytes);
    if (like !== null) {
      // Where the owner cannot be kept the file is the writer's own, as after any editor's save.
      await file.chown(like.uid, like.gid).catch(() => undefined);
      // What makes a program run as somebody else was given to the old content, not to this.
      await file.chmod(like.mode & 0o777);
    }
    await file.sync();
  } finally {
    await file.close();
  }
};

/** What file systems without hard links answer. */
const NO_LINKS: readonly string[] = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK"];

/** A link fails where something stands already; a rename would replace it. */
const putNew = async (disk: Disk, temporary: string, target: string): Promise<void> => {
  try {
    await disk.link(temporary, target);
  } catch (error) {
    if (!NO_LINKS.includes(errorCode(error))) throw error;
    await disk.rename(temporary, target);
  }
};

/** The file is in place by now; a folder that cannot be synchronised does not take it back. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, "r").catch(() => null);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
};

/** Makes the folders that a new file needs. */
const makeFolders = async ({ root, path, base }: Publication, disk: Disk, made: string[]): Promise<void> => {
  if (base !== null) return;
  for (const folder of foldersAbove(path)) {
    const full = join(root, folder);
    try {
      await disk.mkdir(full);
      made.push(full);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
};

/** Why the file cannot be put there as things stand, or null. Rejects when the disk cannot be read. */
const objectionTo = async ({ root, path, base, digest }: Publication): Promise<WorkspaceFault | null> => {
  const namesake = await namesakeOf(root, path);
  if (namesake !== null) {
    const why = `\`${visibleText(namesake)}\` is there already, which some file systems take for the same name`;
    return fault("WORKSPACE_BAD_PATH", `\`${visibleText(path)}\` cannot be published: ${why}`);
  }
  const standing = await standingAt(root, path);
  switch (standing.k) {
    case "other":
      return fault("WORKSPACE_BAD_PATH", `\`${visibleText(path)}\` cannot be published: ${standing.why}`);
    case "nothing":
      return base === null ? null : changed(path, "is not there any more");
    case "file": {
      if (base === null) return changed(path, "is there already, and the run did not start from it");
      const bytes = await readRegularFile(join(root, path), SNAPSHOT_BYTES_MAX);
      return bytes !== null && digest(bytes) === base
        ? null
        : changed(path, "has been changed since the run began");
    }
  }
};

/**
 * A name beside one of the path's parts that differs from it in case or Unicode form only, with the
 * part's folder; null where there is none. What is there under exactly the part's name is no doubt meant.
 */
const namesakeOf = async (root: string, path: string): Promise<string | null> => {
  for (const at of [...foldersAbove(path), path]) {
    const folder = dirname(at);
    const part = folder === "." ? at : at.slice(folder.length + 1);
    const names = await namesIn(join(root, folder));
    if (names.includes(part)) continue;
    const alike = names.find((name) => folded(name) === folded(part));
    if (alike !== undefined) return folder === "." ? alike : `${folder}/${alike}`;
  }
  return null;
};

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
};

/** Equal for names that a file system which ignores case or Unicode form takes for one. */
const folded = (name: string): string => name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");

const changed = (path: string, how: string): WorkspaceFault =>
  fault("WORKSPACE_CHANGED", `\`${visibleText(path)}\` ${how}`, {
    help: "look at the file as it is now; a new run starts from it",
  });
