import { isAbort } from "#kernel/abort.ts";
import { toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId, RunId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { createRunRecorder } from "#agent/index.ts";
import type { OperationWork, Passage, RequestDoor } from "#apitest/run/request-door.ts";
import { runCases, type RunOptions } from "#apitest/run/run-cases.ts";
import { createGate, type Gate, GATE_LIMITS_DEFAULT } from "#gate/index.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { ApiTester } from "#ports/api-tester.ts";
import type { Approver } from "#ports/approver.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { HttpTransport } from "#ports/http-transport.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { ApiOperation, ApiTestPlan } from "#protocol/api-test.ts";
import type { ApiRunReport } from "#protocol/api-test-report.ts";
import type { RunOutcome } from "#protocol/run-event.ts";

import { credentialsOf } from "./credentials.ts";
import { lastDecision, type SeenDecision } from "./last-decision.ts";
import { RequestExecutor, TEST_REQUESTS } from "./request-executor.ts";
import { RequestRecords } from "./request-records.ts";

export interface RunTestsDeps {
  readonly ledger: WritableLedger;
  /** With the rule that permits this test run to this origin. */
  readonly policies: PolicyDecider;
  readonly transport: HttpTransport;
  readonly tester: Pick<ApiTester, "judge" | "smaller">;
  readonly approver: Approver;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly entropy: Entropy;
  readonly digest: (bytes: Uint8Array) => Sha256;
  /** What ended the run, in words; null where that is not known. */
  readonly howInterrupted: () => string | null;
}

export interface TestOrder {
  readonly plan: ApiTestPlan;
  /** `entityId` of the document's path in its workspace. */
  readonly testRun: string;
  /** The documents that were read, by their paths. */
  readonly documents: readonly { readonly file: string; readonly digest: Sha256 }[];
  /** Operating-system user. */
  readonly user: string;
  readonly options: RunOptions;
}

export interface RecordedTests {
  /** Under which the ledger has it. */
  readonly run: RunId;
  readonly report: ApiRunReport;
}

/** Longest run, whatever its requests and their rate. */
const RUN_MS_MAX = 24 * 60 * 60 * 1000;
const KEY_BYTES = 32;
/** Causes that the last entry holds; the report has them all. */
const CAUSES_MAX = 1_000;

/**
 * Sends the tests of a plan through a gate of their own: for each operation a decision, an intent, its
 * requests in batches, an outcome; a first and a last entry around them. Nothing is sent that the ledger
 * could not take. When aborted it stops sending at once and reports what was found before; rejects with an
 * AbortError only where nothing had begun.
 */
export const runTests = async (
  deps: RunTestsDeps,
  order: TestOrder,
  signal: AbortSignal,
): Promise<Result<RecordedTests, Fault<string>>> => {
  const { ledger, clock, entropy } = deps;
  const scope = entropy.id<"scope">(clock.wallMs());
  const opened = await ledger.openScope(scope);
  if (!opened.ok) return opened;
  try {
    const run = entropy.id<"run">(clock.wallMs());
    const recorder = createRunRecorder(
      { ledger, publish: () => undefined },
      {
        run,
        parent: null,
        scope,
        principal: `TestRun::${JSON.stringify(order.testRun)}`,
        onBehalfOf: { kind: "user", id: order.user },
      },
    );
    const report = await runRecorded(deps, order, recorder, signal);
    return report.ok ? ok({ run, report: report.value }) : report;
  } finally {
    ledger.closeScope(scope);
  }
};

const runRecorded = async (
  deps: RunTestsDeps,
  order: TestOrder,
  recorder: RunRecorder,
  signal: AbortSignal,
): Promise<Result<ApiRunReport, Fault<string>>> => {
  const startedMs = deps.clock.monotonicMs();
  const key = deps.entropy.bytes(KEY_BYTES);
  const started = await recordStart(deps, order, recorder, key);
  if (!started.ok) return started;
  const { recorder: watched, decision } = lastDecision(recorder);
  const records = new RequestRecords({
    ledger: deps.ledger,
    recorder,
    clock: deps.clock,
    cause: started.value,
  });
  const gated = openGate(deps, order, watched, { records, key });
  const door = new GateDoor(deps.transport.origin, gated, decision, started.value);
  const end = async ({ outcome, reason, known, content }: Ending): Promise<Result<void, Fault<string>>> => {
    const recorded = await recorder.record({
      type: "tests.ended",
      cause: started.value,
      public: {
        outcome,
        reason,
        requests: door.requests,
        operationsDenied: door.denied,
        ...known,
        wallMs: Math.round(deps.clock.monotonicMs() - startedMs),
      },
      content,
      feeds: false,
    });
    return recorded.ok ? ok(undefined) : failed(recorded.fault);
  };
  try {
    const { tester, clock } = deps;
    const report = await runCases(order.plan, { tester, door, clock }, order.options, signal);
    const ended = await end(
      report.ok ? endingOf(report.value, deps.howInterrupted()) : brokenBy(report.fault),
    );
    return report.ok && !ended.ok ? ended : report;
  } catch (error) {
    await end(BUG);
    throw error;
  }
};

const openGate = (
  deps: RunTestsDeps,
  { plan, testRun, user }: TestOrder,
  recorder: RunRecorder,
  { records, key }: { readonly records: RequestRecords; readonly key: Uint8Array },
): { readonly gate: Gate; readonly executor: RequestExecutor } => {
  const { policies, transport, approver, clock, crypto, entropy, digest } = deps;
  let executor: RequestExecutor | undefined;
  const gate = createGate(
    {
      policy: () => policies,
      recorder,
      approver,
      model: null,
      crypto,
      entropy,
      clock,
      executors: (spend) => [(executor = new RequestExecutor({ transport, records, digest, spend }))],
    },
    {
      principal: { type: "TestRun", id: testRun },
      onBehalfOf: { kind: "user", id: user },
      ancestors: [],
      // It has no sandbox, so no rule that asks for one is met by more than the weakest.
      tier: "wasm",
      inputs: {},
      offered: [TEST_REQUESTS.name],
      key,
      endsAtMonotonicMs: clock.monotonicMs() + RUN_MS_MAX,
      limits: { ...GATE_LIMITS_DEFAULT, callsMax: plan.operations.length },
    },
  );
  invariant(executor !== undefined, "a gate makes its executors when it is opened");
  return { gate, executor };
};

/** The door of a test run: each operation is one call through the gate. */
class GateDoor implements RequestDoor {
  readonly origin: string;
  private readonly gate: Gate;
  private readonly executor: RequestExecutor;
  private readonly decision: () => SeenDecision | null;
  private readonly cause: EntryId;
  private passes = 0;
  denied = 0;

  constructor(
    origin: string,
    { gate, executor }: { readonly gate: Gate; readonly executor: RequestExecutor },
    decision: () => SeenDecision | null,
    cause: EntryId,
  ) {
    this.origin = origin;
    this.gate = gate;
    this.executor = executor;
    this.decision = decision;
    this.cause = cause;
  }

  get requests(): number {
    return this.executor.requests;
  }

  async pass(
    { operation, requestsMax }: { readonly operation: ApiOperation; readonly requestsMax: number },
    work: OperationWork,
    signal: AbortSignal,
  ): Promise<Result<Passage, Fault<string>>> {
    const { method, target, path } = operation;
    const bugs: unknown[] = [];
    this.executor.expect((send, inner) =>
      work(send, inner).catch((error: unknown) => {
        if (!isAbort(error)) bugs.push(error);
        throw error;
      }),
    );
    const performed = await this.gate.perform(
      {
        reference: `${method} ${path}`,
        tool: TEST_REQUESTS.name,
        arguments: { k: "value", value: { method, target, requestsMax } },
        ordinal: this.passes,
        iteration: 0,
        labels: [],
        cause: this.cause,
      },
      signal,
    );
    this.passes += 1;
    if (bugs.length > 0) throw bugs[0];
    if (!performed.ok) return performed;
    const { status, value, text } = performed.value;
    switch (status) {
      case "done":
        return ok(passageOf(value));
      case "denied":
      case "refused": {
        this.denied += 1;
        const seen = this.decision();
        const message = status === "denied" ? (seen?.summary ?? text) : text;
        return ok({ k: "stopped", why: status, message, rules: seen?.rules ?? [] });
      }
      case "failed":
      case "unknown":
        return failed(fault("HOST_TESTS_BROKEN", `the requests of an operation could not be sent: ${text}`));
    }
  }
}

const passageOf = (value: JsonValue): Passage =>
  isJsonObject(value) && value["end"] === "time-limit"
    ? {
        k: "stopped",
        why: "time-limit",
        message: "the time that a rule gives the operation was over",
        rules: [],
      }
    : { k: "passed" };

const recordStart = async (
  { policies, digest, transport }: RunTestsDeps,
  { plan, documents, options }: TestOrder,
  recorder: RunRecorder,
  key: Uint8Array,
): Promise<Result<EntryId, Fault<string>>> => {
  const digestOf = (value: unknown): Sha256 => digest(utf8(canonicalJson(value as JsonValue)));
  const recorded = await recorder.record({
    type: "tests.started",
    cause: null,
    public: {
      documents: digestOf(documents),
      plan: digestOf(plan),
      policies: policies.policies,
      seed: options.seed,
      operations: plan.operations.length,
      cases: plan.cases.length,
      requestsMax: options.requestsMax,
    },
    content: {
      target: {
        origin: transport.origin,
        options: { ...options },
        // Names only.
        credentials: credentialsOf(plan).map(({ scheme, variable }) => ({ scheme, variable })),
      },
      documents: documents.map((each) => ({ ...each })),
      key: toHex(key),
    },
    feeds: false,
  });
  return recorded.ok ? ok(recorded.value.id) : failed(recorded.fault);
};

interface Ending {
  readonly outcome: RunOutcome;
  readonly reason: string;
  /** Null where the run ended before it was added up. */
  readonly known: Readonly<Record<"cases" | "failures" | "warnings", number | null>>;
  readonly content: { readonly [name: string]: JsonValue };
}

const UNKNOWN = { known: { cases: null, failures: null, warnings: null }, content: {} };
const BUG: Ending = { ...UNKNOWN, outcome: "failed", reason: "INTERNAL_ERROR" };

const REASONS = {
  completed: ["completed", "COMPLETED"],
  budget: ["limited", "REQUESTS_SPENT"],
  silent: ["failed", "SERVER_SILENT"],
  unjudged: ["failed", "ANSWER_UNJUDGED"],
  interrupted: ["cancelled", "CANCELLED"],
} as const;

const endingOf = (
  { ended, casesSent, failures, warnings }: ApiRunReport,
  howInterrupted: string | null,
): Ending => {
  const [outcome, reason] = REASONS[ended];
  const causes = [...failures, ...warnings].slice(0, CAUSES_MAX);
  return {
    outcome,
    reason,
    known: { cases: casesSent, failures: failures.length, warnings: warnings.length },
    content: {
      causes: causes.map(({ check, cause, severity, count, status, example }) => ({
        check,
        cause: cause.toWellFormed(),
        severity,
        count,
        status,
        case: example.id,
      })),
      ...(ended === "interrupted" && howInterrupted !== null
        ? { explanation: `ended by ${howInterrupted}` }
        : {}),
    },
  };
};

const brokenBy = ({ code, message }: Fault<string>): Ending => ({
  ...UNKNOWN,
  outcome: "failed",
  reason: code,
  content: { explanation: message.toWellFormed() },
});
