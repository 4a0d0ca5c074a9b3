import { abortError, throwIfAborted } from "#kernel/abort.ts";
import { toHex, utf8Text } from "#kernel/bytes.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { ExecResult, SandboxFault } from "#ports/sandbox.ts";
import { containerProfile, entriesMax } from "#sandbox/container-profile.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import type { LeftFiles, ProgramJob, ProgramRun, RunProgram } from "#sandbox/file-session.ts";
import { failedProgram } from "#sandbox/file-session.ts";
import type { FileContent } from "#sandbox/file-set.ts";
import { readTar } from "#sandbox/tar-read.ts";
import { TAR_BLOCK_BYTES, writeTar } from "#sandbox/tar-write.ts";

import { BEGIN_MARK, collecting, commandOf, memoryKills, unpacking } from "./commands.ts";
import { containerOptions } from "./container-options.ts";
import type { Engine, EngineRefusal } from "./engine.ts";
import type { OutputFrame } from "./frames.ts";
import { VALUE_FILE } from "./image-layout.ts";
import { createProgramOutput } from "./program-output.ts";
import { runExec } from "./run-exec.ts";
import type { ExecEnd } from "./run-exec.ts";

export interface ContainerDeps {
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly entropy: Pick<Entropy, "bytes">;
}

/** The containers of one tier on one engine. */
export interface ContainerKind {
  readonly tier: ContainerTier;
  readonly engine: Engine;
  readonly runtime: string;
  readonly image: string;
  readonly owner: string;
  /** Which files may be executed; a session's files do not remember. */
  readonly executable: ReadonlySet<string>;
}

/** Longest that giving a program its files, or taking them from it, may take. */
const FILES_MS_MAX = 60_000;
/** Longest that a program may take to begin, its interpreter's start included. */
const START_MS_MAX = 20_000;
const REASON_MS_MAX = 500;
const REASON_POLL_MS = 50;
/** How much longer than anything may take a container lives, should nobody end it. */
const LEASE_SLACK_MS = 60_000;

const ENVIRONMENT: readonly string[] = ["PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8"];

/**
 * Runs each program in a container of its own, which is removed before the program's end is told. So no
 * process survives, nothing of one program is there for the next, and to end a program is to end its
 * container, which is all that an engine can.
 */
export const containerRunner =
  (deps: ContainerDeps, kind: ContainerKind): RunProgram =>
  async (job, options) => {
    throwIfAborted(options.signal);
    const begunMs = deps.clock.monotonicMs();
    const name = `writ-${toHex(deps.entropy.bytes(16))}`;
    const lifeMs = options.timeoutMs + START_MS_MAX + 2 * FILES_MS_MAX + LEASE_SLACK_MS;
    const created = await kind.engine.create(
      name,
      containerOptions(containerProfile(kind.tier, job.limits), {
        owner: kind.owner,
        leaseEndMs: deps.clock.wallMs() + lifeMs,
        lifeSecondsMax: Math.ceil(lifeMs / 1_000),
        image: kind.image,
        runtime: kind.runtime,
        userId: userIdOf(deps.entropy.bytes(2)),
      }),
    );
    let end: Result<ProgramRun, EngineRefusal>;
    try {
      end = created.ok ? await new ContainerRun(kind, name, job, options).run() : created;
    } finally {
      // A creation that was refused late may have happened all the same.
      const removed = await kind.engine.remove(name);
      if (!removed.ok && created.ok) end = removed;
    }
    throwIfAborted(options.signal);
    if (!end.ok) return lost(kind.tier, end.fault);
    return ok({ ...end.value, wallMs: Math.round(deps.clock.monotonicMs() - begunMs) });
  };

