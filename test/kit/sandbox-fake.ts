import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { throwIfAborted } from "#kernel/abort.ts";
import { utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { JsonValue } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type {
  ExecOptions,
  ExecResult,
  SandboxChange,
  SandboxFault,
  SandboxLimits,
  SandboxProgram,
  SandboxProvider,
  SandboxSession,
} from "#ports/sandbox.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { createFileSet, writtenOf } from "#sandbox/file-set.ts";
import type { FileSet } from "#sandbox/file-set.ts";
import { guardedFiles, programFiles, takeOver } from "#sandbox/hidden-files.ts";
import type { TakenOver } from "#sandbox/hidden-files.ts";

/** What a program for the fake does, one step after the other. */
export type FakeStep =
  | { readonly k: "print"; readonly stream: "stdout" | "stderr"; readonly text: string }
  /** Prints a file's text and a line feed. */
  | { readonly k: "print-file"; readonly path: string }
  /** Prints the names of the files below a folder, a line each. */
  | { readonly k: "print-list"; readonly path: string }
  | { readonly k: "write"; readonly path: string; readonly text: string }
  | { readonly k: "allocate"; readonly bytes: number }
  /** Ends the program's process, and nobody says who did. */
  | { readonly k: "be-killed" }
  /** Never goes on. */
  | { readonly k: "hang" }
  /** Ends the program with exit code 1. */
  | { readonly k: "fail"; readonly message: string }
  /** Ends the program with a value. */
  | { readonly k: "return"; readonly value: JsonValue };

/** The program of kind `javascript` whose code the fake understands: its steps. */
export const fakeProgram = (...steps: readonly FakeStep[]): SandboxProgram => ({
  kind: "javascript",
  code: JSON.stringify(steps),
});

/** For programs that may see and change every file. */
export const everyFile: Pick<ExecOptions, "hidden" | "mayKeep"> = {
  hidden: new Set(),
  mayKeep: () => Promise.resolve(true),
};

/**
 * A sandbox without a wall, for tests of what stands above one. It keeps files and limits as every
 * tier does and runs programs that are lists of steps. One that cannot hide files refuses to.
 */
export const createFakeSandbox = (
  tier: SandboxTier = "wasm",
  { hidesFiles }: { readonly hidesFiles: boolean } = { hidesFiles: true },
): SandboxProvider => ({
  tier,
  probe: async (signal) => {
    throwIfAborted(signal);
    return ok({ tier, engine: "fake 1", limits: [{ name: "none", shown: "it is a fake and has no wall" }] });
  },
  open: async (request, signal) => {
    throwIfAborted(signal);
    const files = createFileSet(request.files, request.limits);
    return files.ok ? ok(new FakeSession(tier, files.value, request.limits, hidesFiles)) : files;
  },
});

class FakeSession implements SandboxSession {
  readonly tier: SandboxTier;
  readonly programs = ["javascript"] as const;
  private files: FileSet;
  private readonly limits: SandboxLimits;
  private readonly hidesFiles: boolean;
  private readonly closing = new AbortController();
  private last: Promise<unknown> = Promise.resolve();

  constructor(tier: SandboxTier, files: FileSet, limits: SandboxLimits, hidesFiles: boolean) {
    this.tier = tier;
    this.files = files;
    this.limits = limits;
    this.hidesFiles = hidesFiles;
  }

  exec(program: SandboxProgram, options: ExecOptions): Promise<Result<ExecResult, SandboxFault>> {
    const run = this.last.then(() => this.run(program, options));
    this.last = run.catch(() => undefined);
    return run;
  }

  private async run(
    program: SandboxProgram,
    options: ExecOptions,
  ): Promise<Result<ExecResult, SandboxFault>> {
    throwIfAborted(options.signal);
    if (this.closing.signal.aborted) return closed();
    if (program.kind !== "javascript") return failed(fault("SANDBOX_UNSUPPORTED", "the fake has no shell"));
    if (!this.hidesFiles && options.hidden.size > 0) {
      return failed(fault("SANDBOX_UNSUPPORTED", "the fake cannot hide files"));
    }
    const given = programFiles(this.files, this.limits, options.hidden);
    const trial = createFileSet(given.files, given.limits);
    if (!trial.ok) return trial;
    const job = new FakeJob(guardedFiles(trial.value, given.hidden), this.limits, options);
    const ended = await job.run(JSON.parse(program.code) as readonly FakeStep[], this.closing.signal);
    if (this.closing.signal.aborted) return closed();
    if (ended === "exited") {
      const taken = takeOver(this.files, writtenOf(trial.value.changes()), options.hidden);
      if (!taken.ok) return taken;
      try {
        await this.keep(taken.value, options);
      } catch (error) {
        if (this.closing.signal.aborted && !options.signal.aborted) return closed();
        throw error;
      }
    }
    return ok({
      exitCode: ended === "exited" ? job.exitCode : null,
      ended,
      stdout: job.stdout.text,
      stderr: job.stderr.text,
      droppedBytes: job.stdout.droppedBytes + job.stderr.droppedBytes,
      value: ended === "exited" ? job.value : null,
      wallMs: 0,
    });
  }

  private async keep({ files, changes }: TakenOver, { mayKeep, signal }: ExecOptions): Promise<void> {
    const either = AbortSignal.any([signal, this.closing.signal]);
    if (changes.length === 0 || !(await mayKeep(changes, either))) return;
    throwIfAborted(either);
    this.files = files;
  }

  async readFile(
    path: string,
    options: { readonly bytesMax: number; readonly signal: AbortSignal },
  ): Promise<Result<Uint8Array, SandboxFault>> {
    throwIfAborted(options.signal);
    if (this.closing.signal.aborted) return closed();
    const read = this.files.read(path);
    if (read.ok && read.value.length > options.bytesMax) {
      return failed(fault("SANDBOX_TOO_LARGE", `at most ${options.bytesMax} bytes were asked for`));
    }
    return read;
  }

  async writeFile(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Result<void, SandboxFault>> {
    throwIfAborted(signal);
    await this.last;
    return this.closing.signal.aborted ? closed() : this.files.write(path, bytes.slice());
  }

  async listFiles(path: string, signal: AbortSignal): ReturnType<SandboxSession["listFiles"]> {
    throwIfAborted(signal);
    return this.closing.signal.aborted ? closed() : this.files.list(path);
  }

  async changes(signal: AbortSignal): Promise<Result<readonly SandboxChange[], SandboxFault>> {
    throwIfAborted(signal);
    if (this.closing.signal.aborted) return closed();
    return ok(
      this.files
        .changes()
        .map((change) => ({ ...change, digest: change.bytes === null ? null : digest(change.bytes) })),
    );
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.last;
  }
}

type Files = ReturnType<typeof guardedFiles>;

class FakeJob {
  readonly stdout = { text: "", droppedBytes: 0, bytes: 0 };
  readonly stderr = { text: "", droppedBytes: 0, bytes: 0 };
  exitCode = 0;
  value: string | null = null;
  private readonly files: Files;
  private readonly limits: SandboxLimits;
  private readonly options: ExecOptions;

  constructor(files: Files, limits: SandboxLimits, options: ExecOptions) {
    this.files = files;
    this.limits = limits;
    this.options = options;
  }

  async run(steps: readonly FakeStep[], closing: AbortSignal): Promise<ExecResult["ended"]> {
    for (const step of steps) {
      switch (step.k) {
        case "print":
          this.print(step.stream, step.text);
          break;
        case "print-file": {
          const read = this.files.read(step.path);
          if (!read.ok) return this.fail(read.fault.message);
          this.print("stdout", `${new TextDecoder().decode(read.value)}\n`);
          break;
        }
        case "print-list": {
          const listed = this.files.list(step.path);
          if (!listed.ok) return this.fail(listed.fault.message);
          for (const { path } of listed.value) this.print("stdout", `${path}\n`);
          break;
        }
        case "write": {
          const written = this.files.write(step.path, utf8(step.text));
          if (!written.ok) return this.fail(written.fault.message);
          break;
        }
        case "allocate":
          if (step.bytes > this.limits.memoryBytesMax) return "memory";
          break;
        case "be-killed":
          return "killed";
        case "hang":
          await this.hang(closing);
          return "deadline";
        case "fail":
          return this.fail(step.message);
        case "return":
          this.value = canonicalJson(step.value);
          return "exited";
      }
    }
    return "exited";
  }

  private fail(message: string): "exited" {
    this.exitCode = 1;
    this.print("stderr", `${message}\n`);
    return "exited";
  }

  private async hang(closing: AbortSignal): Promise<void> {
    const ends = AbortSignal.any([closing, this.options.signal]);
    await delay(this.options.timeoutMs, undefined, { signal: ends }).catch(() => undefined);
    throwIfAborted(this.options.signal);
  }

  private print(stream: "stdout" | "stderr", text: string): void {
    const output = this[stream];
    for (const character of text) {
      const bytes = utf8(character).length;
      if (output.droppedBytes > 0 || output.bytes + bytes > this.limits.outputBytesMax) {
        output.droppedBytes += bytes;
        continue;
      }
      output.bytes += bytes;
      output.text += character;
      this.options.onOutput?.(stream, character);
    }
  }
}

const digest = (bytes: Uint8Array): Sha256 => sha256OfBytes(createHash("sha256").update(bytes).digest());

const closed = (): Result<never, SandboxFault> =>
  failed(fault("SANDBOX_LOST", "the sandbox session is closed"));
