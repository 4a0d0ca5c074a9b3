import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "#kernel/json.ts";
import { inputOf } from "#agent/journal.ts";
import { programOf } from "#agent/program.ts";
import { RUN_REASONS, isRunReason } from "#agent/reasons.ts";
import type { RunState } from "#agent/state.ts";
import { begin, transition } from "#agent/transition.ts";
import { caseCount } from "#test/kit/cases.ts";
import { allow, approvalBy, deny, stepUp } from "#test/kit/decisions.ts";
import type { Deciding } from "#test/kit/policy-decider-fake.ts";
import type { Act, ToolFakePlan } from "#test/kit/tool-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { WorldPlan, WorldRun } from "./world.ts";
import { ended, journalOf, requestOf, runIn } from "./world.ts";

/*
 * Goal: whatever a model says, whatever rules, people and tools do, and whenever it is cancelled, a
 * run keeps its laws. Method: random worlds behind the real gate, with time that jumps.
 */

const TOOLS = ["read_file", "write_file", "list_files", "publish_file"] as const;

const argumentsText = fc.oneof(
  fc.constantFrom("{}", '{"path":"a"}', '{"path":"a","content":"b"}', "", "{", "null", '{"__entity":{}}'),
  fc.string({ unit: "binary", maxLength: 12 }),
);

const toolCalls = fc.array(
  fc.record({
    tool: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...TOOLS) },
      fc.constantFrom("shell", "no such", ""),
    ),
    argumentsText: argumentsText.map((text) => text.toWellFormed()),
  }),
  { minLength: 1, maxLength: 4 },
);

const turn: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ text: fc.string(), toolCalls }) },
  { weight: 2, arbitrary: fc.record({ text: fc.string() }) },
  fc.record({ text: fc.string(), finish: fc.constantFrom("length", "refused") }),
  fc.record({ fail: fc.constantFrom("MODEL_UNAVAILABLE", "MODEL_TIMEOUT", "MODEL_BAD_ANSWER") }),
  fc.record({ text: fc.string(), delayMs: fc.integer({ min: 0, max: 20_000 }), toolCalls }),
  fc.record({
    toolCalls,
    usage: fc.record({
      inputTokens: fc.integer({ min: 0, max: 900 }),
      outputTokens: fc.integer({ min: 0, max: 900 }),
    }),
  }),
);

const deciding: fc.Arbitrary<Deciding> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Deciding>(allow()) },
  fc.constant<Deciding>(deny("forbidden")),
  fc.constant<Deciding>(stepUp(approvalBy())),
  fc.constant<Deciding>("throws"),
);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 900 }).map((afterMs): Act => ({ k: "result", afterMs })),
  },
  fc.constant<Act>({
    k: "result",
    result: { changes: [{ path: "a", kind: "created", digest: null, sizeBytes: 0 }], labels: ["private"] },
  }),
  fc.constant<Act>({ k: "fault", code: "TOOL_NOT_FOUND" }),
  fc.constant<Act>({ k: "fault", code: "TOOL_OUTCOME_UNKNOWN" }),
  fc.constant<Act>({ k: "throws" }),
  fc.constant<Act>({ k: "hangs" }),
  fc.constant<Act>({ k: "deaf" }),
);

const tool: fc.Arbitrary<ToolFakePlan> = fc.record({
  act,
  descriptor: fc.record({ idempotent: fc.boolean() }),
});

const named = <T>(
  names: readonly string[],
  value: fc.Arbitrary<T>,
): fc.Arbitrary<Readonly<Record<string, T>>> =>
  fc
    .tuple(...names.map(() => value))
    .map((values) => Object.fromEntries(names.map((name, index) => [name, values[index] as T])));

const bodies = fc.constantFrom(
  null,
  'let out = ""; for n in range(3) { let r = reason("s", format("{}", n)); out += r.response; print(out); } return out;',
  'let text = read_file("a"); write_file("b", "c"); return list_files();',
  "let sum = 0; for a in range(100) { for b in range(20) { sum += a * b; } } return sum;",
);

interface Wild {
  readonly plan: WorldPlan;
  /** Cancelled when this many entries are on record; never when there are fewer. */
  readonly cancelAt: number;
}

