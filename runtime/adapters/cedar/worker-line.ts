import type { MessagePort } from "node:worker_threads";
import { MessageChannel, Worker, receiveMessageOnPort } from "node:worker_threads";
import { abortError, throwIfAborted } from "#kernel/abort.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { DeciderFault } from "#ports/decider.ts";
import type { Answer, Batch, BatchAnswer, Question, WorkerStart } from "./messages.ts";
import { POSTED, POSTED_BYTES, WORKER_READY } from "./messages.ts";

/*
 * The line to one worker at a time. Questions that are asked together travel together. A worker
 * that dies, breaks or is late is ended with the question that did it; what it had not come to is
 * asked again of the next one.
 */

export interface WorkerLineOptions {
  readonly entry: URL;
  readonly wasm: WebAssembly.Module;
  readonly heapMegabytesMax: number;
  readonly startTimeoutMs: number;
}

export interface FirstQuestion {
  readonly question: Question;
  readonly timeoutMs: number;
}

/** Most questions that travel together; a late batch fails as a whole. */
const BATCH_MAX = 64;
/** One that is answered and one that waits beside it, so that the worker never idles. */
const BATCHES_UNDER_WAY_MAX = 2;

/**
 * A decision takes less time than waking a thread that fell asleep over it (some 20 against some 100
 * microseconds, more in a virtual machine), so whoever asks few things looks for the answer a moment
 * before it sleeps. No longer than that: it is this thread's event loop that stands still.
 */
const AWAKE_MS = 0.3;
const AWAITED_AWAKE_MAX = 4;
/** On a busy machine the worker waits for this very thread to sleep. Each look in vain doubles the number of batches without one. */
const LOOKS_SKIPPED_MAX = 64;

interface Asked {
  readonly question: Question;
  readonly timeoutMs: number;
  settle(answer: Result<Answer, DeciderFault>): void;
  /** True once the asker has gone. */
  gone: boolean;
}

interface UnderWay {
  readonly number: number;
  readonly asked: readonly Asked[];
  readonly timeoutMs: number;
}

interface Running {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** Batches under way, oldest first; the very first is the worker's start. */
  readonly underWay: UnderWay[];
  /** Batches of the start that have no answer yet. */
  startsLeft: number;
  readonly posted: Int32Array<SharedArrayBuffer>;
  /** Answers that were received, as `posted` counts them. */
  received: number;
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
  private looksInVain = 1;
  private looksSkipped = 0;

  constructor(options: WorkerLineOptions) {
    this.options = options;
  }

