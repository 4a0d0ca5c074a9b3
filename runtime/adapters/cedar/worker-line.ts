import { Worker } from "node:worker_threads";
import { abortError, throwIfAborted } from "#kernel/abort.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { DeciderFault } from "#ports/decider.ts";
import type { Answer, Batch, BatchAnswer, Question, WorkerStart } from "./messages.ts";

/*
 * The line to one worker at a time. Questions that are asked together travel together; a worker
 * that dies, breaks or is late is ended, and the next question starts another.
 */

export interface WorkerLineOptions {
  readonly entry: URL;
  readonly wasm: WebAssembly.Module;
  readonly heapMegabytesMax: number;
}

export interface FirstQuestion {
  readonly question: Question;
  readonly timeoutMs: number;
}

/** Most questions that travel together; a late batch fails as a whole. */
const BATCH_MAX = 64;
/** Batches under way: one that is answered and one that waits beside it, so that the worker never idles. */
const BATCHES_UNDER_WAY_MAX = 2;

interface Asked {
  readonly question: Question;
  readonly timeoutMs: number;
  settle(answer: Result<Answer, DeciderFault>): void;
  /** True once the asker has gone. */
  gone: boolean;
}

interface Running {
  readonly worker: Worker;
  /** Batches under way, oldest first. */
  readonly underWay: { readonly number: number; readonly asked: readonly Asked[] }[];
  deadline: NodeJS.Timeout | undefined;
}

export class WorkerLine {
  /** What a new worker is asked before anything else. */
  onStart: () => readonly FirstQuestion[] = () => [];

  private readonly options: WorkerLineOptions;
  private readonly waiting: Asked[] = [];
  private running: Running | null = null;
  private closed = false;
  private flushing = false;
  private batches = 0;

  constructor(options: WorkerLineOptions) {
    this.options = options;
  }

  /** Resolves with the worker's answer or why there is none; rejects with an AbortError only. */
  ask(question: Question, timeoutMs: number, signal: AbortSignal): Promise<Result<Answer, DeciderFault>> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      if (this.closed) {
        resolve(failed(CLOSED));
        return;
      }
      const abort = (): void => {
        asked.gone = true;
        reject(abortError());
      };
      const asked: Asked = {
        question,
        timeoutMs,
        gone: false,
        settle: (answer) => {
          signal.removeEventListener("abort", abort);
          resolve(answer);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.waiting.push(asked);
      this.flushSoon();
    });
  }

  /** Ends the worker; the next question starts another. Questions under way are lost. */
  replace(): void {
    this.end(LOST);
  }

  async close(): Promise<void> {
    this.closed = true;
    const worker = this.running?.worker;
    this.end(CLOSED);
    for (const asked of this.waiting.splice(0)) asked.settle(failed(CLOSED));
    await worker?.terminate();
  }

  /** After the current turn, so that whatever is asked in it travels together. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    queueMicrotask(() => {
      this.flushing = false;
      this.flush();
    });
  }

  private flush(): void {
    while (!this.closed && this.waiting.length > 0) {
      const running = this.running ?? this.start();
      if (running.underWay.length >= BATCHES_UNDER_WAY_MAX) return;
      const asked = this.nextBatch();
      if (asked.length > 0) this.send(running, asked);
    }
  }

  /** Questions of one deadline, in order, without those whose asker has gone. */
  private nextBatch(): readonly Asked[] {
    const batch: Asked[] = [];
    while (batch.length < BATCH_MAX) {
      const [next] = this.waiting;
      if (next === undefined || next.timeoutMs !== (batch[0] ?? next).timeoutMs) break;
      this.waiting.shift();
      if (!next.gone) batch.push(next);
    }
    return batch;
  }

  private start(): Running {
    const worker = new Worker(this.options.entry, {
      workerData: { wasm: this.options.wasm } satisfies WorkerStart,
      // Nothing of ours belongs there: no variables, no flags of a debugger.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.options.heapMegabytesMax },
    });
    const running: Running = { worker, underWay: [], deadline: undefined };
    this.running = running;
    worker.on("message", (answer: BatchAnswer) => this.receive(running, answer));
    worker.on("error", () => this.endIf(running, LOST));
    worker.on("exit", () => this.endIf(running, LOST));
    worker.unref();
    const first = this.onStart();
    if (first.length > 0) {
      this.send(
        running,
        first.map(({ question, timeoutMs }) => ({
          question,
          timeoutMs,
          gone: false,
          // A worker that does not know what was loaded would refuse it; such questions must not reach it.
          settle: (answer) => {
            if (!answer.ok || answer.value.k !== "loaded" || answer.value.problems.length > 0) {
              this.endIf(running, LOST);
            }
          },
        })),
      );
    }
    return running;
  }

  private send(running: Running, asked: readonly Asked[]): void {
    this.batches += 1;
    const number = this.batches;
    running.underWay.push({ number, asked });
    if (running.underWay.length === 1) {
      running.worker.ref();
      this.watch(running);
    }
    const batch: Batch = { number, questions: asked.map(({ question }) => question) };
    running.worker.postMessage(batch, []);
  }

  /** The clock runs for the oldest batch only: the others wait for it. */
  private watch(running: Running): void {
    clearTimeout(running.deadline);
    const timeoutMs = running.underWay[0]?.asked[0]?.timeoutMs;
    if (timeoutMs === undefined) return;
    running.deadline = setTimeout(() => this.endIf(running, TIMEOUT), timeoutMs);
  }

  private receive(running: Running, { number, answers }: BatchAnswer): void {
    if (running !== this.running) return;
    const [batch] = running.underWay;
    if (batch?.number !== number) {
      this.end(LOST);
      return;
    }
    running.underWay.shift();
    if (running.underWay.length === 0) running.worker.unref();
    this.watch(running);
    let lost = answers.length < batch.asked.length;
    for (const [index, asked] of batch.asked.entries()) {
      const answer = answers[index];
      lost ||= answer?.k === "lost";
      asked.settle(answer === undefined ? failed(LOST) : ok(answer));
    }
    if (lost) this.endIf(running, LOST);
    this.flush();
  }

  private endIf(running: Running, why: DeciderFault): void {
    if (running === this.running) this.end(why);
  }

  private end(why: DeciderFault): void {
    const { running } = this;
    if (running === null) return;
    this.running = null;
    clearTimeout(running.deadline);
    void running.worker.terminate();
    for (const { asked } of running.underWay) for (const one of asked) one.settle(failed(why));
    this.flushSoon();
  }
}

const LOST: DeciderFault = fault("DECIDER_LOST", "the policy engine was lost and is started again", {
  retryable: true,
});
const TIMEOUT: DeciderFault = fault("DECIDER_TIMEOUT", "the policy engine took too long and was ended", {
  retryable: true,
});
const CLOSED: DeciderFault = fault("DECIDER_LOST", "the policy engine is closed");
