import { throwIfAborted } from "#kernel/abort.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { readJson } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type {
  ExecOptions,
  ExecResult,
  SandboxChange,
  SandboxFault,
  SandboxFileInfo,
  SandboxLimits,
  SandboxProgram,
  SandboxSession,
} from "#ports/sandbox.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";

import type { FileContent, FileSet } from "./file-set.ts";
import { programFiles, takeOver } from "./hidden-files.ts";
import type { ProgramFiles } from "./hidden-files.ts";
import { createTurns } from "./turns.ts";

/** A program with the files that it is given and the limits that it has to itself. */
export type ProgramJob = Omit<ProgramFiles, "limits"> & {
  readonly program: SandboxProgram;
  readonly limits: SandboxLimits;
};

/** How a program ended, and what it left of its own where it `exited`. */
export interface ProgramRun extends ExecResult {
  /** JSON text as the program's side made it. */
  readonly value: string | null;
  /** Null unless the program `exited`. */
  readonly left: LeftFiles | null;
}

export interface LeftFiles {
  /** Files that differ from those it was given, and any others beside them. */
  readonly written: readonly FileContent[];
  readonly removed: readonly string[];
}

/** Runs a program over files where it cannot reach anything else; by the time it settles the program is gone. */
export type RunProgram = (
  job: ProgramJob,
  options: Pick<ExecOptions, "timeoutMs" | "signal" | "onOutput">,
) => Promise<Result<ProgramRun, SandboxFault>>;

export interface FileSessionOptions {
  readonly tier: SandboxTier;
  readonly programs: readonly SandboxProgram["kind"][];
  readonly files: FileSet;
  readonly limits: SandboxLimits;
  readonly runProgram: RunProgram;
  /** Gives back what is kept for further programs, when the session is closed. Never throws. */
  readonly release?: () => Promise<void>;
  readonly crypto: Pick<Crypto, "sha256">;
  /**
   * What an outcome beyond the limits means. Where the tier's own code keeps a program within them, that
   * code is not ours any more: the sandbox is `lost`. Elsewhere it is the program that has `failed`.
   */
  readonly beyondLimits: "lost" | "failed";
}

/**
 * A session whose files live here, in the host, as bytes. Each program gets a copy of those that are
 * not hidden from it and gives back what it changed, which is taken over whole or not at all. Between
 * programs nothing of a program is anywhere.
 */
export class FileSession implements SandboxSession {
  readonly tier: SandboxTier;
  readonly programs: readonly SandboxProgram["kind"][];
  private readonly options: FileSessionOptions;
  private readonly closing = new AbortController();
  private files: FileSet;
  /** No file changes below a program that runs. */
  private readonly turns = createTurns();

  constructor(options: FileSessionOptions) {
    this.tier = options.tier;
    this.programs = options.programs;
    this.options = options;
    this.files = options.files;
  }

  exec(program: SandboxProgram, options: ExecOptions): Promise<Result<ExecResult, SandboxFault>> {
    return this.inTurn(options.signal, () =>
      this.programs.includes(program.kind)
        ? this.run(program, options)
        : Promise.resolve(
            failed(
              fault(
                "SANDBOX_UNSUPPORTED",
                `a sandbox of the tier ${this.tier} runs no ${program.kind} programs`,
              ),
            ),
          ),
    );
  }

  readFile(
    path: string,
    options: { readonly bytesMax: number; readonly signal: AbortSignal },
  ): Promise<Result<Uint8Array, SandboxFault>> {
    return this.inTurn(options.signal, () => {
      const read = this.files.read(path);
      if (!read.ok) return read;
      if (read.value.length > options.bytesMax) {
        const why = `the file has ${read.value.length} bytes, at most ${options.bytesMax} are read`;
        return failed(fault("SANDBOX_TOO_LARGE", why));
      }
      return ok(read.value.slice());
    });
  }

  writeFile(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Result<void, SandboxFault>> {
    const copy = bytes.slice();
    return this.inTurn(signal, () => this.files.write(path, copy));
  }

  listFiles(path: string, signal: AbortSignal): Promise<Result<readonly SandboxFileInfo[], SandboxFault>> {
    return this.inTurn(signal, () => this.files.list(path));
  }

  changes(signal: AbortSignal): Promise<Result<readonly SandboxChange[], SandboxFault>> {
    return this.inTurn(signal, () =>
      ok(
        this.files.changes().map(({ path, kind, bytes }): SandboxChange => {
          if (bytes === null) return { path, kind, bytes, digest: null };
          return {
            path,
            kind,
            bytes: bytes.slice(),
            digest: sha256OfBytes(this.options.crypto.sha256(bytes)),
          };
        }),
      ),
    );
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.turns.all();
    await this.options.release?.();
  }

  private inTurn<T>(
    signal: AbortSignal,
    act: () => Result<T, SandboxFault> | Promise<Result<T, SandboxFault>>,
  ): Promise<Result<T, SandboxFault>> {
    return this.turns.take(signal, () => (this.closing.signal.aborted ? CLOSED : act()));
  }

  private async run(
    program: SandboxProgram,
    options: ExecOptions,
  ): Promise<Result<ExecResult, SandboxFault>> {
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    const given = programFiles(this.files, this.options.limits, options.hidden);
    const limits = { ...this.options.limits, ...given.limits };
    try {
      const end = await this.options.runProgram({ ...given, program, limits }, { ...options, signal });
      return end.ok ? await this.concluded(end.value, { ...options, signal }) : end;
    } catch (error) {
      // Closing ends a program as an abort does, but nobody cancelled this call.
      if (this.closing.signal.aborted && !options.signal.aborted) return CLOSED;
      throw error;
    }
  }

  private async concluded(
    { left, ...end }: ProgramRun,
    { hidden, mayKeep, signal }: ExecOptions,
  ): Promise<Result<ExecResult, SandboxFault>> {
    if (left === null || end.ended !== "exited") return ok({ ...end, exitCode: null, value: null });
    const taken = takeOver(this.files, left.written, hidden, left.removed);
    const value = end.value === null ? ok(null) : canonical(end.value);
    if (!taken.ok) return this.beyondLimits(end, taken.fault);
    if (!value.ok) return this.beyondLimits(end, fault("SANDBOX_UNSUPPORTED", "its value is no JSON"));
    const { files, changes } = taken.value;
    if (changes.length > 0 && (await mayKeep(changes, signal))) {
      throwIfAborted(signal);
      this.files = files;
    }
    return ok({ ...end, value: value.value });
  }

  private beyondLimits(end: ExecResult, { message }: Fault<string>): Result<ExecResult, SandboxFault> {
    return this.options.beyondLimits === "failed"
      ? ok(failedProgram(end, message))
      : failed(fault("SANDBOX_PROGRAM_LOST", "the sandbox's process gave an answer that breaks its limits"));
  }
}

/** The end of a program whose changes cannot be kept, which it is told like an error of its own. */
export const failedProgram = (end: ExecResult, why: string): ExecResult => ({
  ...end,
  exitCode: end.exitCode === null || end.exitCode === 0 ? 1 : end.exitCode,
  value: null,
  stderr: `${end.stderr}${end.stderr === "" || end.stderr.endsWith("\n") ? "" : "\n"}nothing that the program changed is kept: ${why}\n`,
});

const CLOSED: Result<never, SandboxFault> = failed(fault("SANDBOX_LOST", "the sandbox session is closed"));

const canonical = (text: string): Result<string, string> => {
  const read = readJson(text);
  return read.ok ? ok(canonicalJson(read.value)) : failed(read.detail);
};