  /**
   * Resolves with the worker's answer or why there is none; rejects with an AbortError only.
   * `noted` sees the answer before anything else happens, also when the asker has gone.
   */
  ask(
    question: Question,
    timeoutMs: number,
    signal: AbortSignal,
    noted: (answer: Answer) => void = () => undefined,
  ): Promise<Result<Answer, DeciderFault>> {
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
          if (answer.ok) noted(answer.value);
          resolve(answer);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.waiting.push(asked);
      this.flushSoon();
    });
  }

  /** Questions that have no answer yet. */
  get open(): number {
    const underWay = this.running?.underWay ?? [];
    return underWay.reduce((sum, { asked }) => sum + asked.length, this.waiting.length);
  }

  /** Whether a worker runs that has answered all it was asked at its start. */
  get isReady(): boolean {
    return this.running?.startsLeft === 0;
  }

  /** Starts a worker where none runs, before there is a question. */
  start(): void {
    if (!this.closed && this.running === null) this.tryToStart();
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
      const running = this.running ?? this.tryToStart();
      if (running === null) return;
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

  /** Null where this machine cannot even begin to start a thread; whoever waited is told. */
  private tryToStart(): Running | null {
    try {
      return this.startWorker();
    } catch {
      for (const asked of this.waiting.splice(0)) asked.settle(failed(LOST));
      return null;
    }
  }

  private startWorker(): Running {
    const { port1: port, port2: theirs } = new MessageChannel();
    const posted = new SharedArrayBuffer(POSTED_BYTES);
    const worker = new Worker(this.options.entry, {
      workerData: { wasm: this.options.wasm, port: theirs, posted } satisfies WorkerStart,
      transferList: [theirs],
      // Nothing of ours belongs there: no variables, no flags of a debugger.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.options.heapMegabytesMax },
    });
    const start: UnderWay = { number: WORKER_READY, asked: [], timeoutMs: this.options.startTimeoutMs };
    const running: Running = {
      worker,
      port,
      underWay: [start],
      startsLeft: 1,
      posted: new Int32Array(posted),
      received: 0,
      deadline: undefined,
    };
    this.running = running;
    port.on("message", (answer: BatchAnswer) => this.receive(running, answer));
    worker.on("error", () => this.endIf(running, LOST));
    worker.on("exit", () => this.endIf(running, LOST));
    // An idle worker keeps no process alive; what is under way does, by its deadline.
    worker.unref();
    port.unref();
    this.watch(running);
    const first = this.onStart().map(({ question, timeoutMs }) => ({
      question,
      timeoutMs,
      gone: false,
      // A worker that does not know what was loaded would refuse it; nothing may be asked of it then.
      settle: (answer: Result<Answer, DeciderFault>) => {
        if (!answer.ok || answer.value.k !== "loaded" || answer.value.problems.length > 0) {
          this.endIf(running, LOST);
        }
      },
    }));
    running.startsLeft += first.length;
    for (const one of first) this.send(running, [one]);
    return running;
  }

  private send(running: Running, asked: readonly Asked[]): void {
    this.batches += 1;
    const number = this.batches;
    running.underWay.push({ number, asked, timeoutMs: Math.max(...asked.map(({ timeoutMs }) => timeoutMs)) });
    if (running.underWay.length === 1) this.watch(running);
    const batch: Batch = { number, questions: asked.map(({ question }) => question) };
    running.port.postMessage(batch, []);
    Atomics.add(running.posted, POSTED.batches, 1);
    if (asked.length <= AWAITED_AWAKE_MAX && asked.every(({ question }) => question.k === "decide")) {
      this.stayAwake(running);
    }
  }

  /** Looks for the answer a moment before this thread goes to sleep over it. */
  private stayAwake(running: Running): void {
    if (this.looksSkipped > 0) {
      this.looksSkipped -= 1;
      return;
    }
    const asleepAtMs = performance.now() + AWAKE_MS;
    while (running === this.running && running.underWay.length > 0 && performance.now() < asleepAtMs) {
      if (Atomics.load(running.posted, POSTED.answers) === running.received) continue;
      const answer = receiveMessageOnPort(running.port);
      if (answer !== undefined) this.receive(running, answer.message as BatchAnswer);
    }
    const isInVain = running === this.running && running.underWay.length > 0;
    this.looksInVain = isInVain ? Math.min(this.looksInVain * 2, LOOKS_SKIPPED_MAX) : 1;
    this.looksSkipped = this.looksInVain - 1;
  }

  /** The clock runs for the oldest batch only: the others wait for it. */
  private watch(running: Running): void {
    clearTimeout(running.deadline);
    const [oldest] = running.underWay;
    if (oldest === undefined) return;
    running.deadline = setTimeout(() => this.endIfLate(running), oldest.timeoutMs);
  }

  /** Where this thread was what stood still, the answer has come meanwhile. */
  private endIfLate(running: Running): void {
    if (running !== this.running) return;
    const answer = receiveMessageOnPort(running.port);
    if (answer === undefined) this.end(TIMEOUT);
    else this.receive(running, answer.message as BatchAnswer);
  }

  private receive(running: Running, { number, answers }: BatchAnswer): void {
    if (running !== this.running) return;
    running.received = (running.received + 1) | 0;
    const [batch] = running.underWay;
    if (batch?.number !== number) {
      this.end(LOST);
      return;
    }
    running.underWay.shift();
    if (running.startsLeft > 0) running.startsLeft -= 1;
    this.watch(running);
    for (const [index, answer] of answers.entries()) batch.asked[index]?.settle(ok(answer));
    const unreached = batch.asked.slice(answers.length);
    this.waiting.unshift(...unreached);
    if (unreached.length > 0 || answers.at(-1)?.k === "lost") this.endIf(running, LOST);
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
    running.port.close();
    void running.worker.terminate();
    const [oldest, ...others] = running.underWay;
    // Where not even the start succeeded, whoever waited for it has waited long enough.
    const guilty =
      oldest?.number === WORKER_READY ? [oldest, ...others].flatMap(({ asked }) => asked) : oldest?.asked;
    for (const asked of guilty ?? []) asked.settle(failed(why));
    if (oldest?.number !== WORKER_READY) this.waiting.unshift(...others.flatMap(({ asked }) => asked));
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