const worlds: fc.Arbitrary<Wild> = fc
  .record({
    turns: fc.array(turn, { maxLength: 6 }),
    decisions: named([...TOOLS, "respond", "model_call"], deciding),
    tools: named(TOOLS, tool),
    body: bodies,
    approves: fc.boolean(),
    limits: fc.record({
      iterationsMax: fc.integer({ min: 1, max: 6 }),
      tokensMax: fc.integer({ min: 500, max: 20_000 }),
      wallMsMax: fc.integer({ min: 1_000, max: 60_000 }),
      toolMsMax: fc.integer({ min: 100, max: 5_000 }),
      sliceSteps: fc.constantFrom(50, 100_000),
    }),
    cancelAt: fc.oneof(fc.constant(1_000), fc.integer({ min: 0, max: 40 })),
  })
  .map(({ turns, decisions, tools, body, approves, limits, cancelAt }) => ({
    cancelAt,
    plan: {
      turns,
      decisions,
      tools,
      limits,
      ...(body === null ? {} : { body }),
      answers: Array.from({ length: 100 }, () =>
        approves ? ({ k: "approves", by: "ada" } as const) : ({ k: "expired" } as const),
      ),
    },
  }));

const runWild = ({ plan, cancelAt }: Wild): Promise<WorldRun> => {
  let recorded = 0;
  return runIn({
    ...plan,
    onRecord: (_type, world) => {
      if (recorded === cancelAt) world.cancel.abort();
      recorded += 1;
    },
  });
};

describe("in any world a run", () => {
  test("ends once, for a named reason, with everything closed, and replays", async () => {
    verifies("agent.journal.durable", "agent.loop.phases");
    await fc.assert(
      fc.asyncProperty(worlds, async (wild) => {
        // Replay equality is checked by `runIn`.
        const { report, recorder, sessions, clock, tools } = await runWild(wild);
        expect(report.bug).toBeNull();
        expect(isRunReason(report.end.reason)).toBe(true);
        expect(report.end.outcome).toBe(RUN_REASONS[report.end.reason][0]);
        expect(ended(recorder)["reason"]).toBe(report.end.reason);
        expect(sessions.opened).toBe(sessions.closed);
        expect(clock.sleepers).toBe(0);
        expect(report.usage.iterations).toBeLessThanOrEqual(wild.plan.limits?.iterationsMax ?? 0);
        expectDecided(recorder, Object.values(tools).flatMap((fake) => fake.executed).length);
      }),
      { numRuns: caseCount(120) },
    );
  });

  test("has states that are data: frozen, written out and read back they lead the same way", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (wild) => {
        const { recorder, report } = await runWild(wild);
        const last = replayThroughText(wild.plan, recorder);
        if (report.end.reason !== "LEDGER_REFUSED") expect(last?.end ?? null).toEqual(report.end);
      }),
      { numRuns: caseCount(40) },
    );
  });
});

/** No tool acts without a decision that lets it and a durable intent before it. */
const expectDecided = (recorder: WorldRun["recorder"], executed: number): void => {
  const permitted = new Set<unknown>();
  let intents = 0;
  for (const { type, public: fields } of recorder.entries) {
    if (type === "action.decided" && fields["outcome"] !== "deny") permitted.add(fields["callId"]);
    if (type === "action.intended") {
      expect(permitted.has(fields["callId"])).toBe(true);
      if (fields["tool"] !== null) intents += 1;
    }
  }
  expect(executed).toBeLessThanOrEqual(intents);
};

const replayThroughText = (plan: WorldPlan, recorder: WorldRun["recorder"]): RunState | null => {
  const program = programOf(requestOf(plan));
  if (!program.ok) throw new Error(program.fault.message);
  let state: RunState | null = null;
  for (const entry of journalOf(recorder)) {
    const input = inputOf(entry);
    if (!input.ok) throw new Error(input.fault.message);
    const { value } = input;
    const step =
      value.k === "started" ? begin(program.value, value) : transition(program.value, frozen(state), value);
    state = JSON.parse(JSON.stringify(step.state)) as RunState;
  }
  return state;
};

/** A state that nobody can change by accident. */
const frozen = (state: RunState | null): RunState => {
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  freeze(state);
  if (state === null) throw new Error("a run begins with its start");
  return state;
};
