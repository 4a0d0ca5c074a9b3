import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { builtWrit } from "#test/kit/built-writ.ts";
import type { Desk } from "#test/spine/desk.ts";

const CLI = join(await builtWrit(), "cli.js");
const KILLER = new URL("kill-at-publish.ts", import.meta.url);

/** `writ` in a process of its own at this desk, to be killed; it writes nothing to us. */
export const spawnWrit = (
  desk: Desk,
  line: readonly string[],
  killAt?: "before-publish" | "after-publish",
): ChildProcess =>
  spawn(process.execPath, [...(killAt === undefined ? [] : ["--import", KILLER.href]), CLI, ...line], {
    cwd: desk.workspace,
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"],
      HOME: desk.state,
      WRIT_STATE: desk.state,
      DOCKER_HOST: "unix:///no/engine",
      ...(killAt === undefined ? {} : { WRIT_TEST_KILL_AT: killAt }),
    },
  });

/** Ends a process as `kill -9` does, and waits until it is gone. */
export const killNow = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
};
