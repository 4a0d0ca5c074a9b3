import { throwIfAborted } from "#kernel/abort.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ApiTester, ApiTesterFault } from "#ports/api-tester.ts";
import type { Clock } from "#ports/clock.ts";
import type { HttpTransport } from "#ports/http-transport.ts";
import type { ApiFinding, ApiTestCase, ApiTestPlan } from "#protocol/api-test.ts";

import { CauseBook } from "./cause-book.ts";
import { curlLine } from "./curl.ts";
import { OperationBook } from "./operation-book.ts";
import type { ApiRunEnd, ApiRunReport } from "#protocol/api-test-report.ts";
import { Sender, type Sent } from "./sender.ts";
import { shrinkCase } from "./shrink-case.ts";

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
  readonly transport: HttpTransport;
  readonly clock: Pick<Clock, "monotonicMs" | "sleep">;
}

export type RunFault = ApiTesterFault | Fault<"APITEST_UNREACHABLE">;

/** Cases without an answer, one after another, after which nobody is expected to answer any more. */
const SILENCES_MAX = 8;

/** Causes that are made smaller; a server with more of them has other worries. */
const SHRUNK_MAX = 25;

/**
 * Sends cases and judges what comes back. Operations come one after another, the plainest request of each
 * before its others, which run beside each other. Rejects with an AbortError when aborted.
 */
export const runCases = async (
  plan: ApiTestPlan,
  ports: RunPorts,
  options: RunOptions,
  signal: AbortSignal,
): Promise<Result<ApiRunReport, RunFault>> => {
  const sender = new Sender(ports, options);
  const causes = new CauseBook();
  const operations = new OperationBook(plan);
  const state = new RunState();

  const one = async (testCase: ApiTestCase): Promise<void> => {
    const sent = await sendTwiceIfSilent(sender, testCase, signal);
    if (sent === undefined) {
      if (state.ended === "completed") state.ended = "budget";
      return;
    }
    state.casesSent += 1;
    if (!sent.ok) {
      if (sent.fault.code === "HTTP_UNREACHABLE" && !state.wasHeard) {
        state.broken ??= fault("APITEST_UNREACHABLE", sent.fault.message, { retryable: true });
        return;
      }
      state.silences += 1;
      if (state.silences >= SILENCES_MAX) state.ended = "silent";
      if (sent.fault.code !== "HTTP_UNSENDABLE") causes.add(testCase, null, noAnswer(testCase, sent.fault));
      operations.add(testCase, null, []);
      return;
    }
    state.wasHeard = true;
    state.silences = 0;
    const findings = await ports.tester.judge(testCase.id, sent.value, signal);
    if (!findings.ok) {
      state.broken ??= findings.fault;
      return;
    }
    for (const finding of findings.value) causes.add(testCase, sent.value.status, finding);
    operations.add(testCase, sent.value.status, findings.value);
  };

  for (const cases of byOperation(plan.cases)) {
    const [plainest, ...others] = cases;
    if (plainest !== undefined) await one(plainest);
    await side(others, options.concurrencyMax, async (testCase) => {
      throwIfAborted(signal);
      if (state.broken === undefined && state.ended === "completed") await one(testCase);
    });
    if (state.broken !== undefined) return failed(state.broken);
    if (state.ended !== "completed") break;
  }

  causes.settle(operations);
  for (const cause of causes.failures.slice(0, SHRUNK_MAX)) {
    if (state.ended === "silent") break;
    const shrunk = await shrinkCase(cause, sender, ports.tester, options.shrinkRequestsMax, signal);
    if (!shrunk.ok) return failed(shrunk.fault);
    causes.replace(cause, shrunk.value);
  }
  const { origin } = ports.transport;
  const withCurl = causes.reports((request) => curlLine(origin, request));
  return ok({
    origin,
    seed: options.seed,
    requests: sender.requests,
    casesPlanned: plan.cases.length,
    casesSent: state.casesSent,
    operations: operations.reports,
    failures: withCurl.filter(({ severity }) => severity === "failure"),
    warnings: withCurl.filter(({ severity }) => severity === "warning"),
    ended: state.ended,
  });
};

class RunState {
  casesSent = 0;
  /** Cases without an answer since the last one with an answer. */
  silences = 0;
  wasHeard = false;
  ended: ApiRunEnd = "completed";
  broken: RunFault | undefined;
}

/** A connection may break for reasons of its own; what happens twice is the server's doing. */
const sendTwiceIfSilent = async (
  sender: Sender,
  testCase: ApiTestCase,
  signal: AbortSignal,
): Promise<Sent | undefined> => {
  const first = await sender.send(testCase.request, signal);
  if (first === undefined || first.ok || !first.fault.retryable) return first;
  return (await sender.send(testCase.request, signal)) ?? first;
};

const noAnswer = (testCase: ApiTestCase, { code, message }: Fault<string>): ApiFinding => ({
  check: "answered",
  severity: "failure",
  cause: `answered ${testCase.method} ${testCase.path} ${code}`,
  message: `twice there was no answer: ${message}`,
  place: testCase.place,
});

const byOperation = (cases: readonly ApiTestCase[]): readonly (readonly ApiTestCase[])[] => [
  ...Map.groupBy(cases, ({ method, path }) => `${method} ${path}`).values(),
];

/** Does the work for all items, so many at a time, in their order. */
const side = async <T>(
  items: readonly T[],
  countMax: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, countMax) }, lane));
};
