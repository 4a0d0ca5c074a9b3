import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";

import { errorCode } from "#kernel/error-code.ts";

/*
 * The folders in which this program keeps its own state may lie in a workspace: a home folder that is one,
 * a state folder that somebody put there. What an agent wrote there would pass for keys, consents and
 * evidence, so no path below them belongs to the workspace.
 */

/** Whether a path relative to the workspace lies in one of the folders, in any spelling that may open it. */
export type IsOwn = (path: string) => boolean;

/** @param root the workspace, without links. @param folders absolute; they need not exist yet. */
export const findOwnFolders = async (root: string, folders: readonly string[]): Promise<IsOwn> => {
  const inside: string[] = [];
  for (const folder of folders) {
    const path = relative(root, await realPathSoFar(folder));
    if (path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path)) {
      inside.push(folded(path.split(sep).join("/")));
    }
  }
  return (path) => {
    const asked = folded(path);
    return inside.some((own) => own === "" || asked === own || asked.startsWith(`${own}/`));
  };
};

/** The path without links, as far as it exists. */
const realPathSoFar = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    const above = dirname(path);
    if (errorCode(error) !== "ENOENT" || above === path) return path;
    return join(await realPathSoFar(above), basename(path));
  }
};

/** As the most forgiving file system compares names. */
const folded = (path: string): string => path.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
