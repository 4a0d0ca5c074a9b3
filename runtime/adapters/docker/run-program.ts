import { throwIfAborted } from "#kernel/abort.ts";
import { toHex } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { SandboxFault } from "#ports/sandbox.ts";
import { containerProfile } from "#sandbox/container-profile.ts";
import type { ContainerProfile } from "#sandbox/container-profile.ts";
import type { ProgramJob, ProgramRun, RunProgram } from "#sandbox/file-session.ts";

import { FILES_MS_MAX, runContained, START_MS_MAX } from "./contained-program.ts";
import { openContainer, removeContainer } from "./container.ts";
import type { Container, ContainerDeps, ContainerKind } from "./container.ts";
import { driverInput } from "./driver.ts";
import { isGoneSoon, isOverSoon } from "./container-end.ts";
import type { EngineRefusal } from "./engine-call.ts";

/** How much longer than anything may take a container lives, should nobody end it. */
const LEASE_SLACK_MS = 60_000;
/** How long a session has nothing to do before the next container is started: one that ends then needs none. */
const AHEAD_DELAY_MS = 25;
/** Longest that a container which was started in advance waits for its program. */
const AHEAD_MS_MAX = 600_000;

/** Longest that a container lives from when its program comes. */
export const lifeMsOf = (timeoutMs: number): number =>
  timeoutMs + START_MS_MAX + 2 * FILES_MS_MAX + LEASE_SLACK_MS;

export interface Programs {
  readonly run: RunProgram;
  /** Removes what was started in advance, and waits until everything is gone. */
  readonly release: () => Promise<void>;
}

interface Ahead {
  /** Whose limits it has, as text. */
  readonly profile: string;
  readonly opening: Promise<Result<Container, EngineRefusal>>;
}

/**
 * Runs each program in a container of its own, in which nothing has ever run. So no process survives, nothing
 * of one program is there for the next, and to end a program is to end its container, which is all that an
 * engine can. Once a program has ended the next one's container is started in advance, while a model thinks:
 * it is as empty as any, since files come with the program.
 *
 * @param executable which files may be executed; a session's files do not remember.
 * @param onOpened is told of each program which container it got.
 */
export const createPrograms = (
  deps: ContainerDeps,
  kind: ContainerKind,
  executable: ReadonlySet<string>,
  onOpened: (container: Container) => void = () => undefined,
): Programs => {
  let ahead: Ahead | null = null;
  let soon: NodeJS.Timeout | undefined;
  const leaving = new Set<Promise<unknown>>();
  const leave = (removal: Promise<unknown>): void => {
    leaving.add(removal);
    void removal.finally(() => leaving.delete(removal));
  };
  const startAhead = (profile: ContainerProfile, timeoutMs: number): void => {
    const times = { waitMsMax: AHEAD_MS_MAX, lifeMsMax: lifeMsOf(timeoutMs) };
    soon = setTimeout(() => {
      ahead = { profile: JSON.stringify(profile), opening: openContainer(deps, kind, profile, times) };
    }, AHEAD_DELAY_MS);
  };
  const discard = async ({ opening }: Ahead): Promise<void> => {
    const opened = await opening;
    // What cannot be removed now is swept when its lease is over.
    if (opened.ok) await removeContainer(kind, opened.value);
  };
  const fitting = async (profile: ContainerProfile, timeoutMs: number): Promise<Container | null> => {
    const candidate = ahead;
    ahead = null;
    if (candidate === null) return null;
    const opened = await candidate.opening;
    if (
      opened.ok &&
      candidate.profile === JSON.stringify(profile) &&
      !opened.value.hasGone() &&
      opened.value.leaseEndMs >= deps.clock.wallMs() + lifeMsOf(timeoutMs)
    )
      return opened.value;
    leave(discard(candidate));
    return null;
  };
  return {
    async run(job, options) {
      throwIfAborted(options.signal);
      clearTimeout(soon);
      const begunMs = deps.clock.monotonicMs();
      const profile = containerProfile(kind.tier, job.limits);
      const waiting = await fitting(profile, options.timeoutMs);
      const times = { waitMsMax: START_MS_MAX, lifeMsMax: lifeMsOf(options.timeoutMs) };
      const container = waiting === null ? await openContainer(deps, kind, profile, times) : ok(waiting);
      if (!container.ok) return stoppedOrLost(kind, container.fault, options.signal);
      onOpened(container.value);
      const end = await runAndRemove(deps, kind, container.value, { job, options, executable }, leave);
      if (!end.ok) return stoppedOrLost(kind, end.fault, options.signal);
      throwIfAborted(options.signal);
      startAhead(profile, options.timeoutMs);
      return ok({ ...end.value, wallMs: Math.round(deps.clock.monotonicMs() - begunMs) });
    },
    async release() {
      clearTimeout(soon);
      if (ahead !== null) leave(discard(ahead));
      ahead = null;
      await Promise.all(leaving);
    },
  };
};

