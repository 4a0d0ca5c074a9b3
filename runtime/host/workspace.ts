import { createHash } from "node:crypto";
import { link, lstat, mkdir, open, readdir, readFile, realpath, unlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

import { isId } from "#kernel/ids.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

import { errorCode } from "#kernel/error-code.ts";

/** A folder whose agents, policies and evidence belong together. */
export interface Workspace {
  readonly id: WorkspaceId;
  /** Absolute, without links. */
  readonly folder: string;
}

export type WorkspaceLocationFault = Fault<
  "HOST_NO_WORKSPACE" | "HOST_STATE_UNREADABLE" | "HOST_STATE_READ_ONLY"
>;

/** What marks a folder as a workspace, nearest ancestor first. */
const MARKS = ["writ.toml", "policies", ".git"] as const;

/** Folders above a file that are looked at. */
const ANCESTORS_MAX = 64;

/**
 * The folder of the workspace that `file` belongs to: `chosen` if given, else the nearest ancestor
 * with a mark, else the file's own folder: nothing wider than what somebody marked is ever copied
 * into a sandbox.
 */
export const findWorkspace = async (
  file: string,
  chosen: string | null,
): Promise<Result<string, WorkspaceLocationFault>> => {
  try {
    if (chosen !== null) return ok(await realpath(chosen));
    const own = dirname(await realpath(file));
    return ok((await markedAbove(own)) ?? own);
  } catch {
    return failed(noWorkspace(chosen ?? dirname(file)));
  }
};

/** The folder of the workspace that somebody stands in. */
export const findWorkspaceOfFolder = async (
  folder: string,
): Promise<Result<string, WorkspaceLocationFault>> => {
  try {
    const here = await realpath(folder);
    return ok((await markedAbove(here)) ?? here);
  } catch {
    return failed(noWorkspace(folder));
  }
};

/** The nearest folder with a mark, from `start` upwards, or null. */
const markedAbove = async (start: string): Promise<string | null> => {
  let folder = start;
  for (let step = 0; step < ANCESTORS_MAX; step += 1) {
    for (const mark of MARKS) if (await exists(join(folder, mark))) return folder;
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
  return null;
};

const noWorkspace = (folder: string): WorkspaceLocationFault =>
  fault("HOST_NO_WORKSPACE", `the workspace \`${visibleText(folder)}\` cannot be opened`, {
    help: "name an existing folder with --workspace",
  });

/** The path of a file below the workspace with `/` between parts in Unicode NFC, or null when it lies outside. */
export const workspacePath = async (folder: string, file: string): Promise<string | null> => {
  const path = relative(folder, await realpath(file));
  if (path === "" || path === ".." || path.startsWith(`..${sep}`)) return null;
  const parts = path.split(sep);
  return parts.includes("..") || path.startsWith(sep) ? null : parts.join("/").normalize("NFC");
};

/**
 * The workspace's random id, kept in this user's state against its real path, so that two folders
 * with one name never share evidence and a workspace cannot claim another's by what it contains.
 */
export const identifyWorkspace = async (
  folder: string,
  stateDirectory: string,
  newId: () => WorkspaceId,
): Promise<Result<Workspace, WorkspaceLocationFault>> => {
  const shelf = join(stateDirectory, "workspaces");
  const file = join(shelf, `${createHash("sha256").update(folder).digest("hex").slice(0, 32)}.json`);
  try {
    await mkdir(shelf, { recursive: true, mode: 0o700 });
    const known = await readIdentity(file, folder);
    if (known !== undefined) return known;
    const id = newId();
    await createOnce(file, `${JSON.stringify({ v: 1, id, path: folder })}\n`, id);
    // Whoever was first wrote it whole; what stands there now is the identity for all.
    return (await readIdentity(file, folder)) ?? damaged(file);
  } catch (error) {
    const shown = visibleText(stateDirectory);
    return failed(
      fault("HOST_STATE_READ_ONLY", `the state folder \`${shown}\` cannot be written (${errorCode(error)})`, {
        help: "make it writable, or set WRIT_STATE to a folder that is",
      }),
    );
  }
};

/** Ids of all workspaces that this user's state knows. */
export const knownWorkspaces = async (stateDirectory: string): Promise<ReadonlySet<string>> => {
  const shelf = join(stateDirectory, "workspaces");
  const ids = new Set<string>();
  for (const name of await readdir(shelf).catch(() => [])) {
    const reading = readJson(await readFile(join(shelf, name), "utf8").catch(() => ""));
    const id = reading.ok && isJsonObject(reading.value) ? ownValue(reading.value, "id") : undefined;
    if (typeof id === "string") ids.add(id);
  }
  return ids;
};

/** Makes a whole file appear under a name that nobody took yet; leaves an existing one alone. */
const createOnce = async (file: string, text: string, unique: string): Promise<void> => {
  const draft = `${file}.${unique}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
};

/** Undefined when there is none yet. */
const readIdentity = async (
  file: string,
  folder: string,
): Promise<Result<Workspace, WorkspaceLocationFault> | undefined> => {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = errorCode(error);
    return code === "ENOENT" ? undefined : unreadable(file, code);
  }
  const reading = readJson(text);
  if (!reading.ok || !isJsonObject(reading.value)) return damaged(file);
  const id = ownValue(reading.value, "id");
  const path = ownValue(reading.value, "path");
  if (typeof id !== "string" || !isId<"workspace">(id) || path !== folder) return damaged(file);
  return ok({ id, folder });
};

const unreadable = (file: string, code: string): Result<Workspace, WorkspaceLocationFault> =>
  failed(
    fault(
      "HOST_STATE_UNREADABLE",
      `the workspace's identity in \`${visibleText(file)}\` cannot be read (${code})`,
      { help: "make the file readable for you, or set WRIT_STATE to another folder" },
    ),
  );

const damaged = (file: string): Result<Workspace, WorkspaceLocationFault> =>
  failed(
    fault("HOST_STATE_UNREADABLE", `the workspace's identity in \`${visibleText(file)}\` is damaged`, {
      help: "remove the file; earlier ledgers of this workspace stay readable with `writ audit --dir`",
    }),
  );

/** A link that leads nowhere is there too: as `policies` it says that there should be some. */
const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
};
