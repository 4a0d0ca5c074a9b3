import { Worker } from "node:worker_threads";

import { abortError, throwIfAborted } from "#kernel/abort.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ApiTester, ApiTesterFault, PlanInput, PlannedTests } from "#ports/api-tester.ts";
import type { DocumentFiles } from "#ports/document-files.ts";
import type { ApiAnswer, ApiFinding, ApiTestCase } from "#protocol/api-test.ts";
import { readFindings, readTestCases } from "#protocol/api-test-schema.ts";

import type { FromTester, TesterJob, ToTester } from "./messages.ts";
import { readPlanned } from "./read-planned.ts";

export interface ApiTesterOptions {
  /** The worker's file: `apitest-worker.js` of a build, `worker.ts` beside this file in a checkout. */
  readonly entry: URL;
  readonly files: DocumentFiles;
  /** Longest time for reading a document and making its tests. */
  readonly planTimeoutMs: number;
  /** Longest time for judging one answer, or for making one case smaller. */
  readonly judgeTimeoutMs: number;
  readonly heapBytesMax: number;
}

const MIB = 1024 * 1024;
const STACK_MIB = 8;

/**
 * Reads documents and judges answers in a worker thread with deadlines and a heap of its own. A thread that
 * hangs, runs out of memory or dies is killed; with it goes its plan, so every call after it is a fault until
 * a new plan is made.
 */
export const createApiTester = (options: ApiTesterOptions): ApiTester => new ThreadApiTester(options);

class ThreadApiTester implements ApiTester {
  private readonly options: ApiTesterOptions;
  private worker: Worker | undefined;
  private isClosed = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(options: ApiTesterOptions) {
    this.options = options;
  }

  plan(input: PlanInput, signal: AbortSignal): Promise<Result<PlannedTests, ApiTesterFault>> {
    return this.ask({ k: "plan", input }, this.options.planTimeoutMs, readPlanned, signal);
  }

  judge(
    caseId: string,
    answer: ApiAnswer,
    signal: AbortSignal,
  ): Promise<Result<readonly ApiFinding[], ApiTesterFault>> {
    return this.ask({ k: "judge", caseId, answer }, this.options.judgeTimeoutMs, readFindings, signal);
  }

  smaller(caseId: string, signal: AbortSignal): Promise<Result<readonly ApiTestCase[], ApiTesterFault>> {
    return this.ask({ k: "smaller", caseId }, this.options.judgeTimeoutMs, readTestCases, signal);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.stop();
  }

  private ask<T>(
    job: TesterJob,
    timeoutMs: number,
    read: (value: unknown) => T | undefined,
    signal: AbortSignal,
  ): Promise<Result<T, ApiTesterFault>> {
    const turn = this.last.then(() => this.one(job, timeoutMs, read, signal));
    // The queue goes on whatever became of this job.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async one<T>(
    job: TesterJob,
    timeoutMs: number,
    read: (value: unknown) => T | undefined,
    signal: AbortSignal,
  ): Promise<Result<T, ApiTesterFault>> {
    throwIfAborted(signal);
    if (this.isClosed) return failed(crashed("the reader of API documents was closed"));
    if (this.worker === undefined && job.k !== "plan") return failed(crashed("there is no plan to judge by"));
    const worker = (this.worker ??= this.start());
    worker.ref();
    const done = await this.wait(worker, job, timeoutMs, signal);
    worker.unref();
    if (!done.ok) {
      await this.stop();
      return done;
    }
    const value = read(done.value);
    return value === undefined ? failed(crashed("the reader of API documents gave no answer")) : ok(value);
  }

  private wait(
    worker: Worker,
    job: TesterJob,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Result<unknown, ApiTesterFault>> {
    return new Promise((resolve, reject) => {
      const settle = (result: Result<unknown, ApiTesterFault>): void => {
        release();
        resolve(result);
      };
      const send = (message: ToTester): void => worker.postMessage(message, []);
      const onMessage = (message: FromTester): void => {
        if (message.k === "done") settle(ok(message.value));
        else {
          this.options.files.read(message.path, signal).then(
            (file) => send({ k: "file", file }),
            // Only an abort rejects, and it is told by its own listener.
            () => undefined,
          );
        }
      };
      const onError = (error: unknown): void =>
        settle(failed(crashed(`the reader of API documents died (${errorCode(error)})`)));
      const onExit = (): void => settle(failed(crashed("the reader of API documents ended")));
      const onAbort = (): void => {
        release();
        void this.stop().then(() => reject(abortError()));
      };
      const deadline = setTimeout(
        () => settle(failed(fault("APITEST_TIMEOUT", `${WORK[job.k]} within ${timeoutMs} ms`))),
        timeoutMs,
      );
      const release = (): void => {
        clearTimeout(deadline);
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        signal.removeEventListener("abort", onAbort);
      };
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      signal.addEventListener("abort", onAbort);
      send({ k: "job", job });
    });
  }

  private start(): Worker {
    const { entry, heapBytesMax } = this.options;
    const worker = new Worker(entry, {
      env: {},
      execArgv: [],
      argv: [],
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: Math.ceil(heapBytesMax / MIB),
        maxYoungGenerationSizeMb: Math.max(Math.ceil(heapBytesMax / MIB / 8), 4),
        stackSizeMb: STACK_MIB,
      },
    });
    worker.unref();
    // One may die between two jobs; the next one finds out.
    worker.on("error", () => this.forget(worker));
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

const WORK = {
  plan: "the document was not read",
  judge: "an answer was not judged",
  smaller: "a case was not made smaller",
} as const;

const crashed = (message: string): ApiTesterFault =>
  fault("APITEST_CRASHED", message, { help: "Try a smaller or simpler document." });
