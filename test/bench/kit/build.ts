import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CLI } from "./shell.ts";

const TOP = fileURLToPath(new URL("../../../", import.meta.url));

/** What is bundled, as far as it changes from day to day. */
const SOURCES = ["build.ts", "package-lock.json", "runtime", "language-server"];

/** Builds when there is no build, or one that is older than a source; says so. */
export const ensureBuild = (say: (line: string) => void): void => {
  const builtMs = existsSync(CLI) ? statSync(CLI).mtimeMs : 0;
  if (SOURCES.every((source) => newestMs(join(TOP, source)) <= builtMs)) return;
  say(
    builtMs === 0 ? "there is no build; building ..." : "the build is older than the sources; building ...",
  );
  execFileSync(process.execPath, ["build.ts"], { cwd: TOP, stdio: "ignore" });
};

const newestMs = (path: string): number => {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce(
    (newest, name) => Math.max(newest, newestMs(join(path, name))),
    stats.mtimeMs,
  );
};
