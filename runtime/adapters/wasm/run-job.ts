import type { ChildProcess } from "node:child_process";

import { abortError, throwIfAborted } from "#kernel/abort.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { ExecOptions, ExecResult, SandboxFault } from "#ports/sandbox.ts";

import { EXIT } from "./exit-codes.ts";
import { createFrameReader } from "./frames.ts";
import type { Frame } from "./frames.ts";
import { answerBytesMax, decodeAnswer, encodeJob } from "./messages.ts";
import type { Answer, Job } from "./messages.ts";
import { startSandboxProcess, unnameablePath } from "./sandbox-process.ts";
import type { SandboxProgramFiles } from "./sandbox-process.ts";

/** Longest that a process may take to begin with its program, where nobody says otherwise. */
export const START_MS_MAX_DEFAULT = 10_000;

/**
 * How long after the deadline a process is killed. The interpreter ends a program at the deadline
 * by itself, and then tells what it printed; some of its built-in functions cannot be interrupted.
 */
const KILL_AFTER_MS = 250;

export interface JobEnd extends Pick<ExecResult, "ended" | "stdout" | "stderr"> {
  /** What the process said last; null when it was killed or crashed, and then `ended` says which. */
  readonly answer: Answer | null;
}

export interface JobOptions extends Pick<ExecOptions, "signal" | "onOutput"> {
  readonly startMsMax: number;
}

/**
 * Runs one job in a process of its own. When this settles, the process is gone. Rejects with an
 * AbortError when aborted.
 */
export const runJob = async (
  files: SandboxProgramFiles,
  job: Omit<Job, "parentPid">,
  options: JobOptions,
): Promise<Result<JobEnd, SandboxFault>> => {
  throwIfAborted(options.signal);
  const wildcard = unnameablePath(files);
  if (wildcard !== null) return unavailable("it is installed below a folder whose name has a `*`");
  const child = startSandboxProcess(files, {
    memoryBytesMax: job.limits.memoryBytesMax,
    fileBytesMax: job.limits.fileBytesMax,
    cpuSecondsMax: Math.ceil((options.startMsMax + 2 * job.timeoutMs) / 1_000),
  });
  const watched = new WatchedJob(child, job, options);
  const abort = (): void => watched.stop("aborted");
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    child.stdin?.end(encodeJob({ ...job, parentPid: process.pid }));
    return await watched.end();
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
};

type Stop = "aborted" | "answered" | "broken" | "deadline" | "not-started";

/** Reads what the process writes, and kills it as soon as nothing good can come of it any more. */
class WatchedJob {
  private readonly child: ChildProcess;
  private readonly job: Pick<Job, "limits" | "timeoutMs">;
  private readonly options: JobOptions;
  private readonly gone: Promise<ProcessEnd>;
  private readonly output = { stdout: "", stderr: "" };
  private readonly decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  private timer: NodeJS.Timeout;
  private started = false;
  private answer: Answer | null = null;
  private stopped: Stop | null = null;

  constructor(child: ChildProcess, job: Pick<Job, "limits" | "timeoutMs">, options: JobOptions) {
    this.child = child;
    this.job = job;
    this.options = options;
    this.gone = goneOf(child);
    const reader = createFrameReader({
      started: 0,
      stdout: job.limits.outputBytesMax,
      stderr: job.limits.outputBytesMax,
      answer: answerBytesMax(job.limits),
    });
    this.timer = setTimeout(() => this.stop("not-started"), options.startMsMax);
    // It may be gone before it has read everything; that shows in how it ends.
    child.stdin?.on("error", () => undefined);
    child.stdout?.on("data", (chunk: Uint8Array) => {
      const frames = this.stopped === null ? reader.push(chunk) : [];
      if (frames === null || !frames.every((frame) => this.take(frame))) this.stop("broken");
    });
  }

  /** Kills the process; only the first reason counts. */
  stop(why: Stop): void {
    this.stopped ??= why;
    clearTimeout(this.timer);
    killGroup(this.child);
  }

  async end(): Promise<Result<JobEnd, SandboxFault>> {
    const end = await this.gone;
    clearTimeout(this.timer);
    switch (this.stopped) {
      case "aborted":
        throw abortError();
      case "answered":
        return ok({ ...this.output, ended: this.answer?.ended ?? "crashed", answer: this.answer });
      case "deadline":
        return ok({ ...this.output, ended: "deadline", answer: null });
      case "broken":
        return lost("its process wrote what it never should, and was killed", { retryable: false });
      case "not-started":
        return lost(`its process did not begin within ${this.options.startMsMax} ms`);
      case null:
        return this.started ? ok({ ...this.output, ended: endedBy(end), answer: null }) : neverBegan(end);
    }
  }

  /** False for a frame that cannot come now. */
  private take(frame: Frame): boolean {
    if (this.started === (frame.kind === "started")) return false;
    switch (frame.kind) {
      case "started":
        this.started = true;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.stop("deadline"), this.job.timeoutMs + KILL_AFTER_MS);
        return true;
      case "stdout":
      case "stderr": {
        const text = this.decoders[frame.kind].decode(frame.bytes, { stream: true });
        this.output[frame.kind] += text;
        this.options.onOutput?.(frame.kind, text);
        return true;
      }
      case "answer":
        this.answer = decodeAnswer(frame.bytes, this.job.limits);
        if (this.answer === null) return false;
        this.stop("answered");
        return true;
    }
  }
}

type ProcessEnd =
  | { readonly k: "never-was"; readonly code: string }
  | { readonly k: "exited"; readonly exitCode: number | null; readonly signal: NodeJS.Signals | null };

const goneOf = (child: ChildProcess): Promise<ProcessEnd> =>
  new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) resolve({ k: "never-was", code: error.code ?? "unknown" });
    });
    child.once("close", (exitCode, signal) => resolve({ k: "exited", exitCode, signal }));
  });

/** Of a process that we did not end. */
const endedBy = (end: ProcessEnd): "crashed" | "killed" =>
  end.k === "exited" && end.signal === "SIGKILL" ? "killed" : "crashed";

/** The process leads a group of its own, so this also ends what it may have started. */
const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  if (process.platform === "win32") {
    child.kill("SIGKILL");
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is there once the process runs; before that there is only the process.
    child.kill("SIGKILL");
  }
};

/** What Node exits with when it does not know a flag. */
const EXIT_BAD_FLAG = 9;

const neverBegan = (end: ProcessEnd): Result<never, SandboxFault> => {
  if (end.k === "never-was") return unavailable(`its process cannot be started (${end.code})`);
  if (end.exitCode === EXIT.noWalls || end.exitCode === EXIT_BAD_FLAG) {
    return unavailable(`this Node (${process.version}) does not hold the walls that its process needs`);
  }
  return lost(`its process ended before the program began (exit code ${String(end.exitCode)})`);
};

const unavailable = (why: string): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", `the embedded sandbox cannot be used here: ${why}`, {
      help: "run on Node 22.15 or later, or use a container tier",
    }),
  );

const lost = (why: string, { retryable } = { retryable: true }): Result<never, SandboxFault> =>
  failed(fault("SANDBOX_PROGRAM_LOST", `the embedded sandbox lost its program: ${why}`, { retryable }));