/**
 * Runs one program, and settles when nothing is left of its container.
 *
 * @param onOpened is told which one it got.
 */
export const runAlone =
  (deps: ContainerDeps, kind: ContainerKind, onOpened?: (container: Container) => void): RunProgram =>
  async (job, options) => {
    const programs = createPrograms(deps, kind, new Set(), onOpened);
    try {
      return await programs.run(job, options);
    } finally {
      await programs.release();
    }
  };

interface Given {
  readonly job: ProgramJob;
  readonly options: Parameters<RunProgram>[1];
  readonly executable: ReadonlySet<string>;
}

/**
 * By the time this settles nothing runs in the container any more. Where that is so because it ended by
 * itself, what the engine keeps of it is removed by a promise that `leave` is given.
 */
const runAndRemove = async (
  deps: ContainerDeps,
  kind: ContainerKind,
  container: Container,
  { job, options, executable }: Given,
  leave: (removal: Promise<unknown>) => void,
): Promise<Result<ProgramRun, EngineRefusal>> => {
  const mark = toHex(deps.entropy.bytes(16));
  const files = job.files.map((file) => ({ ...file, executable: executable.has(file.path) }));
  const lifeSecondsMax = Math.ceil(lifeMsOf(options.timeoutMs) / 1_000);
  let end: Result<ProgramRun, EngineRefusal>;
  try {
    end = await runContained({
      container,
      input: driverInput({ program: job.program, files, limits: job.limits, mark, lifeSecondsMax }),
      mark,
      job,
      options,
      engine: kind.engine,
    });
  } catch (error) {
    const removed = await removeContainer(kind, container);
    if (!removed.ok && removed.fault.isSilent === true) return removed;
    // Whoever aborted is told of that. What cannot be removed now ends by itself, and is swept.
    throw error;
  }
  if (end.ok && end.value.ended === "exited" && (await isOverSoon(container))) {
    // What the engine is cleaning up is not asked to end once more.
    leave(isGoneSoon(container).then(() => removeContainer(kind, container)));
    return end;
  }
  const removed = await removeContainer(kind, container);
  return removed.ok ? end : removed;
};

/** Whoever aborted is told of that, unless nobody can say whether the program is gone. */
const stoppedOrLost = (
  kind: ContainerKind,
  refusal: EngineRefusal,
  signal: AbortSignal,
): Promise<Result<never, SandboxFault>> => {
  if (refusal.isSilent === true) return Promise.resolve(silent(kind));
  throwIfAborted(signal);
  return lost(kind, refusal);
};

const silent = ({ tier }: ContainerKind): Result<never, SandboxFault> => {
  const why = `the ${tier} sandbox was lost: the engine takes calls and does not answer, so nobody can say whether the program's container is gone; it ends by itself, and a later run removes what is left of it. \`writ doctor\` says how to restart the engine`;
  return failed(fault("SANDBOX_LOST", why, { retryable: true }));
};

/** Whether only this program was lost, or the engine for all that would follow, is the engine's to say. */
const lost = async (
  { engine, tier }: ContainerKind,
  { why }: EngineRefusal,
): Promise<Result<never, SandboxFault>> =>
  failed(
    (await engine.answers())
      ? fault("SANDBOX_PROGRAM_LOST", `the ${tier} sandbox lost its program: the engine failed: ${why}`, {
          retryable: true,
        })
      : fault("SANDBOX_LOST", `the ${tier} sandbox was lost: the engine is gone: ${why}`, {
          retryable: true,
        }),
  );
