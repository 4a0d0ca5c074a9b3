import type { SandboxLimits } from "#ports/sandbox.ts";

/* What a container of a run may have, as data: the same for every engine that takes such numbers. */

export type ContainerTier = "docker" | "gvisor";

export interface ContainerProfile {
  /** All that the container's processes, its kernel where it brings one, and its file systems take. */
  readonly memoryBytesMax: number;
  readonly processesMax: number;
  /** Of one processor: 1 is all of it. */
  readonly processorsMax: number;
  /** Longest single file. */
  readonly fileBytesMax: number;
  readonly work: TemporaryFileSystem;
  readonly temporary: TemporaryFileSystem;
}

export interface TemporaryFileSystem {
  readonly bytesMax: number;
  /** Files and folders; some kernels do not count them, and then memory bounds them. */
  readonly entriesMax: number;
}

const MEBIBYTE = 1024 * 1024;
const PAGE_BYTES = 4_096;

/** What the image's own programs need before a run's program has anything. */
const PROGRAM_BYTES = 64 * MEBIBYTE;
/** What gVisor's kernel needs, beside the programs that run on it. */
const GVISOR_BYTES = 64 * MEBIBYTE;

const PROCESSES_MAX = 128;
/** gVisor's own threads count as processes of the container. */
const GVISOR_PROCESSES = 128;

const TEMPORARY: TemporaryFileSystem = { bytesMax: 16 * MEBIBYTE, entriesMax: 1_024 };

/** Files and folders that a program may leave, all together. */
export const entriesMax = (limits: Pick<SandboxLimits, "filesMax">): number => 2 * limits.filesMax + 64;

export const containerProfile = (tier: ContainerTier, limits: SandboxLimits): ContainerProfile => {
  const gvisor = tier === "gvisor";
  const work = {
    // A file of one byte takes a page.
    bytesMax: limits.fileBytesMax + entriesMax(limits) * PAGE_BYTES,
    entriesMax: entriesMax(limits),
  };
  return {
    memoryBytesMax:
      limits.memoryBytesMax +
      limits.fileBytesMax +
      TEMPORARY.bytesMax +
      PROGRAM_BYTES +
      (gvisor ? GVISOR_BYTES : 0),
    processesMax: PROCESSES_MAX + (gvisor ? GVISOR_PROCESSES : 0),
    processorsMax: 1,
    // So that a program which fills one file meets this limit, and one that fills many meets the next.
    fileBytesMax: Math.max(limits.fileBytesMax, PAGE_BYTES),
    work,
    temporary: TEMPORARY,
  };
};
