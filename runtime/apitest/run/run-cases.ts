import { isAbort, throwIfAborted } from "#kernel/abort.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ApiTester } from "#ports/api-tester.ts";
import type { Clock } from "#ports/clock.ts";
import type { ApiFinding, ApiOperation, ApiRequest, ApiTestCase, ApiTestPlan } from "#protocol/api-test.ts";
import type { ApiRunEnd, ApiRunReport, ApiUnjudged, ApiUnsent } from "#protocol/api-test-report.ts";

import { CauseBook } from "./cause-book.ts";
import { curlLine } from "./curl.ts";
import { OperationBook } from "./operation-book.ts";
import { isUnsendable, type RequestDoor, type SendCase, type Sending } from "./request-door.ts";
import { Sender } from "./sender.ts";
import { shrinkCase } from "./shrink-case.ts";
import { unsentOf } from "./unsent.ts";

export interface RunOptions {
  readonly seed: number;
  /** All requests of the run, those for shrinking included. */
  readonly requestsMax: number;
  /** Requests that are under way at the same time. */
  readonly concurrencyMax: number;
  /** Requests of one second; null for as fast as they come back. */
  readonly requestsPerSecondMax: number | null;
  /** Requests that making one failure smaller may take. */
  readonly shrinkRequestsMax: number;
}

export interface RunPorts {
  readonly tester: Pick<ApiTester, "judge" | "smaller">;
  readonly door: RequestDoor;
  readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
  /** Takes the credentials of the run out of a text. */
  readonly hide: (text: string) => string;
}

/**
 * Cases without an answer, one after another, after which the next operation is tried. Where that is silent too, or
 * there is none, nobody is expected to answer any more.
 */
const SILENCES_MAX = 8;

/** Causes that are made smaller; a server with more of them has other worries. */
const SHRUNK_MAX = 25;

/**
 * Sends cases and judges what comes back. Operations come one after another, each through the door; the
 * plainest request of each before its others, which run beside each other, and what failed of it is made
 * smaller before the next one. When aborted, or where the ledger refuses, nothing more is sent, and the report
 * has what was found before.
 */
