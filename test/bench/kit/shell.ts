import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Work } from "../measure.ts";

/** What `npm run build` made. */
export const DIST = new URL("../../../dist/", import.meta.url);

export const CLI = fileURLToPath(new URL("cli.js", DIST));

/** A Node that is started with these arguments and ends well, as a shell would wait for it. */
export const nodeProcess = (name: string, ...args: readonly string[]): Work => ({
  name,
  run: () => {
    const done = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
    if (done.status !== 0) throw new Error(`node ${args.join(" ")}: ${done.stderr}${done.stdout}`);
  },
});

/** What no Node program is faster than. */
export const EMPTY_NODE = nodeProcess("`node -e 0`", "-e", "0");
