import { throwIfAborted } from "#kernel/abort.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { sha256OfBytes } from "#kernel/digest.ts";
import { readJson } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
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
import type { FileSet } from "#sandbox/file-set.ts";
import { programFiles, takeOver } from "#sandbox/hidden-files.ts";
import type { ProgramFiles } from "#sandbox/hidden-files.ts";

import type { JobEnd } from "./run-job.ts";
import { createTurns } from "./turns.ts";

/** Runs a program over files in a process of its own; the files of the answer are those that differ. */
export type RunProgram = (
  program: ProgramFiles & { readonly code: string; readonly limits: SandboxLimits },
  options: Pick<ExecOptions, "timeoutMs" | "signal" | "onOutput">,
) => Promise<Result<TimedEnd, SandboxFault>>;

type TimedEnd = JobEnd & { readonly wallMs: number };

/**
 * A session whose files live here, in the host, as bytes. Each program gets a copy of those that are
 * not hidden from it and gives back what it changed, which is taken over whole or not at all. Between
 * programs there is no process.
 */
export class WasmSession implements SandboxSession {
  readonly tier = "wasm";
  readonly programs = ["javascript"] as const;
  private readonly runProgram: RunProgram;
  private readonly crypto: Pick<Crypto, "sha256">;
  private readonly limits: SandboxLimits;
  private readonly closing = new AbortController();
  private files: FileSet;
  /** No file changes below a program that runs. */
  private readonly turns = createTurns();

  constructor(options: {
    readonly files: FileSet;
    readonly limits: SandboxLimits;
    readonly runProgram: RunProgram;
    readonly crypto: Pick<Crypto, "sha256">;
  }) {
    this.files = options.files;
    this.limits = options.limits;
    this.runProgram = options.runProgram;
    this.crypto = options.crypto;
  }

  exec(program: SandboxProgram, options: ExecOptions): Promise<Result<ExecResult, SandboxFault>> {
    return this.inTurn(options.signal, () =>
      program.kind === "javascript"
        ? this.run(program.code, options)
        : Promise.resolve(failed(fault("SANDBOX_UNSUPPORTED", "the embedded sandbox runs JavaScript only"))),
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
        this.files.changes().map(({ path, kind, bytes }) => ({
          path,
          kind,
          bytes: bytes.slice(),
          digest: sha256OfBytes(this.crypto.sha256(bytes)),
        })),
      ),
    );
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.turns.all();
  }

  private inTurn<T>(
    signal: AbortSignal,
    act: () => Result<T, SandboxFault> | Promise<Result<T, SandboxFault>>,
  ): Promise<Result<T, SandboxFault>> {
    return this.turns.take(signal, () => (this.closing.signal.aborted ? CLOSED : act()));
  }

  private async run(code: string, options: ExecOptions): Promise<Result<ExecResult, SandboxFault>> {
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    const given = programFiles(this.files, this.limits, options.hidden);
    const limits = { ...this.limits, ...given.limits };
    try {
      const end = await this.runProgram({ ...given, code, limits }, { ...options, signal });
      return end.ok ? await this.concluded(end.value, { ...options, signal }) : end;
    } catch (error) {
      // Closing ends a program as an abort does, but nobody cancelled this call.
      if (this.closing.signal.aborted && !options.signal.aborted) return CLOSED;
      throw error;
    }
  }

  private async concluded(
    end: TimedEnd,
    { hidden, mayKeep, signal }: ExecOptions,
  ): Promise<Result<ExecResult, SandboxFault>> {
    const { answer, ended, stdout, stderr, wallMs } = end;
    const common = { ended, stdout, stderr, wallMs, droppedBytes: answer?.droppedBytes ?? 0 };
    if (answer === null || ended !== "exited") return ok({ ...common, exitCode: null, value: null });
    const taken = takeOver(this.files, answer.files, hidden);
    const value = answer.value === null ? ok(null) : canonical(answer.value);
    // The process keeps the same limits, so whatever breaks them did not come from our code in it.
    if (!taken.ok || !value.ok) {
      return failed(fault("SANDBOX_LOST", "the sandbox's process gave an answer that breaks its limits"));
    }
    const { files, changes } = taken.value;
    if (changes.length > 0 && (await mayKeep(changes, signal))) {
      throwIfAborted(signal);
      this.files = files;
    }
    return ok({ ...common, exitCode: answer.exitCode, value: value.value });
  }
}

const CLOSED: Result<never, SandboxFault> = failed(fault("SANDBOX_LOST", "the sandbox session is closed"));

const canonical = (text: string): Result<string, string> => {
  const read = readJson(text);
  return read.ok ? ok(canonicalJson(read.value)) : failed(read.detail);
};
