import { constants } from "node:fs";
import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { makeFolders } from "#kernel/make-folders.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";

import type { HostPlace } from "./place.ts";
import { hostPlaceBelow } from "./place.ts";
import type { PrivateFileFault } from "./private-files.ts";
import { FILE_MODE, FOLDER_MODE, isOwn, unreadable } from "./private-files.ts";

/*
 * Where a workspace's host listens, kept in its user's state: terminals of one user can have other
 * variables, and with them another meeting place. Nothing is trusted for standing there: a client holds
 * the place to the same checks and proofs as its own.
 */

const RECORD_BYTES_MAX = 4_096;

const recordFile = (stateDirectory: string, workspace: WorkspaceId): string =>
  join(stateDirectory, "hosts", `${workspace}.json`);

/** The lock that the one host of a workspace holds, whichever its place is. */
export const onlyHostLock = (stateDirectory: string, workspace: WorkspaceId): string =>
  join(stateDirectory, "hosts", `${workspace}.lock`);

/** Replaces the record in one step. Only who holds the lock of a place names it. */
export const recordPlace = async (
  stateDirectory: string,
  workspace: WorkspaceId,
  { folders: [folder] }: Pick<HostPlace, "folders">,
): Promise<Result<void, PrivateFileFault>> => {
  const path = recordFile(stateDirectory, workspace);
  // Two hosts that begin at once, in two places, are two processes.
  const draft = `${path}.${process.pid}`;
  try {
    await makeFolders(dirname(path), FOLDER_MODE, { mkdir, stat, dirname });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const file = await open(draft, flags, FILE_MODE);
    try {
      await file.chmod(FILE_MODE);
      await file.writeFile(`${JSON.stringify({ v: 1, folder })}\n`);
    } finally {
      await file.close();
    }
    await rename(draft, path);
    return ok(undefined);
  } catch (error) {
    return failed(unreadable(path, errorCode(error)));
  }
};

/** The place that was recorded last; null where there is none that this user alone could have written. Somebody may be there or not. */
export const recordedPlace = async (
  stateDirectory: string,
  workspace: WorkspaceId,
): Promise<HostPlace | null> => {
  const text = await ownText(recordFile(stateDirectory, workspace));
  const read = readJson(text ?? "");
  if (!read.ok || !isJsonObject(read.value) || ownValue(read.value, "v") !== 1) return null;
  const folder = ownValue(read.value, "folder");
  if (typeof folder !== "string" || !isAbsolute(folder)) return null;
  const place = hostPlaceBelow(folder, workspace);
  return place.ok ? place.value : null;
};

const ownText = async (path: string): Promise<string | undefined> => {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile() || !isOwn(stats, FILE_MODE) || stats.size > RECORD_BYTES_MAX) return undefined;
    return utf8Text(await file.readFile());
  } catch {
    // Without a record there is one place to look at less, which is what a missing one means too.
    return undefined;
  }
};
