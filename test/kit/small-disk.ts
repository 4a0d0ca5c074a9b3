import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own that is small enough to be filled. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all room that is left but what belongs to files already. */
  fill(): void;
  /** Gives that room back. */
  free(): void;
  /** Takes the disk away with all that is on it. */
  dispose(): void;
}

/** Undefined where this process may not mount one. */
export const mountSmallDisk = (sizeKiB: number): SmallDisk | undefined => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "small-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${sizeKiB}k,mode=700`, "tmpfs", folder]);
  if (mounted.status !== 0) {
    rmdirSync(folder);
    return undefined;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill() {
      const kib = Buffer.alloc(1024);
      try {
        for (let written = 0; written <= sizeKiB; written += 1) writeFileSync(ballast, kib, { flag: "a" });
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
        throw error;
      }
      throw new Error("the disk takes more than it is large");
    },
    free: () => rmSync(ballast),
    dispose() {
      const unmounted = spawnSync("umount", [folder], { encoding: "utf8" });
      if (unmounted.status !== 0) throw new Error(unmounted.stderr);
      rmdirSync(folder);
    },
  };
};
