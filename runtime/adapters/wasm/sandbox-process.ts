import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { parse } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the code of the sandbox process is. */
export interface SandboxProgramFiles {
  /** What the process runs: the bundled `sandbox-child.js`, or `child.ts` in development. */
  readonly entry: URL;
  /** Files and folders that this code is read from, and all that the process can read. */
  readonly readable: readonly URL[];
  /** `quickjs.wasm`; read by the host and handed over. */
  readonly wasm: URL;
}

export interface ProcessLimits {
  /** What the interpreter may allocate. */
  readonly memoryBytesMax: number;
  /** Files that the process holds beside the interpreter. */
  readonly fileBytesMax: number;
  /** Seconds of processor time after which the kernel ends the process whatever became of the host. */
  readonly cpuSecondsMax: number;
}

/**
 * The path that a permission cannot name, or null: Node reads `*` as a wildcard, so the permission
 * would open more than the path.
 */
export const unnameablePath = (files: SandboxProgramFiles): string | null =>
  files.readable.map((url) => fileURLToPath(url)).find((path) => path.includes("*")) ?? null;

const MEBIBYTE = 1024 * 1024;
const WASM_PAGE_BYTES = 65_536;

/** Stack of the process for the interpreter's recursion, in KiB; systems give 8 MiB. */
const STACK_KIBIBYTES = 3_900;

/**
 * Starts the sandbox process behind its walls:
 *
 * - Node's permission model: no files but its own code, no processes, threads, addons, debugger;
 * - no code from text, a bounded heap, and a bound on any WebAssembly memory;
 * - an empty environment and the root as working folder;
 * - where there is a POSIX shell, limits of the kernel: processor time, no file writes, no core dump;
 * - its own session, so that a terminal's Ctrl-C does not reach it.
 *
 * The permission model of Node before 25 leaves sockets open. A guest has no function that reaches
 * one; a program that broke out of the interpreter *and* of WebAssembly could.
 */
export const startSandboxProcess = (files: SandboxProgramFiles, limits: ProcessLimits): ChildProcess => {
  const node = [process.execPath, ...nodeArguments(files, limits)];
  const [command = "", ...args] =
    process.platform === "win32" ? node : ["/bin/sh", "-c", kernelLimits(limits.cpuSecondsMax), ...node];
  return spawn(command, args, {
    // Under VS Code the executable is Electron, which this makes behave as Node.
    env: process.versions["electron"] === undefined ? {} : { ELECTRON_RUN_AS_NODE: "1" },
    cwd: parse(process.execPath).root,
    stdio: ["pipe", "pipe", "ignore"],
    detached: process.platform !== "win32",
    windowsHide: true,
  });
};

/** `exec` keeps the process id. The shell's own variables would be all that the environment has. */
const kernelLimits = (cpuSecondsMax: number): string =>
  `ulimit -c 0 && ulimit -f 0 && ulimit -t ${cpuSecondsMax} && unset PWD OLDPWD SHLVL _ && exec "$0" "$@"`;

const nodeArguments = (files: SandboxProgramFiles, limits: ProcessLimits): readonly string[] => [
  "--permission",
  ...files.readable.map((url) => `--allow-fs-read=${fileURLToPath(url)}`),
  `--max-old-space-size=${64 + Math.ceil((3 * limits.fileBytesMax) / MEBIBYTE)}`,
  `--wasm-max-mem-pages=${Math.ceil(limits.memoryBytesMax / WASM_PAGE_BYTES) + 256}`,
  `--stack-size=${STACK_KIBIBYTES}`,
  // An error of ours that reaches a guest names no file of this machine.
  "--stack-trace-limit=0",
  "--disallow-code-generation-from-strings",
  "--no-addons",
  "--no-warnings",
  fileURLToPath(files.entry),
];