/** 10,000 to 59,999: above what systems give to anybody, and below what every engine maps. */
const userIdOf = (bytes: Uint8Array): number =>
  10_000 + ((((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 50_000);

const lost = (tier: ContainerTier, { why }: EngineRefusal): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_LOST", `the ${tier} sandbox was lost: the engine failed: ${why}`, { retryable: true }),
  );

type Stop = "deadline" | "output" | "aborted";

/** One program from its files to what it left, in a container that is there. */
class ContainerRun {
  private readonly kind: ContainerKind;
  private readonly name: string;
  private readonly job: ProgramJob;
  private readonly options: Parameters<RunProgram>[1];
  private readonly ended = new AbortController();
  private gone: Promise<void> = Promise.resolve();
  private why: Stop | null = null;

  constructor(kind: ContainerKind, name: string, job: ProgramJob, options: Parameters<RunProgram>[1]) {
    this.kind = kind;
    this.name = name;
    this.job = job;
    this.options = options;
  }

  async run(): Promise<Result<ProgramRun, EngineRefusal>> {
    const { engine } = this.kind;
    const abort = (): void => this.stop("aborted");
    this.options.signal.addEventListener("abort", abort, { once: true });
    if (this.options.signal.aborted) abort();
    try {
      const started = await engine.start(this.name);
      if (!started.ok) return started;
      this.gone = engine.stopped(this.name);
      const given = await this.giveFiles();
      return given.ok ? await this.runProgram() : given;
    } finally {
      this.options.signal.removeEventListener("abort", abort);
    }
  }

  /** Only the first reason counts. */
  private stop(why: Stop): void {
    this.why ??= why;
    this.ended.abort();
  }

  private async giveFiles(): Promise<Result<void, EngineRefusal>> {
    const files = this.job.files.map((file) => ({
      ...file,
      executable: this.kind.executable.has(file.path),
    }));
    if (files.length === 0) return ok(undefined);
    const done = await this.exec(
      { command: unpacking, input: writeTar(files), take: () => true },
      FILES_MS_MAX,
    );
    if (!done.ok) return done;
    if (done.value.k === "exited" && done.value.exitCode === 0) return ok(undefined);
    return this.why === "aborted" ? ok(undefined) : refused("a container did not take the run's files");
  }

  private async runProgram(): Promise<Result<ProgramRun, EngineRefusal>> {
    const { limits, program } = this.job;
    const output = createProgramOutput(limits.outputBytesMax, this.options.onOutput);
    let hasBegun = false;
    let timer: NodeJS.Timeout | undefined;
    const begin = ({ stream, bytes }: OutputFrame): OutputFrame => {
      hasBegun = true;
      timer = setTimeout(() => this.stop("deadline"), this.options.timeoutMs);
      return { stream, bytes: bytes.subarray(BEGIN_MARK.length) };
    };
    const take = (frame: OutputFrame): boolean => {
      if (output.take(hasBegun || frame.stream === "stderr" ? frame : begin(frame))) return true;
      this.stop("output");
      return false;
    };
    const { command, input } = commandOf(program, limits);
    const done = await this.exec({ command, input, take }, START_MS_MAX + this.options.timeoutMs);
    clearTimeout(timer);
    if (this.why === "aborted") throw abortError();
    const said = output.end();
    const ending = { ...said, exitCode: null, value: null, left: null, wallMs: 0 };
    if (!done.ok) return (await this.isGone()) ? this.goneEnding(ending) : done;
    if (!hasBegun && this.why === "deadline")
      return refused(`a program did not begin within ${START_MS_MAX} ms`);
    if (this.why !== null) return ok({ ...ending, ended: this.why });
    switch (done.value.k) {
      case "broken":
        return (await this.isGone()) ? this.goneEnding(ending) : refused(done.value.why);
      case "stopped":
      case "container-gone":
        return this.goneEnding(ending);
      case "exited":
        return this.exited({ ...ending, ended: "exited", exitCode: done.value.exitCode });
    }
  }

  /** Whether the container has ended, now or in a moment: its program's connection can hear of it first. */
  private async isGone(): Promise<boolean> {
    const moment = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), REASON_MS_MAX));
    return Promise.race([this.gone.then(() => true), moment]);
  }

  /** What ended the container below a program. */
  private async goneEnding(ending: Omit<ProgramRun, "ended">): Promise<Result<ProgramRun, EngineRefusal>> {
    const why = await this.whyGone();
    return why.ok ? ok({ ...ending, ended: why.value }) : why;
  }

  /** An engine can hear of a container's end before it hears of the reason. */
  private async whyGone(): Promise<Result<"memory" | "crashed", EngineRefusal>> {
    for (let waitedMs = 0; ; waitedMs += REASON_POLL_MS) {
      const state = await this.kind.engine.state(this.name);
      if (!state.ok) return state;
      if (state.value.outOfMemory) return ok("memory");
      if (waitedMs >= REASON_MS_MAX) return ok("crashed");
      await new Promise((resolve) => setTimeout(resolve, REASON_POLL_MS));
    }
  }

  private async exited(end: ProgramRun): Promise<Result<ProgramRun, EngineRefusal>> {
    const collected = await this.collect();
    if (!collected.ok) return collected;
    const { value } = collected;
    if (value.k === "memory" || ranOutOfHeap(end, this.job)) {
      const inMemory = { ...end, ended: "memory", exitCode: null } as const;
      // Who goes on without the process that was ended, and ends well, has only met its limit.
      if (end.exitCode !== 0) return ok(inMemory);
    }
    if (value.k === "crashed") return ok({ ...end, ended: "crashed", exitCode: null });
    if (value.archive === null) return ok(unkept(end, value.why));
    const { limits } = this.job;
    const read = readTar(value.archive, { entriesMax: entriesMax(limits) });
    if (!read.ok) return ok(unkept(end, read.fault));
    const found = leftOf(read.value, this.job);
    return found.ok
      ? ok({ ...end, value: end.exitCode === 0 ? found.value.value : null, left: found.value.left })
      : ok(unkept(end, found.fault));
  }

  private async collect(): Promise<Result<Collected, EngineRefusal>> {
    const { limits } = this.job;
    const bytesMax =
      limits.fileBytesMax +
      limits.outputBytesMax +
      entriesMax(limits) * 4 * TAR_BLOCK_BYTES +
      64 * TAR_BLOCK_BYTES;
    const archive = createBytes(bytesMax);
    const said = createBytes(SAID_BYTES_MAX);
    const take = ({ stream, bytes }: OutputFrame): boolean => {
      if (stream === "stderr") said.add(bytes);
      return stream === "stderr" || archive.add(bytes);
    };
    const done = await this.exec({ command: collecting, input: new Uint8Array(), take }, FILES_MS_MAX);
    if (this.why === "aborted") throw abortError();
    if (!done.ok) return this.engineOrContainer(done.fault);
    const text = utf8Text(said.all()) ?? "";
    const killed = memoryKills(text) > 0;
    const whole = done.value.k === "exited" && done.value.exitCode === 0;
    if (!whole && !archive.isFull()) {
      if (await this.isGone()) {
        const why = await this.whyGone();
        return why.ok ? ok({ k: why.value, archive: null, why: "" }) : why;
      }
      if (done.value.k === "broken") return refused(done.value.why);
    }
    const why = archive.isFull() ? "its files are more than a run may have" : "its files cannot all be read";
    return ok({ k: killed ? "memory" : "read", archive: whole ? archive.all() : null, why });
  }

  /** An engine that answers, while a container takes no further program, has a program to thank for it. */
  private async engineOrContainer(refusal: EngineRefusal): Promise<Result<Collected, EngineRefusal>> {
    const facts = await this.kind.engine.facts();
    return facts.ok ? ok({ k: "crashed", archive: null, why: "" }) : failed(refusal);
  }

  /** Runs a command in the container, which is ended when the command is not within its time. */
  private async exec(
    what: {
      readonly command: readonly string[];
      readonly input: Uint8Array;
      readonly take: (frame: OutputFrame) => boolean;
    },
    timeoutMs: number,
  ): Promise<Result<ExecEnd, EngineRefusal>> {
    let timer: NodeJS.Timeout | undefined;
    const done = await runExec(this.kind.engine, this.name, {
      ...what,
      environment: ENVIRONMENT,
      gone: this.gone,
      stop: this.ended.signal,
      started: () => (timer = setTimeout(() => this.stop("deadline"), timeoutMs)),
    });
    clearTimeout(timer);
    // What nobody waits for any more must not go on until the container is removed.
    if (done.ok && done.value.k === "stopped") await this.kind.engine.kill(this.name);
    return done;
  }
}

