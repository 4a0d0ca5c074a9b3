import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Process ids of the hosts of a workspace that are alive. A test uses it to leave none behind. */
export const hostsOf = (workspace: string): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).endsWith(`host --workspace ${workspace} `))
    .map(Number);

/** Ends the hosts of a workspace as `kill -9` does, and waits until they are gone, with the locks that they held. */
export const killHosts = async (workspace: string): Promise<void> => {
  for (let alive = hostsOf(workspace); alive.length > 0; alive = hostsOf(workspace)) {
    for (const pid of alive) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself meanwhile.
      }
    }
    while (alive.some(holdsFiles)) await sleep(10);
  }
};

/**
 * A process that ends loses its command line first and its open files later, with them its locks: they are
 * free once the last of its threads is gone, which may outlive the first one, by which the process is seen.
 */
const holdsFiles = (pid: number): boolean =>
  threadsOf(pid).some((thread) => !/^(?:|.*\) [ZX] .*)$/s.test(textOf(`/proc/${pid}/task/${thread}/stat`)));

const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

/** The environments of a process and of all that descend from it, as they are now. */
export const environmentsBelow = (pid: number): readonly string[] => [
  textOf(`/proc/${pid}/environ`),
  ...childrenOf(pid).flatMap(environmentsBelow),
];

const childrenOf = (pid: number): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) =>
      textOf(`/proc/${name}/stat`)
        .replace(/^.*\) \S+ /s, "")
        .startsWith(`${pid} `),
    )
    .map(Number);

/** Empty for a process that is gone or waits to be collected. */
const commandLine = (pid: string): string => textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ");

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
