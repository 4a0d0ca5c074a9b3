import { lstat, realpath } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

import type { WorkspaceId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

/** A folder whose agents, policies and evidence belong together. */
export interface Workspace {
  readonly id: WorkspaceId;
  /** Absolute, without links. */
  readonly folder: string;
}

type NoWorkspace = Fault<"HOST_NO_WORKSPACE">;

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
): Promise<Result<string, NoWorkspace>> => {
  try {
    if (chosen !== null) return ok(await realpath(chosen));
    const own = dirname(await realpath(file));
    return ok((await markedAbove(own)) ?? own);
  } catch {
    return failed(noWorkspace(chosen ?? dirname(file)));
  }
};

/** The folder of the workspace that somebody stands in. */
export const findWorkspaceOfFolder = async (folder: string): Promise<Result<string, NoWorkspace>> => {
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

const noWorkspace = (folder: string): NoWorkspace =>
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

/** A link that leads nowhere is there too: as `policies` it says that there should be some. */
const exists = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
};
