import { abortError } from "#kernel/abort.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { ExecResult } from "#ports/sandbox.ts";
import type { ProgramJob, ProgramRun, RunProgram } from "#sandbox/file-session.ts";
import { failedProgram } from "#sandbox/file-session.ts";

import { createBoundedBytes } from "./bounded-bytes.ts";
import { refused } from "./container.ts";
import type { Container } from "./container.ts";
import { BEGIN_BYTE, createArchiveEnd, createDriverOutput, wholeArchive } from "./driver.ts";
import type { DriverEnd } from "./driver.ts";
import { endReason } from "./container-end.ts";
import type { EndReason } from "./container-end.ts";
import type { Engine } from "./engine.ts";
import type { EngineRefusal } from "./engine-call.ts";
import { createFrameReader } from "./frames.ts";
import type { OutputFrame } from "./frames.ts";
import { archiveBytesMax, leftOf } from "./left-files.ts";
import { createProgramOutput } from "./program-output.ts";

/** Longest that giving a program its files, or taking them from it, may take. */
export const FILES_MS_MAX = 60_000;
/** Longest that a program may take to begin once it has its files, its interpreter's start included. */
export const START_MS_MAX = 20_000;

/** What a container that is gone may still have in its pipes. */
const DRAIN_MS = 300;

export interface ContainedProgram {
  readonly container: Container;
  /** What the driver is given for this job. */
  readonly input: Uint8Array;
  readonly mark: string;
  readonly job: ProgramJob;
  readonly options: Parameters<RunProgram>[1];
  /** Asked all along whether it is there, and when the container has gone below the program why. */
  readonly engine: Pick<Engine, "silence" | "state" | "sawOutOfMemory">;
}

/**
 * Runs a program in its container, to its end and until its files are here, or until nobody wants more: it
 * does not end the container then, which whoever opened it does. Rejects with an AbortError when aborted.
 */
export const runContained = (what: ContainedProgram): Promise<Result<ProgramRun, EngineRefusal>> =>
  new ContainedRun(what).run();

type Stop = "deadline" | "output" | "files" | "aborted" | "not-begun" | "broken";

class ContainedRun {
  private readonly what: ContainedProgram;
  private readonly output;
  private readonly driver;
  /** The driver ends what is printed on standard error by a line of its own, too. */
  private readonly errors;
  private readonly collected;
  private readonly archiveEnd;
  private readonly reader = createFrameReader();
  private readonly stopped: Promise<void>;
  private settle: () => void = () => undefined;
  private why: Stop | null = null;
  private timer: NodeJS.Timeout | undefined;
  private saysFirst = true;
  private hasBegun = false;
  private hasEnded = false;

  constructor(what: ContainedProgram) {
    const { limits } = what.job;
    this.what = what;
    this.collected = createBoundedBytes(archiveBytesMax(limits));
    this.output = createProgramOutput(limits.outputBytesMax, what.options.onOutput);
    this.archiveEnd = createArchiveEnd(what.mark);
    this.driver = createDriverOutput(what.mark, (bytes) => {
      this.archiveEnd.push(bytes);
      if (!this.collected.add(bytes)) this.stop("files");
    });
    this.errors = createDriverOutput(what.mark, () => undefined);
    this.stopped = new Promise((resolve) => (this.settle = resolve));
  }

  async run(): Promise<Result<ProgramRun, EngineRefusal>> {
    const { signal } = this.what.options;
    const abort = (): void => this.stop("aborted");
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    this.limit(FILES_MS_MAX + START_MS_MAX, "not-begun");
    const end = await this.transfer();
    clearTimeout(this.timer);
    signal.removeEventListener("abort", abort);
    if (this.why === "aborted") throw abortError();
    return end.ok ? this.concluded() : end;
  }

  /** Only the first reason counts. */
  private stop(why: Stop): void {
    this.why ??= why;
    this.settle();
  }

