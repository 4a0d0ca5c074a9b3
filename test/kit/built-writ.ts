import { execFile } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inject } from "vitest";

import { builtIn } from "./scratch-folder.ts";

const build = fileURLToPath(new URL("../../build.ts", import.meta.url));

/** Only there to end what hangs. */
const BUILD_MS = 100_000;

/**
 * The folder of a build of the sources as they are when this run of the tests first needs one; it belongs to
 * this run alone. Started from it, `writ` takes a third of the processor time that its sources take, which
 * Node has to strip of their types at every start.
 */
export const builtWrit = async (): Promise<string> => {
  const built = builtIn(inject("scratch"));
  if (existsSync(built)) return built;
  const mine = `${built}-by-${process.pid}`;
  await promisify(execFile)(process.execPath, [build, mine], { timeout: BUILD_MS });
  try {
    renameSync(mine, built);
  } catch (error) {
    // The other worker was faster.
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
    rmSync(mine, { recursive: true });
  }
  return built;
};
