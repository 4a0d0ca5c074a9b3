import { toHex, utf8 } from "#kernel/bytes.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId, RunId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { createRunRecorder } from "#agent/index.ts";
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
import type { LedgerFault } from "#ports/ledger.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { ApiTestPlan } from "#protocol/api-test.ts";
import type { ApiRunReport } from "#protocol/api-test-report.ts";
import type { RunOutcome } from "#protocol/run-event.ts";

import { credentialsOf } from "./credentials.ts";
import { GateDoor } from "./gate-door.ts";
import { lastDecision } from "./last-decision.ts";
import { RequestExecutor, TEST_REQUESTS } from "./request-executor.ts";
import { RequestRecords } from "./request-records.ts";

export interface RunTestsDeps {
  readonly ledger: WritableLedger;
  /** With the rule that permits this test run to this origin. */
  readonly policies: PolicyDecider;
  readonly transport: HttpTransport;
  readonly tester: Pick<ApiTester, "judge" | "smaller">;
  /** Takes the credentials of the run out of a text. */
  readonly hide: (text: string) => string;
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

export interface RecordedTests extends ReportedTests {
  /** Under which the ledger has it. */
  readonly run: RunId;
}

export interface ReportedTests {
  readonly report: ApiRunReport;
  /** What the ledger refused; null where it took everything. */
  readonly refusal: LedgerFault | null;
}

/** Longest run, whatever its requests and their rate. */
const RUN_MS_MAX = 24 * 60 * 60 * 1000;
const KEY_BYTES = 32;
/** Causes that the last entry holds; the report has them all. */
const CAUSES_MAX = 1_000;

/**
 * Sends the tests of a plan through a gate of their own: for each operation a decision, an intent, its
 * requests in batches, an outcome; a first and a last entry around them. Nothing is sent that the ledger
 * could not take. When aborted, or where the ledger refuses once the run is on record, it stops sending at once
 * and reports what was found before; rejects with an AbortError only where nothing had begun.
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
    const ran = await runRecorded(deps, order, recorder, signal);
    return ran.ok ? ok({ run, ...ran.value }) : ran;
  } finally {
    ledger.closeScope(scope);
  }
};

const runRecorded = async (
  deps: RunTestsDeps,
  order: TestOrder,
  recorder: RunRecorder,
  signal: AbortSignal,
): Promise<Result<ReportedTests, Fault<string>>> => {
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
  const { origin } = deps.transport;
  const door = new GateDoor({ origin, ...gated, records, decision, cause: started.value });
  const end = async ({ outcome, reason, known, content }: Ending): Promise<LedgerFault | null> => {
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
    return recorded.ok ? null : recorded.fault;
  };
  try {
    const { tester, clock, hide } = deps;
    const ran = await runCases(order.plan, { tester, door, clock, hide }, order.options, signal);
    if (!ran.ok) {
      await end(brokenBy(ran.fault));
      return ran;
    }
    const { value: report } = ran;
    // Nothing is written behind what was refused: whoever opens the ledger next notes that the run has no end.
    const refusal =
      report.ended === "unrecorded"
        ? door.refusal
        : await end(endingOf(report, report.ended, deps.howInterrupted()));
    return ok({ report: refusal === null ? report : { ...report, ended: "unrecorded" }, refusal });
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

/** How a run ended that the ledger did not refuse. */
type RecordedEnd = Exclude<ApiRunReport["ended"], "unrecorded">;

const REASONS: Readonly<Record<RecordedEnd, readonly [RunOutcome, string]>> = {
  completed: ["completed", "COMPLETED"],
  budget: ["limited", "REQUESTS_SPENT"],
  silent: ["failed", "SERVER_SILENT"],
  unjudged: ["failed", "ANSWER_UNJUDGED"],
  interrupted: ["cancelled", "CANCELLED"],
};

const endingOf = (
  { casesSent, failures, warnings }: ApiRunReport,
  ended: RecordedEnd,
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
