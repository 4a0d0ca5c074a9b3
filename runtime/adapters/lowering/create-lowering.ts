import type { Worker } from "node:worker_threads";

import { abortError, throwIfAborted } from "#kernel/abort.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Lowering, LoweringFault, LoweringInput } from "#ports/lowering.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { Checked } from "#protocol/problem.ts";
import { BUILTIN_TOOLS, type ToolDescriptor } from "#protocol/tool-descriptors.ts";

import type { LowerJob } from "./messages.ts";
import { isGone, startThread, type ThreadOptions } from "./start-thread.ts";

export interface LoweringOptions extends ThreadOptions {
  /** Longest time for one text, the start of a thread included. */
  readonly timeoutMs: number;
  /** What files may name; the built-in tools when absent. */
  readonly tools?: readonly ToolDescriptor[];
}

/**
 * Lowers in a worker thread with a deadline and a heap of its own. A thread that hangs, runs out
 * of memory or dies is killed and the next text gets a new one. The first thread starts at once,
 * so that it is ready by the time a file has been read; or it was started before, with these options.
 */
export const createLowering = (options: LoweringOptions, first = startThread(options)): Lowering =>
  new ThreadLowering(options, first);

class ThreadLowering implements Lowering {
  private readonly options: LoweringOptions;
  private worker: Worker | undefined;
  private closed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: LoweringOptions, first: Worker) {
    this.options = options;
    if (!isGone(first)) this.worker = this.watched(first);
  }

  lower(
    input: LoweringInput,
    signal: AbortSignal,
  ): Promise<Result<Checked<AgentSpec | null>, LoweringFault>> {
    const turn = this.last.then(() => this.one(input, signal));
    // The queue goes on whatever became of this text.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.stop();
  }

  private async one(
    input: LoweringInput,
    signal: AbortSignal,
  ): Promise<Result<Checked<AgentSpec | null>, LoweringFault>> {
    throwIfAborted(signal);
    if (this.closed) return failed(crashed("the lowering was closed"));
    const worker = (this.worker ??= this.watched(startThread(this.options)));
    // A thread that waits for work keeps no process alive; one that works does.
    worker.ref();
    // What reads the answer is loaded while the thread works on it.
    const [{ readAnswer }, answer] = await Promise.all([
      import("./read-answer.ts"),
      this.ask(worker, input, signal),
    ]);
    worker.unref();
    if (!answer.ok) {
      await this.stop();
      return answer;
    }
    const reading = readAnswer(answer.value, input);
    return reading === undefined ? failed(crashed("the lowering gave no AgentSpec")) : ok(reading);
  }

  private ask(
    worker: Worker,
    input: LoweringInput,
    signal: AbortSignal,
  ): Promise<Result<unknown, LoweringFault>> {
    const { timeoutMs, tools = BUILTIN_TOOLS } = this.options;
    return new Promise((resolve, reject) => {
      const settle = (result: Result<unknown, LoweringFault>): void => {
        release();
        resolve(result);
      };
      const onMessage = (answer: unknown): void => settle(ok(answer));
      const onError = (error: unknown): void =>
        settle(failed(crashed(`the parser's thread died: ${reasonOf(error)}`)));
      const onExit = (): void => settle(failed(crashed("the parser's thread ended")));
      const onAbort = (): void => {
        release();
        // The abort is told when the thread is gone, not before.
        void this.stop().then(() => reject(abortError()));
      };
      const deadline = setTimeout(
        () => settle(failed(fault("LOWERING_TIMEOUT", `the file was not read within ${timeoutMs} ms`))),
        timeoutMs,
      );
      const release = (): void => {
        clearTimeout(deadline);
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        signal.removeEventListener("abort", onAbort);
      };
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      signal.addEventListener("abort", onAbort);
      const job: LowerJob = { path: input.path, bytes: input.bytes, tools };
      worker.postMessage(job, []);
    });
  }

  /** A thread may die between two texts; the next one finds out and starts another. */
  private watched(worker: Worker): Worker {
    worker.on("exit", () => this.forget(worker));
    return worker;
  }

  private forget(worker: Worker): void {
    if (this.worker === worker) this.worker = undefined;
  }

  private async stop(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }
}

const crashed = (message: string): LoweringFault =>
  fault("LOWERING_CRASHED", message, { help: "Try a smaller or simpler file." });

/** The code of the error, which says enough and repeats nothing of the text. */
const reasonOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "an error of its own";
