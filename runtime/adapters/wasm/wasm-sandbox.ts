import { readFile } from "node:fs/promises";

import { throwIfAborted } from "#kernel/abort.ts";
import { errorCode } from "#kernel/error-code.ts";
import { invariant } from "#kernel/invariant.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type {
  ExecOptions,
  SandboxFault,
  SandboxLimits,
  SandboxProbe,
  SandboxProvider,
  SandboxRequest,
} from "#ports/sandbox.ts";
import { FileSession } from "#sandbox/file-session.ts";
import type { ProgramRun, RunProgram } from "#sandbox/file-session.ts";
import { createFileSet } from "#sandbox/file-set.ts";

import type { Job } from "./messages.ts";
import { probeWasm } from "./probe.ts";
import { START_MS_MAX_DEFAULT, runJob } from "./run-job.ts";
import type { JobEnd } from "./run-job.ts";
import type { SandboxProgramFiles } from "./sandbox-process.ts";

/** What the embedded tier needs of the outside. */
export interface WasmSandboxDeps {
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly entropy: Pick<Entropy, "bytes">;
  readonly crypto: Pick<Crypto, "sha256">;
}

/** Least memory in which the interpreter starts and has room for a program. */
export const WASM_MEMORY_BYTES_MIN = 4 * 1024 * 1024;

/** Most that one WebAssembly memory is given here; what a run asks for beyond is not had. */
export const WASM_MEMORY_BYTES_MAX = 1024 * 1024 * 1024;

const PROBE_MS_MAX = 10_000;

/** For programs of ours over no files. */
const NOTHING_TO_HIDE: Pick<ExecOptions, "hidden" | "mayKeep"> = {
  hidden: new Set(),
  mayKeep: () => Promise.resolve(true),
};

/**
 * The embedded tier: JavaScript on QuickJS, compiled to WebAssembly, in a process of its own for
 * each program, with nothing to install. Its guests know real time in whole milliseconds, in UTC;
 * their `Math.random` is seeded anew for each program and is no source of secrets.
 */
export const createWasmSandbox = (
  deps: WasmSandboxDeps,
  files: SandboxProgramFiles,
  { startMsMax }: { readonly startMsMax: number } = { startMsMax: START_MS_MAX_DEFAULT },
): SandboxProvider => {
  let wasm: Promise<Uint8Array> | null = null;
  let probed: Result<SandboxProbe, SandboxFault> | null = null;

  const interpreter = async (): Promise<Result<Uint8Array, SandboxFault>> => {
    wasm ??= readFile(files.wasm);
    try {
      return ok(await wasm);
    } catch (error) {
      wasm = null;
      const why = `quickjs.wasm, which belongs to this program, cannot be read (${errorCode(error)})`;
      return failed(fault("SANDBOX_UNAVAILABLE", why, { help: "install writ again" }));
    }
  };

  const run = async (
    kind: Job["kind"],
    program: Pick<Job, "files" | "hidden" | "limits"> & { readonly code: string },
    options: Parameters<RunProgram>[1],
  ): Promise<Result<JobEnd & { readonly wallMs: number }, SandboxFault>> => {
    const bytes = await interpreter();
    if (!bytes.ok) return bytes;
    const begunMs = deps.clock.monotonicMs();
    const memoryBytesMax = Math.min(program.limits.memoryBytesMax, WASM_MEMORY_BYTES_MAX);
    const job = {
      kind,
      program: program.code,
      timeoutMs: options.timeoutMs,
      limits: { ...program.limits, memoryBytesMax },
      wallMs: deps.clock.wallMs(),
      seed: seedOf(deps.entropy.bytes(8)),
      wasm: bytes.value,
      files: program.files,
      hidden: program.hidden,
    };
    const end = await runJob(files, job, { ...options, startMsMax });
    return end.ok ? ok({ ...end.value, wallMs: Math.round(deps.clock.monotonicMs() - begunMs) }) : end;
  };
  const runProgram: RunProgram = async ({ program, ...job }, options) => {
    invariant(program.kind === "javascript", "a session runs what it says it runs");
    const end = await run("run", { ...job, code: program.code }, options);
    return end.ok ? ok(programRun(end.value)) : end;
  };

  const open = (request: SandboxRequest): Result<FileSession, SandboxFault> => {
    if (request.limits.memoryBytesMax < WASM_MEMORY_BYTES_MIN) return tooLittleMemory(request.limits);
    const set = createFileSet(
      request.files.map(({ path, bytes }) => ({ path, bytes: bytes.slice() })),
      request.limits,
    );
    if (!set.ok) return set;
    return ok(
      new FileSession({
        tier: "wasm",
        programs: ["javascript"],
        files: set.value,
        limits: request.limits,
        runProgram,
        crypto: deps.crypto,
        // The process keeps the same limits, so whatever breaks them did not come from our code in it.
        beyondLimits: "lost",
      }),
    );
  };

  const probeNow = (signal: AbortSignal): Promise<Result<SandboxProbe, SandboxFault>> =>
    probeWasm({
      async runAlone(code, timeoutMs, limits) {
        const session = open({ files: [], limits });
        if (!session.ok) return session;
        const program = { kind: "javascript", code } as const;
        return session.value.exec(program, { ...NOTHING_TO_HIDE, timeoutMs, signal });
      },
      async inspect(limits) {
        const program = { code: "", files: [], hidden: [], limits };
        const end = await run("inspect", program, { timeoutMs: PROBE_MS_MAX, signal });
        return end.ok ? ok(end.value.answer?.value ?? null) : end;
      },
    });

  return {
    tier: "wasm",
    async open(request, signal) {
      throwIfAborted(signal);
      return open(request);
    },
    async probe(signal) {
      throwIfAborted(signal);
      if (probed === null) {
        const result = await probeNow(signal);
        // What failed once may hold later, on a machine that is less busy.
        if (!result.ok) return result;
        probed = result;
      }
      return probed;
    },
  };
};

const programRun = ({ answer, ...end }: JobEnd & { readonly wallMs: number }): ProgramRun => ({
  ...end,
  exitCode: answer?.exitCode ?? null,
  value: answer?.value ?? null,
  droppedBytes: answer?.droppedBytes ?? 0,
  left: answer === null ? null : { written: answer.files, removed: [] },
});

const tooLittleMemory = (limits: SandboxLimits): Result<never, SandboxFault> =>
  failed(
    fault(
      "SANDBOX_UNSUPPORTED",
      `the embedded sandbox needs at least ${WASM_MEMORY_BYTES_MIN} bytes of memory, ${limits.memoryBytesMax} are allowed`,
      { help: "raise the memory limit or use a container tier" },
    ),
  );

/** 1 to 2^51 from 8 random bytes: what the interpreter reads as microseconds. */
const seedOf = (bytes: Uint8Array<ArrayBuffer>): number =>
  Number(BigInt.asUintN(51, new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))) + 1;
