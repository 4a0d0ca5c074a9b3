import { createLowering } from "#adapters/lowering/create-lowering.ts";
import type { Lowering } from "#ports/lowering.ts";

import { LOWERING_THREAD, takeLoweringThread } from "./lowering-thread.ts";

/** Longest lowering of one file, the start of its thread included. */
const LOWERING_MS_MAX = 30_000;

/** Lowering in a thread that can be killed; the one that `startLowering` started, if nobody has it yet. */
export const openLowering = (): Lowering =>
  createLowering({ ...LOWERING_THREAD, timeoutMs: LOWERING_MS_MAX }, takeLoweringThread());
