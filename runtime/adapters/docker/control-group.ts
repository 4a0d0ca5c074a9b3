import { readFile } from "node:fs/promises";
import { posix } from "node:path";

import { errorCode } from "#kernel/error-code.ts";

import type { ContainerState } from "./engine.ts";

/*
 * What the kernel of this machine keeps of a container, of version 1 or 2 (kernel documentation,
 * `admin-guide/cgroup-v1/cgroups.rst` and `admin-guide/cgroup-v2.rst`). It is read where this machine is the
 * engine's, and never written. A program cannot change it: it sees no other control group than its own, and
 * that read-only.
 */

/** Reads a small text file of this machine; rejects where it cannot. */
export type ReadText = (path: string) => Promise<string>;

export const readText: ReadText = (path) => readFile(path, "utf8");

export interface ControlGroup {
  readonly version: 1 | 2;
  /** That of the processors. Each process of the container is in it, as in those of other resources. */
  readonly folder: string;
}

/**
 * The control group of a container that runs. Null where this machine is not the engine's, or the group cannot
 * be read: a process is taken for the container's only where its group carries the container's id, and a
 * folder for the group's only where it has this process.
 */
export const controlGroupOf = async (
  { id, processId }: Pick<ContainerState, "id" | "processId">,
  read: ReadText = readText,
): Promise<ControlGroup | null> => {
  if (processId <= 0 || !/^[0-9a-f]{64}$/.test(id)) return null;
  try {
    const group = groupIn(await read(`/proc/${processId}/cgroup`), id);
    if (group === null) return null;
    const processes = (await read(posix.join(group.folder, "cgroup.procs"))).split("\n");
    return processes.includes(String(processId)) ? group : null;
  } catch {
    // That it cannot be read is an answer.
    return null;
  }
};

/** @param text of `/proc/<process>/cgroup`: lines of number, controllers and path. */
const groupIn = (text: string, id: string): ControlGroup | null => {
  const groups = text.split("\n").flatMap((line) => {
    const [, number = "", controllers = "", path = ""] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    return path.includes(id) && !path.split("/").includes("..") ? [{ number, controllers, path }] : [];
  });
  const first = groups.find(({ controllers }) => controllers.split(",").includes("cpu"));
  if (first !== undefined) return { version: 1, folder: `/sys/fs/cgroup/cpu${first.path}` };
  const second = groups.find(({ number, controllers }) => number === "0" && controllers === "");
  return second === undefined ? null : { version: 2, folder: `/sys/fs/cgroup${second.path}` };
};

/** What the kernel answers of a control group that was removed, which it allows of an empty one only. */
const REMOVED: readonly string[] = ["ENOENT", "ENODEV"];

/** Whether no process is in the group any more, nor in one below it; null where that cannot be read. */
export const isEmpty = async (
  { version, folder }: ControlGroup,
  read: ReadText = readText,
): Promise<boolean | null> => {
  try {
    if (version === 1) return (await read(posix.join(folder, "cgroup.procs"))) === "";
    return /^populated 0$/m.test(await read(posix.join(folder, "cgroup.events")));
  } catch (error) {
    return REMOVED.includes(errorCode(error)) ? true : null;
  }
};
