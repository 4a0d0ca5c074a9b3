import { Worker } from "node:worker_threads";

/** A thread for one text after the other, and what it may take. */
export interface ThreadOptions {
  /** The worker's file: `lowering-worker.js` of a build, `worker.ts` beside this file in a checkout. */
  readonly entry: URL;
  /** Heap of the thread; a text that needs more ends it. */
  readonly heapBytesMax: number;
}

const MIB = 1024 * 1024;

/** Stack of the thread, several times what the deepest accepted text needs. */
const STACK_MIB = 8;

/**
 * Starts a thread that keeps no process alive. Nothing else is imported here, because a command waits
 * for the thread from its first moment on. May throw where the machine has no thread to give.
 */
export const startThread = ({ entry, heapBytesMax }: ThreadOptions): Worker => {
  const worker = new Worker(entry, {
    env: {},
    execArgv: [],
    argv: [],
    // What a dying thread prints would land among the output of a command.
    stdout: true,
    stderr: true,
    resourceLimits: {
      maxOldGenerationSizeMb: Math.ceil(heapBytesMax / MIB),
      maxYoungGenerationSizeMb: Math.max(Math.ceil(heapBytesMax / MIB / 8), 4),
      stackSizeMb: STACK_MIB,
    },
  });
  worker.unref();
  // One that dies before anybody asks it is found gone by whoever does.
  worker.on("error", () => undefined);
  return worker;
};

/** Whether the thread has ended, also when nobody listened. */
export const isGone = (worker: Worker): boolean => worker.threadId < 0;
