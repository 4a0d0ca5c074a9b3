import type { Engine, EngineRefusal } from "./engine.ts";
import { createFrameReader } from "./frames.ts";
import type { OutputFrame } from "./frames.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";

/** How a program in a container came to its end, as far as the engine's connection shows it. */
export type ExecEnd =
  | { readonly k: "exited"; readonly exitCode: number }
  /** The container went away below it. */
  | { readonly k: "container-gone" }
  /** Its connection broke or said what no engine says, while the container was still there. */
  | { readonly k: "broken"; readonly why: string }
  /** Somebody had enough of it. */
  | { readonly k: "stopped" };

export interface ExecJob {
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly input: Uint8Array;
  /** False when no more is wanted. */
  readonly take: (frame: OutputFrame) => boolean;
  /** Called when the program has been started. */
  readonly started?: () => void;
  /** Settles when the container no longer runs: some runtimes then leave the connection open for ever. */
  readonly gone: Promise<void>;
  readonly stop: AbortSignal;
}

/** What a container that is gone may still have in its pipes. */
const DRAIN_MS = 300;
const EXIT_POLL_MS = 20;
/** How long a program whose outputs are closed may still run. */
const EXIT_MS_MAX = 5_000;

/**
 * Runs one program in a container until it has ended or nobody wants more. It does not end the program:
 * an engine cannot, other than by ending the container.
 */
export const runExec = async (
  engine: Engine,
  name: string,
  job: ExecJob,
): Promise<Result<ExecEnd, EngineRefusal>> => {
  const started = await engine.exec(name, job.command, job.environment);
  if (!started.ok) return started;
  const { stream } = started.value;
  job.started?.();
  const reader = createFrameReader();
  const closed = new Promise<ExecEnd | null>((resolve) => {
    stream.on("data", (chunk: Uint8Array) => {
      const frames = reader.push(chunk);
      if (frames === null) resolve({ k: "broken", why: "it sent what is no output" });
      else if (!frames.every(job.take)) resolve({ k: "stopped" });
    });
    stream.once("end", () => resolve(null));
    stream.once("close", () => resolve(null));
    stream.once("error", () => resolve({ k: "broken", why: "its connection broke" }));
  });
  const abandoned = new Promise<ExecEnd>((resolve) => {
    const stop = (): void => resolve({ k: "stopped" });
    if (job.stop.aborted) stop();
    job.stop.addEventListener("abort", stop, { once: true });
    void job.gone.then(() => setTimeout(() => resolve({ k: "container-gone" }), DRAIN_MS));
  });
  stream.end(job.input);
  const end = await Promise.race([closed, abandoned]);
  if (end !== null) {
    stream.destroy();
    return ok(end);
  }
  for (let waitedMs = 0; waitedMs < EXIT_MS_MAX; waitedMs += EXIT_POLL_MS) {
    const code = await started.value.exitCode();
    if (!code.ok) return code;
    if (code.value !== null) return ok({ k: "exited", exitCode: code.value });
    const ended = await Promise.race([abandoned, pause(EXIT_POLL_MS)]);
    if (ended !== null) return ok(ended);
  }
  return failed({ status: null, why: "it does not know that a program has ended" });
};

const pause = (ms: number): Promise<null> => new Promise((resolve) => setTimeout(() => resolve(null), ms));