  private limit(ms: number, why: Stop): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stop(why), ms);
  }

  /**
   * Sends the job and takes what comes, until the driver has said everything, somebody has enough or the engine
   * hangs, below which a program could seem to run until its deadline.
   */
  private async transfer(): Promise<Result<void, EngineRefusal>> {
    const { container, engine } = this.what;
    const { stream, gone } = container;
    const drained = new Promise<void>((resolve) => {
      stream.on("data", (chunk: Uint8Array) => this.take(chunk));
      stream.once("end", resolve);
      stream.once("close", resolve);
      // Some runtimes leave the connection of a container that is gone open for ever.
      void gone.then(() => setTimeout(resolve, DRAIN_MS));
    });
    stream.end(this.what.input);
    const over = new AbortController();
    const silence = engine.silence(over.signal).then((refusal) => failed(refusal));
    const enough = Promise.race([drained, this.stopped]).then(() => ok(undefined));
    const end = await Promise.race([enough, silence]);
    over.abort();
    return end;
  }

  private take(chunk: Uint8Array): void {
    if (this.why !== null || this.isWhole()) return;
    const frames = this.reader.push(chunk);
    if (frames === null) this.stop("broken");
    for (const { stream, bytes } of frames ?? []) {
      const isTaken = stream === "stderr" ? this.print(stream, this.errors.push(bytes)) : this.takeOut(bytes);
      if (!isTaken) this.stop("output");
    }
    if (this.isWhole()) this.settle();
  }

  /** Whether everything has come that an honest driver sends. What comes after that is none of it. */
  private isWhole(): boolean {
    return this.errors.end() !== null && this.archiveEnd.isThere();
  }

  private print(stream: OutputFrame["stream"], bytes: Uint8Array): boolean {
    return bytes.length === 0 || this.output.take({ stream, bytes });
  }

  private takeOut(said: Uint8Array): boolean {
    let bytes = said;
    if (this.saysFirst && bytes.length > 0) {
      this.saysFirst = false;
      if (bytes[0] === BEGIN_BYTE) {
        bytes = bytes.subarray(1);
        this.hasBegun = true;
        this.limit(this.what.options.timeoutMs, "deadline");
      }
    }
    const own = this.driver.push(bytes);
    if (!this.hasEnded && this.driver.end() !== null) {
      this.hasEnded = true;
      // A program can say so falsely. That gives it this much longer, at most, and only itself to harm.
      this.limit(FILES_MS_MAX, "deadline");
    }
    return this.print("stdout", own);
  }

  private async concluded(): Promise<Result<ProgramRun, EngineRefusal>> {
    this.print("stdout", this.driver.rest());
    this.print("stderr", this.errors.rest());
    const ending = { ...this.output.end(), exitCode: null, value: null, left: null, wallMs: 0 };
    const end = this.driver.end();
    switch (this.why) {
      case "not-begun":
        return refused(`a program did not begin within ${FILES_MS_MAX + START_MS_MAX} ms`);
      case "broken":
        return refused("it sent what is no output");
      case "deadline":
      case "output":
        return ok({ ...ending, ended: this.why });
      default:
        return end === null ? this.cutShort(ending) : this.exited(ending, end);
    }
  }

  /** The end of a program whose container went away below it. */
  private async cutShort(ending: Omit<ProgramRun, "ended">): Promise<Result<ProgramRun, EngineRefusal>> {
    const why = await this.whyGone();
    if (!why.ok) return why;
    if (!this.hasBegun && why.value !== "memory") return refused("a container did not take the run's files");
    return ok({ ...ending, ended: why.value });
  }

  private whyGone(): Promise<Result<EndReason, EngineRefusal>> {
    const { engine, container, options } = this.what;
    return endReason(engine, container, options.signal);
  }

  private async exited(
    ending: Omit<ProgramRun, "ended">,
    { exitCode, memoryKills }: DriverEnd,
  ): Promise<Result<ProgramRun, EngineRefusal>> {
    const { job, mark } = this.what;
    const end: ProgramRun = { ...ending, ended: "exited", exitCode };
    // Who goes on without the process that was ended, and ends well, has only met its limit.
    if (exitCode !== 0 && (memoryKills > 0 || ranOutOfHeap(end, job)))
      return ok({ ...end, ended: "memory", exitCode: null });
    if (this.collected.isFull()) return ok(unkept(end, "its files are more than a run may have"));
    const archive = wholeArchive(this.collected.all(), mark);
    if (archive === null) {
      // A kernel of its own can end all at once, also while the files are collected.
      const why = await this.whyGone();
      if (!why.ok) return why;
      return ok(
        why.value === "crashed"
          ? unkept(end, "its files cannot all be read")
          : { ...end, ended: why.value, exitCode: null },
      );
    }
    const found = leftOf(archive, job);
    if (!found.ok) return ok(unkept(end, found.fault));
    return ok({ ...end, value: exitCode === 0 ? found.value.value : null, left: found.value.left });
  }
}

const unkept = (end: ProgramRun, why: string): ProgramRun => ({
  ...failedProgram(end, why),
  left: { written: [], removed: [] },
});

const ABORTED = 134;

/** V8 ends its process by itself at the limit that it was given. A program can say so falsely, to its own harm. */
const ranOutOfHeap = (end: ExecResult, { program }: ProgramJob): boolean =>
  program.kind === "javascript" &&
  end.exitCode === ABORTED &&
  end.stderr.includes("JavaScript heap out of memory");