export const runCases = async (
  plan: ApiTestPlan,
  ports: RunPorts,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Result<ApiRunReport, Fault<string>>> => new Run(plan, ports, options).run(signal);

class Run {
  private readonly plan: ApiTestPlan;
  private readonly ports: RunPorts;
  private readonly options: RunOptions;
  private readonly sender: Sender;
  private readonly causes = new CauseBook();
  private readonly operations: OperationBook;
  private readonly notSent: ApiUnsent[] = [];
  private casesSent = 0;
  /** Cases of operations that come later. */
  private casesAhead: number;
  /** Cases without an answer since the last one with an answer. */
  private silences = 0;
  /** How many of them were there before the operation that is passed. */
  private silencesBefore = 0;
  private isGivenUp = false;
  private wasHeard = false;
  private causesShrunk = 0;
  private ended: ApiRunEnd = "completed";
  private unjudged: ApiUnjudged | null = null;
  private broken: Fault<string> | undefined;

  constructor(plan: ApiTestPlan, ports: RunPorts, options: RunOptions) {
    this.plan = plan;
    this.ports = ports;
    this.options = options;
    this.sender = new Sender(ports.clock, options);
    this.operations = new OperationBook(plan);
    this.casesAhead = plan.cases.length;
  }

  async run(signal: AbortSignal): Promise<Result<ApiRunReport, Fault<string>>> {
    try {
      const passed = await this.passOperations(signal);
      if (!passed.ok) return passed;
    } catch (error) {
      if (!isAbort(error) || !signal.aborted) throw error;
      // What is not on record is worse, whoever ended it.
      if (this.ended !== "unrecorded") this.ended = "interrupted";
    }
    return ok(this.report());
  }

  private async passOperations(signal: AbortSignal): Promise<Result<void, Fault<string>>> {
    const groups = Map.groupBy(this.plan.cases, nameOf);
    for (const operation of this.plan.operations) {
      const cases = groups.get(nameOf(operation)) ?? [];
      if (cases.length === 0) continue;
      if (this.sender.left <= 0) {
        this.ended = "budget";
        break;
      }
      const done = await this.passOperation(operation, cases, signal);
      throwIfAborted(signal);
      if (!done.ok) return done;
      if (this.broken !== undefined) return failed(this.broken);
      if (this.ended !== "completed") break;
    }
    // Where nothing was left to be tried, nothing was ended.
    if (this.ended === "silent" && this.casesLeft === 0) this.ended = "completed";
    return ok(undefined);
  }

  private get casesLeft(): number {
    const kept = this.notSent.reduce((sum, { cases }) => sum + cases, 0);
    return this.plan.cases.length - this.casesSent - kept;
  }

  private async passOperation(
    operation: ApiOperation,
    cases: readonly ApiTestCase[],
    signal: AbortSignal,
  ): Promise<Result<void, Fault<string>>> {
    this.casesAhead -= cases.length;
    this.silencesBefore = this.silences;
    this.isGivenUp = false;
    const sentBefore = this.casesSent;
    const { shrinkRequestsMax } = this.options;
    const requestsMax = Math.min(
      this.sender.left,
      // Each may be sent twice.
      2 * cases.length + (SHRUNK_MAX - this.causesShrunk) * shrinkRequestsMax,
    );
    const denied: ApiTestCase[] = [];
    const unsendable: ApiTestCase[] = [];
    const passage = await this.ports.door.pass(
      { operation, requestsMax },
      (send, inner) => this.work(operation, cases, send, { denied, unsendable }, inner),
      signal,
    );
    if (!passage.ok) return passage;
    const left = cases.length - (this.casesSent - sentBefore) - denied.length - unsendable.length;
    this.notSent.push(
      ...unsentOf(operation, {
        denied,
        unsendable,
        stopped: passage.value.k === "stopped" ? { ...passage.value, cases: left } : null,
        silent: this.isGivenUp ? { cases: left, silences: SILENCES_MAX } : null,
      }),
    );
    if (passage.value.k === "unrecorded") this.ended = "unrecorded";
    return ok(undefined);
  }

  private async work(
    operation: ApiOperation,
    cases: readonly ApiTestCase[],
    send: SendCase,
    kept: Readonly<Record<Kept, ApiTestCase[]>>,
    signal: AbortSignal,
  ): Promise<void> {
    const one = async (testCase: ApiTestCase): Promise<void> => {
      throwIfAborted(signal);
      const isOver = this.broken !== undefined || this.ended !== "completed" || this.isGivenUp;
      const tried = isOver ? "tried" : await this.tryCase(testCase, send, signal);
      if (tried !== "tried") kept[tried].push(testCase);
    };
    const [plainest, ...others] = cases;
    if (plainest !== undefined) await one(plainest);
    await side(others, this.options.concurrencyMax, one);
    this.causes.settle(this.operations);
    await this.shrink(operation, send, signal);
  }

  private async tryCase(testCase: ApiTestCase, send: SendCase, signal: AbortSignal): Promise<"tried" | Kept> {
    const sent = await this.sendTwiceIfSilent(testCase, send, signal);
    if (sent === "denied") return "denied";
    if (sent === "spent") {
      if (this.ended === "completed") this.ended = "budget";
      return "tried";
    }
    if (isUnsendable(sent)) return "unsendable";
    this.casesSent += 1;
    if (!sent.ok) {
      if (sent.fault.code === "HTTP_UNREACHABLE" && !this.wasHeard) {
        const help = "start it, or name the one that runs with --origin";
        this.broken ??= fault("APITEST_UNREACHABLE", sent.fault.message, { retryable: true, help });
        return "tried";
      }
      // Who sends what is no HTTP is there, and quick.
      if (sent.fault.code === "HTTP_MALFORMED") this.wasHeard = true;
      else this.noteSilence();
      this.causes.add(testCase, null, noAnswer(testCase, sent.fault));
      this.operations.add(testCase, null, []);
      return "tried";
    }
    this.wasHeard = true;
    this.silences = 0;
    const findings = await this.ports.tester.judge(testCase.id, sent.value, signal);
    if (!findings.ok) {
      this.loseJudge(testCase, findings.fault);
      return "tried";
    }
    for (const finding of findings.value) this.causes.add(testCase, sent.value.status, finding);
    this.operations.add(testCase, sent.value.status, findings.value);
    return "tried";
  }

  private noteSilence(): void {
    this.silences += 1;
    const isElsewhereToo = this.silencesBefore > 0 || this.casesAhead === 0;
    if (this.silences >= SILENCES_MAX && isElsewhereToo) this.ended = "silent";
    else if (this.silences - this.silencesBefore >= SILENCES_MAX) this.isGivenUp = true;
  }

  /** A connection may break for reasons of its own; what happens twice is the server's doing. */
  private async sendTwiceIfSilent(
    testCase: ApiTestCase,
    send: SendCase,
    signal: AbortSignal,
  ): Promise<Sending> {
    const first = await this.sender.send(send, testCase, signal);
    if (typeof first === "string" || first.ok || !first.fault.retryable) return first;
    const second = await this.sender.send(send, testCase, signal);
    return typeof second === "string" ? first : second;
  }

  /** The plan is gone with its judge, and what was found before is kept. */
  private loseJudge(testCase: ApiTestCase, { message }: Fault<string>): void {
    const { method, path, place, request } = testCase;
    this.ended = "unjudged";
    this.unjudged ??= { method, path, place, message, curl: this.curlOf(request) };
  }

  /** Makes what failed of an operation smaller, with no request that a case to come may need. */
  private async shrink(operation: ApiOperation, send: SendCase, signal: AbortSignal): Promise<void> {
    const failures = this.causes.failures.filter(({ example }) => nameOf(example) === nameOf(operation));
    for (const cause of failures.slice(0, SHRUNK_MAX - this.causesShrunk)) {
      if (this.broken !== undefined || this.isGivenUp || HOPELESS.includes(this.ended)) return;
      this.causesShrunk += 1;
      const shrunk = await shrinkCase(
        cause,
        (testCase, inner) => this.sender.send(send, testCase, inner),
        this.ports.tester,
        Math.min(this.options.shrinkRequestsMax, this.sender.left - this.casesAhead),
        signal,
      );
      if (!shrunk.ok) {
        this.loseJudge(cause.example, shrunk.fault);
        return;
      }
      this.causes.replace(cause, shrunk.value);
    }
    this.causes.joinAlike();
  }

  private curlOf(request: ApiRequest): string {
    return curlLine(this.ports.door.origin, request, this.ports.hide);
  }

  private report(): ApiRunReport {
    const { door } = this.ports;
    const { origin } = door;
    const causes = this.causes.reports(
      (request) => this.curlOf(request),
      (testCase) => door.isRecorded(testCase),
    );
    return {
      origin,
      seed: this.options.seed,
      requests: door.requests,
      requestsRecorded: door.requestsRecorded,
      casesPlanned: this.plan.cases.length,
      casesSent: this.casesSent,
      operations: this.operations.reports,
      failures: causes.filter(({ severity }) => severity === "failure"),
      warnings: causes.filter(({ severity }) => severity === "warning"),
      notSent: this.notSent,
      leftOut: this.plan.leftOut,
      ended: this.ended,
      unjudged: this.unjudged,
    };
  }
}

/** Ends of a run behind which nothing is made smaller. */
const HOPELESS: readonly ApiRunEnd[] = ["silent", "unjudged"];

/** Why a case was not sent although there was budget for it. */
type Kept = "denied" | "unsendable";

const nameOf = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method} ${path}`;

const noAnswer = (testCase: ApiTestCase, { code, message, retryable }: Fault<string>): ApiFinding => ({
  check: "answered",
  severity: "failure",
  cause: `answered ${testCase.method} ${testCase.path} ${code}`,
  message: `there was no answer${retryable ? ", twice" : ""}: ${message}`,
  place: testCase.place,
});

/** Does the work for all items, so many at a time, in their order. When it settles all that began is over. */
const side = async <T>(
  items: readonly T[],
  countMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.max(1, countMax) }, lane));
  const broken = lanes.find((each) => each.status === "rejected");
  if (broken !== undefined) throw broken.reason;
};
