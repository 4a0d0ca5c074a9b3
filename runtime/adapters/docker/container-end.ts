import { ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { ExecResult } from "#ports/sandbox.ts";

import type { Container } from "./container.ts";
import { refused } from "./container.ts";
import { isEmpty } from "./control-group.ts";
import type { Engine } from "./engine.ts";
import type { EngineRefusal } from "./engine-call.ts";

/** How long an engine may take to see that a container has gone whose connection is closed. */
const GONE_MS_MAX = 2_000;
/** How long it may then take to hear of the reason. */
const REASON_MS_MAX = 3_000;

/** Exit code of a process that SIGKILL ended: that of a kernel in need of memory, or of anybody else. */
const SIGKILLED = 137;

export type EndReason = Extract<ExecResult["ended"], "memory" | "killed" | "crashed">;

/**
 * Why a container is gone that nobody told to go. All of it is what the engine says: on gVisor want of memory
 * ends the kernel that the program ran on, so that nothing inside is left to tell.
 *
 * The engine hears of the kernel's kill and of the container's end from two sides, and writes down with the
 * container what it knew at its end. On a busy machine the other can come later, as an event, or never: by
 * then the control group that counted is gone too.
 *
 * An engine that is going down has ended the container itself, and does not answer here any more.
 */
export const endReason = async (
  engine: Pick<Engine, "state" | "sawOutOfMemory">,
  container: Container,
  signal: AbortSignal,
): Promise<Result<EndReason, EngineRefusal>> => {
  if (!(await isGoneSoon(container))) return refused("its connection broke");
  const state = await engine.state(container.id);
  if (!state.ok) return state;
  const { outOfMemory, exitCode, startedMs, finishedMs } = state.value;
  if (outOfMemory) return ok("memory");
  if (exitCode !== SIGKILLED) return ok("crashed");
  const times = { fromMs: startedMs, untilMs: finishedMs + REASON_MS_MAX };
  const seen = await engine.sawOutOfMemory(container.id, times, signal);
  // Whoever stands before an engine may let nobody hear its events.
  if (!seen.ok) return seen.fault.status === null ? seen : ok("killed");
  return ok(seen.value ? "memory" : "killed");
};

const POLL_MS = 2;

/**
 * Whether nothing of the container runs any more, now or in a moment. The kernel of this machine, where it can
 * be asked, knows that a good while before the engine does, which cleans up first.
 */
export const isOverSoon = async (container: Container): Promise<boolean> => {
  const group = await container.group;
  const late = AbortSignal.timeout(GONE_MS_MAX);
  while (!late.aborted) {
    if (container.hasGone()) return container.gone;
    const isOver = group === null ? null : await isEmpty(group);
    if (isOver === true) return true;
    if (isOver === null) return isGoneSoon(container);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
};

/** Whether the engine says that the container has gone, now or in a moment: its connection can hear of it first. */
export const isGoneSoon = async ({ gone }: Container): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const moment = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), GONE_MS_MAX);
  });
  const isGone = await Promise.race([gone, moment]);
  clearTimeout(timer);
  return isGone;
};
