import { createLowering } from "#adapters/lowering/create-lowering.ts";
import type { Lowering } from "#ports/lowering.ts";

import { programFiles } from "./program-files.ts";

/** Longest lowering of one file, the start of its thread included. */
const LOWERING_MS_MAX = 30_000;
const LOWERING_HEAP_BYTES_MAX = 512 * 1024 * 1024;

/** Lowering in a thread that can be killed; the one that `startLowering` started, if nobody has it yet. */
export const openLowering = (): Lowering => {
  const opened = early ?? create();
  early = undefined;
  return opened;
};

let early: Lowering | undefined;

/** Starts the thread before there is anything to lower. It keeps no process alive. */
export const startLowering = (): void => {
  try {
    early ??= create();
  } catch {
    // Whoever opens one is told why.
  }
};

const create = (): Lowering =>
  createLowering({
    entry: programFiles().loweringWorker,
    timeoutMs: LOWERING_MS_MAX,
    heapBytesMax: LOWERING_HEAP_BYTES_MAX,
  });
