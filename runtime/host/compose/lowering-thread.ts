import type { Worker } from "node:worker_threads";

import { startThread, type ThreadOptions } from "#adapters/lowering/start-thread.ts";

import { programFiles } from "./program-files.ts";

/** The thread that lowers, for whoever needs it before everything else is loaded. */
export const LOWERING_THREAD: ThreadOptions = {
  entry: programFiles().loweringWorker,
  heapBytesMax: 512 * 1024 * 1024,
};

let early: Worker | undefined;

/** Starts the thread before there is anything to lower. It keeps no process alive. */
export const startLowering = (): void => {
  try {
    early ??= startThread(LOWERING_THREAD);
  } catch {
    // Whoever takes one is told why.
  }
};

/** The thread that was started early, once; else a new one. */
export const takeLoweringThread = (): Worker => {
  const taken = early ?? startThread(LOWERING_THREAD);
  early = undefined;
  return taken;
};
