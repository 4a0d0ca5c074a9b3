import type { Sha256 } from "#kernel/digest.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";

/**
 * A wall around programs that nobody trusts. A provider opens sessions of one tier; a session
 * holds one run's files in its working folder and runs programs over them. No session has a
 * network, an environment variable of ours, or a file of the host.
 *
 * A program that fails is a value (`exitCode`, `ended`); a wall that fails is a fault. Provider
 * failures never look like a program's output.
 *
 * Not promised: that processes survive between two `exec` calls, or any order among files.
 */
export interface SandboxProvider {
  readonly tier: SandboxTier;
  /** Whether this engine can be used here and now, and why not. Never throws. */
  probe(signal: AbortSignal): Promise<Result<SandboxProbe, SandboxFault>>;
  /** Opens a session that holds `files`. Aborting leaves nothing behind. */
  open(request: SandboxRequest, signal: AbortSignal): Promise<Result<SandboxSession, SandboxFault>>;
}

export interface SandboxProbe {
  readonly tier: SandboxTier;
  /** Name and version of the engine. */
  readonly engine: string;
  /** Each limit with how it was shown, for people. */
  readonly limits: readonly { readonly name: string; readonly shown: string }[];
}

export interface SandboxRequest {
  readonly files: readonly SandboxFile[];
  readonly limits: SandboxLimits;
}

export interface SandboxFile {
  /** Relative to the working folder, `/`-separated, no empty, `.` or `..` part, at most 1,024 bytes of UTF-8. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

export interface SandboxLimits {
  readonly memoryBytesMax: number;
  /** All files of the working folder together. */
  readonly fileBytesMax: number;
  readonly filesMax: number;
  /** Standard output and standard error of one program, each. What is beyond is dropped and counted. */
  readonly outputBytesMax: number;
}

export interface SandboxSession {
  readonly tier: SandboxTier;
  readonly programs: readonly SandboxProgram["kind"][];
  /** Runs one program to its end, its deadline or the abort, whichever is first; by then it is gone. */
  exec(program: SandboxProgram, options: ExecOptions): Promise<Result<ExecResult, SandboxFault>>;
  readFile(
    path: string,
    options: { readonly bytesMax: number; readonly signal: AbortSignal },
  ): Promise<Result<Uint8Array, SandboxFault>>;
  /** Creates folders as needed and replaces the file whole. */
  writeFile(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<Result<void, SandboxFault>>;
  /** Every file below `path` (`.` for all), sorted by code units. */
  listFiles(path: string, signal: AbortSignal): Promise<Result<readonly SandboxFileInfo[], SandboxFault>>;
  /** What differs from the files at `open`, with the bytes of what is new; removed files have none. */
  changes(signal: AbortSignal): Promise<Result<readonly SandboxChange[], SandboxFault>>;
  /** Ends everything inside and waits until it is gone. Safe to call twice; never throws. */
  close(): Promise<void>;
}

export type SandboxProgram =
  | { readonly kind: "javascript"; readonly code: string }
  | { readonly kind: "shell"; readonly command: string };

export interface ExecOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void;
}

export interface ExecResult {
  /** Null when the program was ended from outside. */
  readonly exitCode: number | null;
  readonly ended: "exited" | "deadline" | "memory" | "output" | "crashed";
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes that were dropped beyond the output limit. */
  readonly droppedBytes: number;
  /** For JavaScript the completion value as canonical JSON text, or null. */
  readonly value: string | null;
  readonly wallMs: number;
}

export interface SandboxFileInfo {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface SandboxChange {
  readonly path: string;
  readonly kind: "created" | "changed" | "removed";
  readonly bytes: Uint8Array | null;
  readonly digest: Sha256 | null;
}

export type SandboxFault = Fault<
  | "SANDBOX_UNAVAILABLE"
  | "SANDBOX_UNSUPPORTED"
  | "SANDBOX_LOST"
  | "SANDBOX_NO_SUCH_FILE"
  | "SANDBOX_NOT_A_FILE"
  | "SANDBOX_BAD_PATH"
  | "SANDBOX_TOO_LARGE"
>;
