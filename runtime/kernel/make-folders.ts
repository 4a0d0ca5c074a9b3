import { errorCode } from "./error-code.ts";

/** What folders are made with: Node's functions of these names, of which a pure room has none. */
export interface FolderDisk {
  /** Makes one folder below one that is there; rejects with an error that has a `code`. */
  mkdir(path: string, options: { readonly mode: number }): Promise<unknown>;
  stat(path: string): Promise<{ isDirectory(): boolean }>;
  dirname(path: string): string;
}

/**
 * Makes a folder with those above it that are missing, each of this mode; true when this call made
 * it. Rejects with the error of the first that cannot be made. Node's recursive `mkdir` is not used
 * for paths that a person chose: below a folder such as `/proc`, which says of every new name that
 * there is no such folder, it never ends, and its thread hears no signal.
 */
export const makeFolders = async (path: string, mode: number, disk: FolderDisk): Promise<boolean> => {
  try {
    return await makeOne(path, mode, disk);
  } catch (error) {
    const parent = disk.dirname(path);
    if (errorCode(error) !== "ENOENT" || parent === path) throw error;
    await makeFolders(parent, mode, disk);
    // Once more and no further: what is missing still is not ours to make.
    return makeOne(path, mode, disk);
  }
};

/** Whatever the error says: what is a folder by now, also behind a link, was there or is another process's work. */
const makeOne = async (path: string, mode: number, disk: FolderDisk): Promise<boolean> => {
  try {
    await disk.mkdir(path, { mode });
    return true;
  } catch (error) {
    const found = await disk.stat(path).catch(() => undefined);
    if (found?.isDirectory() === true) return false;
    throw error;
  }
};
