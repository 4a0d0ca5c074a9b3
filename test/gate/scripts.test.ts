import fc from "fast-check";
import { expect, test } from "vitest";
import type { CallOutcome, GateFault } from "#gate/contract.ts";
import type { Result } from "#kernel/result.ts";
import { caseCount } from "#test/kit/cases.ts";
import type { RecordedDraft } from "#test/kit/run-recorder-fake.ts";
import { call, calm, modelCall } from "./rig.ts";
import type { Behaving, Happening, ScriptedRig } from "./scripts.ts";
import { ACTS, ANSWERS, createScriptedRig, DECISIONS } from "./scripts.ts";

/*
 * Goal: whatever policies, people, tools and the ledger do, and whenever the run is cancelled,
 * nothing is executed but what was decided, agreed to and recorded; and what became of it is
 * recorded once.
 *
 * Method: random scripts of turns, model calls and responses, in which calls say how everyone
 * behaves towards them, turns are cancelled at some moment, and the ledger refuses from some entry
 * on. After every command the laws below are checked against the whole record.
 */

interface Real extends ScriptedRig {
  proposals: number;
}

/** What the laws need to know besides the record. */
interface Model {
  /** Set when the gate gave its first fault: nothing may happen any more. */
  broken: { readonly fault: GateFault; readonly entries: number; readonly happenings: number } | null;
}

type Command = fc.AsyncCommand<Model, Real>;
type Scripted = { readonly tool: string; readonly behaving: Omit<Behaving, "n"> };

const turn = (scripted: readonly Scripted[], abortAfterMs: number | null): Command => ({
  check: () => true,
  async run(model, real) {
    const { rig } = real;
    const first = real.proposals;
    real.proposals += scripted.length;
    const calls = scripted.map(({ tool, behaving }, index) =>
      call(tool, { ...behaving, n: first + index }, { reference: `${first + index}`, ordinal: index }),
    );
    const controller = new AbortController();
    if (abortAfterMs !== null) {
      void rig.clock.sleep(abortAfterMs, calm()).then(() => controller.abort());
    }
    const settled = await settle(real, rig.gate.performAll(calls, controller.signal));
    if (settled === "cancelled") expect(controller.signal.aborted).toBe(true);
    else if (settled.ok)
      outcomesFit(
        real,
        calls.map((one) => one.reference),
        settled.value,
      );
    lawsHold(model, real, settled);
  },
  toString: () => `turn(${JSON.stringify(scripted)}, abort after ${abortAfterMs} ms)`,
});

const ask: Command = {
  check: () => true,
  async run(model, real) {
    lawsHold(model, real, await settle(real, real.rig.gate.callModel(modelCall(), calm())));
  },
  toString: () => "ask the model",
};

const respond: Command = {
  check: () => true,
  async run(model, real) {
    const response = { value: "x", labels: [], iteration: 1, cause: null };
    lawsHold(model, real, await settle(real, real.rig.gate.respond(response, calm())));
  },
  toString: () => "respond",
};

const breakLedger = (after: number): Command => ({
  check: (model) => model.broken === null,
  async run(_, { rig }) {
    rig.recorder.failAt(rig.recorder.entries.length + after);
  },
  toString: () => `the ledger refuses after ${after} more entries`,
});

type Settled<T> = Result<T, GateFault> | "cancelled";

const settle = async <T>({ rig }: Real, work: Promise<Result<T, GateFault>>): Promise<Settled<T>> =>
  rig.clock.drive(
    work.catch((error: unknown): "cancelled" => {
      expect(error).toMatchObject({ name: "AbortError" });
      return "cancelled";
    }),
  );

const outcomesFit = (
  { rig }: Real,
  references: readonly string[],
  outcomes: readonly CallOutcome[],
): void => {
  expect(outcomes.map((outcome) => outcome.reference)).toEqual(references);
  const ends = new Map(
    rig.recorder.entries.filter((entry) => entry.feeds).map((entry) => [entry.entry.id, entry]),
  );
  for (const { callId, entry } of outcomes) expect(ends.get(entry.id)?.public["callId"]).toBe(callId);
};

