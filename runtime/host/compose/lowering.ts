import { createLowering } from "#adapters/lowering/create-lowering.ts";
import type { Lowering } from "#ports/lowering.ts";

import { programFiles } from "./program-files.ts";

/** Longest lowering of one file, the start of its thread included. */
const LOWERING_MS_MAX = 30_000;
const LOWERING_HEAP_BYTES_MAX = 512 * 1024 * 1024;

/** Lowering in a thread that can be killed. */
export const openLowering = (): Lowering =>
  createLowering({
    entry: programFiles().loweringWorker,
    timeoutMs: LOWERING_MS_MAX,
    heapBytesMax: LOWERING_HEAP_BYTES_MAX,
  });
