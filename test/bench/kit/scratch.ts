import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Linux's name for a file system in memory, on which nothing is durable and syncing is free. */
const TMPFS_MAGIC = 0x01021994;

/** Runs `use` with a new folder on a real disk, which is gone afterwards. */
export const withScratchFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(diskFolder(), "writ-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const diskFolder = (): string => {
  if (statfsSync(tmpdir()).type !== TMPFS_MAGIC) return tmpdir();
  const beside = fileURLToPath(new URL("../../../node_modules/.cache/", import.meta.url));
  mkdirSync(beside, { recursive: true });
  return beside;
};