const lawsHold = (model: Model, real: Real, settled: Settled<unknown>): void => {
  const { entries } = real.rig.recorder;
  if (model.broken !== null) {
    expect(settled).toEqual({ ok: false, fault: model.broken.fault });
    expect(entries).toHaveLength(model.broken.entries);
    expect(real.happenings).toHaveLength(model.broken.happenings);
  }
  if (settled !== "cancelled" && !settled.ok) {
    model.broken = { fault: settled.fault, entries: entries.length, happenings: real.happenings.length };
  }
  for (const happening of real.happenings) actedRightly(entries, happening);
  spentOnce(real.happenings);
  endsFit(entries, model.broken !== null);
};

/** What was done had been decided for, agreed to and intended, under one fingerprint. */
const actedRightly = (entries: readonly RecordedDraft[], { n, after }: Happening): void => {
  const before = entries.slice(0, after);
  const decided = before.find((entry) => argumentNumber(entry) === n);
  expect(decided?.public["outcome"]).toMatch(/^(?:allow|allow-with-conditions|step-up)$/);
  const of = (type: string) =>
    before.filter((entry) => entry.type === type && entry.public["callId"] === decided?.public["callId"]);
  expect(of("action.intended").map((entry) => entry.public["fingerprint"])).toEqual([
    decided?.public["fingerprint"],
  ]);
  const answers = of("approval.answered").map((entry) => entry.public["answer"]);
  expect(answers).toEqual(decided?.public["outcome"] === "step-up" ? ["approved"] : []);
};

const argumentNumber = ({ type, content }: RecordedDraft): number | undefined => {
  if (type !== "action.decided") return undefined;
  const prepared = content["prepared"] as { readonly arguments: Partial<Behaving> } | undefined;
  return prepared?.arguments.n;
};

const spentOnce = (happenings: readonly Happening[]): void => {
  const spends = happenings.filter((happening) => happening.k === "spent").map((happening) => happening.n);
  expect(new Set(spends).size).toBe(spends.length);
};

/** Every intent and every request has one end, as long as the ledger took entries; nothing ends twice. */
const endsFit = (entries: readonly RecordedDraft[], broken: boolean): void => {
  const calls = (types: readonly string[]) =>
    entries.filter((entry) => types.includes(entry.type)).map((entry) => entry.public["callId"]);
  const ends = calls(["action.completed", "effect.unknown", "model.answered", "model.failed"]);
  expect(new Set(ends).size).toBe(ends.length);
  const open = calls(["action.intended", "model.requested"]).filter((callId) => !ends.includes(callId));
  if (!broken) expect(open).toEqual([]);
};

test("the laws of the gate hold over every script", async () => {
  const scripted = fc.record({
    tool: fc.constantFrom("read", "read", "write", "nothing"),
    behaving: fc.record({
      // Weighted towards what gets far.
      decision: fc.oneof(
        { weight: 2, arbitrary: fc.constant("allow" as const) },
        { weight: 1, arbitrary: fc.constantFrom(...keys(DECISIONS)) },
      ),
      answer: fc.constantFrom("yes" as const, ...keys(ANSWERS)),
      act: fc.constantFrom("works" as const, ...ACTS),
    }),
  });
  const commands = fc.commands<Model, Real, false>(
    [
      fc
        .tuple(
          fc.array(scripted, { maxLength: 4 }),
          fc.option(fc.constantFrom(0, 1, 500, 1_000, 2_500, 15_000), { nil: null, freq: 2 }),
        )
        .map(([calls, abortAfterMs]) => turn(calls, abortAfterMs)),
      fc.constant(ask),
      fc.constant(respond),
      fc.nat({ max: 12 }).map(breakLedger),
    ],
    { maxCommands: 8 },
  );
  const seen = { executed: 0, unknown: 0, broken: 0, approved: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(commands, async (script) => {
      const real: Real = { ...createScriptedRig(), proposals: 0 };
      const model: Model = { broken: null };
      await fc.asyncModelRun(() => ({ model, real }), script);
      const count = (type: Parameters<typeof real.rig.recorder.ofType>[0]) =>
        real.rig.recorder.ofType(type).length;
      seen.executed += real.happenings.filter((happening) => happening.k === "executed").length;
      seen.unknown += count("effect.unknown");
      seen.approved += count("approval.answered");
      seen.refused += count("capability.refused");
      seen.broken += model.broken === null ? 0 : 1;
    }),
    { numRuns: caseCount(400) },
  );
  // A property that never got far would hold for nothing.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(3);
});

const keys = <Key extends string>(table: Readonly<Record<Key, unknown>>): [Key, ...Key[]] =>
  Object.keys(table) as [Key, ...Key[]];
