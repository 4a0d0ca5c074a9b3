import type { Sha256 } from "#kernel/digest.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";

/**
 * A wall around programs that nobody trusts. A provider opens sessions of one tier; a session
 * holds one run's files in its working folder and runs programs over them. No session has a
 * network, an environment variable of ours, or a file of the host.
 *
 * A program that fails is a value (`exitCode`, `ended`); a wall that fails is a fault. Provider
 * failures never look like a program's output or end, and none ends the session: the next program
 * finds the files as they were before the one that was lost. Which fault it is says what to expect
 * of the next one: after `SANDBOX_PROGRAM_LOST` it can run, as after a program that `crashed` or was `killed`; after
 * `SANDBOX_LOST` or `SANDBOX_UNAVAILABLE` none will, unless somebody brings the engine back.
 *
 * Not promised: that processes survive between two `exec` calls, that a program keeps time or
 * chance that anyone could predict, or that a tier runs every kind of program.
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
  /** Whose programs these are. What an earlier session of the same run left when its process died is gone by the time that this one is open. */
  readonly run?: RunId;
  readonly files: readonly SandboxFile[];
  readonly limits: SandboxLimits;
}

export interface SandboxFile {
  /** Relative to the working folder, in the one form that `runFilePath` of the sandbox room gives. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

export interface SandboxLimits {
  /** What a program may allocate; the engine's own needs come on top. */
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
  /**
   * Runs one program to its end, its deadline or the abort, whichever is first; by then it is gone.
   * Programs run one at a time: a second call waits for the first. A program keeps its changes to
   * files when it `exited`, whatever its exit code, what it left are files of a run within the limits,
   * and `mayKeep` agrees; in every other case they are as if it had never run. Rejects with an AbortError when aborted,
   * unless nobody can say whether the program is gone: that is `SANDBOX_LOST`, then as at its deadline.
   */
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
  /** Counted from the program's first instruction; starting the engine has a limit of its own. At least 1. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * Files of the session that are none to this program: not there when it reads or lists, and an
   * error to write over, to write below or to put in place of their folder. They stay as they are. Where
   * a tier can tell only afterwards, the program has failed then and nothing of it is kept. A session that cannot do this refuses with `SANDBOX_UNSUPPORTED` unless there are none.
   */
  readonly hidden: ReadonlySet<string>;
  /**
   * Asked at most once, when the program `exited` and has changed something: whether that is kept, all
   * of it or nothing. A rejection keeps nothing, and is passed on. Whoever is asked must not wait for
   * the session, which waits for the answer.
   */
  readonly mayKeep: (changes: readonly ProgramChange[], signal: AbortSignal) => Promise<boolean>;
  /** Output within the limit as it comes, as untrusted as the program. */
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void;
}

/** What a program did to a file, compared with what the file was before it; removed files have no bytes. */
export type ProgramChange = Omit<SandboxChange, "digest">;

export interface ExecResult {
  /** Null unless the program `exited`. */
  readonly exitCode: number | null;
  /**
   * `exited` by itself, also by an error of its own; at its `deadline`; for want of `memory`; for
   * `output` far beyond the limit, where a tier cannot drop it cheaply; `crashed`, taking its
   * process along; or `killed`, when that process was and nobody says why, as a kernel in want of
   * memory does at times. Neither is ever said of a program that ended because its engine did.
   */
  readonly ended: "exited" | "deadline" | "memory" | "output" | "crashed" | "killed";
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes that were dropped beyond the output limit; of a program that was killed, those that are known. */
  readonly droppedBytes: number;
  /** For JavaScript that exited with 0 the completion value as canonical JSON text, or null where it has none. */
  readonly value: string | null;
  /** From the call to the end, the engine's start included. */
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
  /** The engine is missing here or does not hold its limits. */
  | "SANDBOX_UNAVAILABLE"
  /** This tier does not do that. */
  | "SANDBOX_UNSUPPORTED"
  /** The engine is gone, going, or silent, so that no program runs any more; or the session is closed. */
  | "SANDBOX_LOST"
  /** The engine is there, but broke its rules for this one program. */
  | "SANDBOX_PROGRAM_LOST"
  | "SANDBOX_NO_SUCH_FILE"
  /** A folder stands where a file was meant, or a file where a folder was. */
  | "SANDBOX_NOT_A_FILE"
  | "SANDBOX_BAD_PATH"
  /** More bytes or files than a limit allows; the message names the limit. */
  | "SANDBOX_TOO_LARGE"
>;
