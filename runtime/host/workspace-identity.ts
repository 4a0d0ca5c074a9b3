import { createHash } from "node:crypto";
import { link, mkdir, open, readdir, readFile, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { errorCode, isNoRoom } from "#kernel/error-code.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { makeFolders } from "#kernel/make-folders.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

import type { Workspace } from "./workspace.ts";

export interface IdentifiedWorkspace extends Workspace {
  /** Whether this user's state knew nothing of the workspace until now. */
  readonly isNew: boolean;
}

export type IdentityFault = Fault<"HOST_STATE_UNREADABLE" | "HOST_STATE_READ_ONLY" | "HOST_STATE_DISK_FULL">;

/**
 * The workspace's random id, kept in this user's state against its real path, so that two folders
 * with one name never share evidence and a workspace cannot claim another's by what it contains.
 * Made where there is none yet.
 */
export const identifyWorkspace = async (
  folder: string,
  stateDirectory: string,
  newId: () => WorkspaceId,
): Promise<Result<IdentifiedWorkspace, IdentityFault>> => {
  const file = identityFile(folder, stateDirectory);
  try {
    await makeFolders(dirname(file), 0o700, { mkdir, stat, dirname });
    const known = await findIdentity(folder, stateDirectory);
    if (!known.ok) return known;
    if (known.value !== null) return ok({ ...known.value, isNew: false });
    const id = newId();
    const isNew = await createOnce(file, `${identityText(id, folder)}\n`, id);
    // Whoever was first wrote it whole; what stands there now is the identity for all.
    const made = await findIdentity(folder, stateDirectory);
    if (!made.ok) return made;
    return made.value === null ? damaged(folder, stateDirectory) : ok({ ...made.value, isNew });
  } catch (error) {
    return failed(writingFault(stateDirectory, errorCode(error)));
  }
};

/** The workspace as this user's state knows it, or null where it does not. Writes nothing. */
export const findIdentity = async (
  folder: string,
  stateDirectory: string,
): Promise<Result<Workspace | null, IdentityFault>> => {
  const file = identityFile(folder, stateDirectory);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = errorCode(error);
    return code === "ENOENT" ? ok(null) : failed(unreadable(file, code));
  }
  const reading = readJson(text);
  if (!reading.ok || !isJsonObject(reading.value)) return damaged(folder, stateDirectory);
  const id = ownValue(reading.value, "id");
  const path = ownValue(reading.value, "path");
  if (typeof id !== "string" || !isId<"workspace">(id) || path !== folder) {
    return damaged(folder, stateDirectory);
  }
  return ok({ id, folder });
};

const identityFile = (folder: string, stateDirectory: string): string => {
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 32);
  return join(stateDirectory, "workspaces", `${name}.json`);
};

const identityText = (id: string, folder: string): string => JSON.stringify({ v: 1, id, path: folder });

/** Makes a whole file appear under a name that nobody took yet; leaves an existing one alone and says false. */
const createOnce = async (file: string, text: string, unique: string): Promise<boolean> => {
  const draft = `${file}.${unique}`;
  try {
    {
      await using handle = await open(draft, "wx", 0o600);
      await handle.writeFile(text);
      await handle.sync();
    }
    await link(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return false;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
};

/**
 * Folders of ledgers in the user's state that hold a log and whose workspace is not known there:
 * what an identity that is gone leaves behind. Sorted.
 *
 * @param except a workspace whose identity is not to count as known.
 */
export const unclaimedLedgers = async (
  stateDirectory: string,
  except: string | null = null,
): Promise<readonly string[]> => {
  const known = await knownIds(stateDirectory, except === null ? null : identityFile(except, stateDirectory));
  const shelf = join(stateDirectory, "ledgers");
  const unclaimed: string[] = [];
  for (const id of (await namesIn(shelf)).toSorted()) {
    if (known.has(id)) continue;
    const ledger = join(shelf, id);
    if ((await namesIn(ledger)).some((name) => isId(name))) unclaimed.push(ledger);
  }
  return unclaimed;
};

const knownIds = async (stateDirectory: string, except: string | null): Promise<ReadonlySet<string>> => {
  const shelf = join(stateDirectory, "workspaces");
  const ids = new Set<string>();
  for (const file of (await namesIn(shelf)).map((name) => join(shelf, name))) {
    if (file === except) continue;
    const reading = readJson(await readFile(file, "utf8").catch(() => ""));
    const id = reading.ok && isJsonObject(reading.value) ? ownValue(reading.value, "id") : undefined;
    if (typeof id === "string") ids.add(id);
  }
  return ids;
};

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

/** How to give a workspace one of the unclaimed ledgers, of which there is at least one. */
export const reclaimingHelp = (
  folder: string,
  stateDirectory: string,
  unclaimed: readonly string[],
): string => {
  const [first = ""] = unclaimed;
  const isOne = unclaimed.length === 1;
  const ledger = isOne ? visibleText(first) : `${visibleText(dirname(first))}/<id>`;
  const text = visibleText(identityText(isOne ? basename(first) : "<id>", folder));
  const file = visibleText(identityFile(folder, stateDirectory));
  const whether = isOne ? "whether it is this workspace's; if so," : "which one is this workspace's, if any;";
  return `\`writ audit list --dir ${ledger}\` shows ${whether} write ${text} into \`${file}\``;
};

/** An identity that says nothing is not replaced by itself: ledger, key and consents hang on it. */
const damaged = async (folder: string, stateDirectory: string): Promise<Result<never, IdentityFault>> => {
  const file = visibleText(identityFile(folder, stateDirectory));
  const unclaimed = await unclaimedLedgers(stateDirectory, folder);
  const restore = "put it back from a backup of the state folder";
  const remove = "removing the file makes this a new workspace, with no consents and a ledger of its own";
  const help =
    unclaimed.length === 0
      ? `${restore}; ${remove}`
      : `${restore}; without one, ${reclaimingHelp(folder, stateDirectory, unclaimed)}; ${remove}`;
  return failed(
    fault("HOST_STATE_UNREADABLE", `the workspace's identity in \`${file}\` is damaged`, { help }),
  );
};

const unreadable = (file: string, code: string): IdentityFault =>
  fault(
    "HOST_STATE_UNREADABLE",
    `the workspace's identity in \`${visibleText(file)}\` cannot be read (${code})`,
    { help: "make the file readable for you, or set WRIT_STATE to another folder" },
  );

const writingFault = (stateDirectory: string, code: string): IdentityFault => {
  const shown = visibleText(stateDirectory);
  return isNoRoom(code)
    ? fault("HOST_STATE_DISK_FULL", `no space is left to write the state folder \`${shown}\` (${code})`, {
        help: "free some space and try again, or set WRIT_STATE to a folder on another disk",
      })
    : fault("HOST_STATE_READ_ONLY", `the state folder \`${shown}\` cannot be written (${code})`, {
        help: "make it writable, or set WRIT_STATE to a folder that is",
      });
};
