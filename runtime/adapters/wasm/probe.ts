import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";
import { visibleExcerpt } from "#kernel/visible-text.ts";
import type { ExecResult, SandboxFault, SandboxLimits, SandboxProbe } from "#ports/sandbox.ts";

/** How the probe runs things: as sessions do, and one job that looks at the process itself. */
export interface ProbeDeps {
  runAlone(code: string, timeoutMs: number, limits: SandboxLimits): Promise<Result<ExecResult, SandboxFault>>;
  /** JSON text of the process's report on its own walls. */
  inspect(limits: SandboxLimits): Promise<Result<string | null, SandboxFault>>;
}

const KIBIBYTE = 1024;

const LIMITS: SandboxLimits = {
  memoryBytesMax: 8 * KIBIBYTE * KIBIBYTE,
  fileBytesMax: 64 * KIBIBYTE,
  filesMax: 4,
  outputBytesMax: 4 * KIBIBYTE,
};

const SHORT_MS = 100;
const LONG_MS = 10_000;

interface Trial {
  readonly name: string;
  readonly code: string;
  readonly timeoutMs: number;
  readonly held: (result: ExecResult) => boolean;
  /** How the limit was shown, once it was. */
  readonly shown: string;
}

/** Names by which scripts elsewhere reach files, programs, the network or other threads. */
const OUTSIDE = [
  "process",
  "require",
  "module",
  "fetch",
  "XMLHttpRequest",
  "WebSocket",
  "Worker",
  "WebAssembly",
  "Deno",
  "Bun",
  "std",
  "os",
  "bjson",
];

const TRIALS: readonly Trial[] = [
  {
    name: "memory",
    code: "const kept = []; for (;;) kept.push(new ArrayBuffer(65536));",
    timeoutMs: LONG_MS,
    held: (result) => result.ended === "memory",
    shown: `a program that took memory without end was ended at ${LIMITS.memoryBytesMax} bytes`,
  },
  {
    name: "deadline",
    code: "for (;;);",
    timeoutMs: SHORT_MS,
    held: (result) => result.ended === "deadline",
    shown: `an endless loop was ended after ${SHORT_MS} ms`,
  },
  {
    name: "deadline of built-in functions",
    code: "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
    timeoutMs: SHORT_MS,
    held: (result) => result.ended === "deadline",
    shown: "a search without end, which cannot be interrupted, was killed with its process",
  },
  {
    name: "output",
    code: `console.log("x".repeat(${2 * LIMITS.outputBytesMax}));`,
    timeoutMs: LONG_MS,
    held: (result) =>
      result.stdout.length === LIMITS.outputBytesMax && result.droppedBytes === LIMITS.outputBytesMax + 1,
    shown: `output beyond ${LIMITS.outputBytesMax} bytes was dropped and counted`,
  },
  {
    name: "files",
    code: `for (const name of ["one", "two"]) files.write(name, "x".repeat(${LIMITS.fileBytesMax / 2 + 1}));`,
    timeoutMs: LONG_MS,
    held: (result) => result.exitCode === 1 && result.stderr.includes(`${LIMITS.fileBytesMax} bytes`),
    shown: `more than ${LIMITS.fileBytesMax} bytes of files were refused`,
  },
  {
    name: "no network, no host",
    code: `const found = ${JSON.stringify(OUTSIDE)}.filter((name) => name in globalThis);
      try { await import("node:net"); found.push("import"); } catch {}
      found;`,
    timeoutMs: LONG_MS,
    held: (result) => result.value === "[]",
    shown: `none of ${OUTSIDE.join(", ")} is there, and nothing can be imported`,
  },
];

/** Tries each limit for real; the first that does not hold makes the tier unusable. */
export const probeWasm = async (deps: ProbeDeps): Promise<Result<SandboxProbe, SandboxFault>> => {
  const [walls, ...results] = await Promise.all([
    deps.inspect(LIMITS),
    ...TRIALS.map((trial) => deps.runAlone(trial.code, trial.timeoutMs, LIMITS)),
  ]);
  if (!walls.ok) return walls;
  const report = readWalls(walls.value);
  if (report === null) return notHeld("the walls of the process", "its report cannot be read");
  const open = report.walls.find(([, refused]) => !refused);
  if (open !== undefined)
    return notHeld("the walls of the process", `it could ${visibleExcerpt(open[0], 80)}`);
  for (const [index, trial] of TRIALS.entries()) {
    const result = results[index];
    if (result?.ok === false) return result;
    if (result === undefined || !trial.held(result.value)) {
      return notHeld(trial.name, `the trial program ${result?.value.ended ?? "did not run"}`);
    }
  }
  return ok({
    tier: "wasm",
    engine: report.engine,
    limits: [
      ...TRIALS.map(({ name, shown }) => ({ name, shown })),
      {
        name: "walls of the process",
        shown: `Node refused to ${report.walls.map(([attempt]) => attempt).join(", ")}`,
      },
    ],
  });
};

interface ProcessReport {
  readonly engine: string;
  readonly walls: readonly (readonly [attempt: string, refused: boolean])[];
}

const readWalls = (text: string | null): ProcessReport | null => {
  const read = text === null ? null : readJson(text);
  if (read === null || !read.ok || !isJsonObject(read.value)) return null;
  const engine = ownValue(read.value, "engine");
  const walls = ownValue(read.value, "walls");
  if (typeof engine !== "string" || !isJsonObject(walls) || Object.keys(walls).length === 0) return null;
  return { engine, walls: Object.entries(walls).map(([attempt, state]) => [attempt, state === "refused"]) };
};

const notHeld = (limit: string, why: string): Result<never, SandboxFault> =>
  failed(
    fault("SANDBOX_UNAVAILABLE", `the embedded sandbox does not hold a limit here (${limit}): ${why}`, {
      help: "use a container tier, and report this: it should hold on every system",
    }),
  );