const SAID_BYTES_MAX = 16 * 1024;

interface Collected {
  readonly k: "read" | "memory" | "crashed";
  /** Null where the files cannot be had, and `why` says so. */
  readonly archive: Uint8Array | null;
  readonly why: string;
}

const refused = (why: string): Result<never, EngineRefusal> => failed({ status: null, why });

const NOTHING_LEFT: LeftFiles = { written: [], removed: [] };

const unkept = (end: ProgramRun, why: string): ProgramRun => ({
  ...failedProgram(end, why),
  left: NOTHING_LEFT,
});

const ABORTED = 134;

/** V8 ends its process by itself at the limit that it was given. A program can say so falsely, to its own harm. */
const ranOutOfHeap = (end: ExecResult, { program }: ProgramJob): boolean =>
  program.kind === "javascript" &&
  end.exitCode === ABORTED &&
  end.stderr.includes("JavaScript heap out of memory");

/** What differs from what the program was given. */
const leftOf = (
  found: readonly FileContent[],
  job: ProgramJob,
): Result<{ readonly left: LeftFiles; readonly value: string | null }, string> => {
  const written = new Map<string, Uint8Array>();
  let value: string | null = null;
  for (const { path, bytes } of found) {
    if (path === VALUE_FILE.slice(1)) {
      if (bytes.length > job.limits.outputBytesMax) return failed("its value is too long");
      value = utf8Text(bytes) ?? "";
      continue;
    }
    if (!path.startsWith("work/")) return failed("the archive of its files names what is none of them");
    const name = path.slice("work/".length);
    if (written.has(name)) return failed("the archive of its files has one of them twice");
    // A copy, so that what is kept of an archive does not keep all of it.
    written.set(name, bytes.slice());
  }
  const removed = job.files.filter(({ path }) => !written.has(path)).map(({ path }) => path);
  return ok({ left: { written: Array.from(written, ([path, bytes]) => ({ path, bytes })), removed }, value });
};

interface Bytes {
  /** False when it is full; what came last is then dropped. */
  add(bytes: Uint8Array): boolean;
  isFull(): boolean;
  all(): Uint8Array;
}

const createBytes = (bytesMax: number): Bytes => {
  const parts: Uint8Array[] = [];
  let size = 0;
  let full = false;
  return {
    add(bytes) {
      full ||= size + bytes.length > bytesMax;
      if (full) return false;
      parts.push(bytes);
      size += bytes.length;
      return true;
    },
    isFull: () => full,
    all() {
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
  };
};
