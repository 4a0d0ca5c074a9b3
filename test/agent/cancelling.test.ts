import { describe, expect, test } from "vitest";
import { abortError } from "#kernel/abort.ts";
import { approvalBy, stepUp } from "#test/kit/decisions.ts";
import type { WorldPlan, WorldRun } from "./world.ts";
import { calls, ended, expectReplay, runIn, says, start, trace } from "./world.ts";

const SCRIPT: WorldPlan = { turns: [calls("write_file", { path: "a", content: "b" }), says("done")] };

const expectCancelled = ({ report, recorder, sessions, clock }: WorldRun): readonly string[] => {
  expect(report.end).toMatchObject({ outcome: "cancelled", reason: "CANCELLED", result: null });
  expect(report.isRecorded).toBe(true);
  expect(ended(recorder)).toMatchObject({ outcome: "cancelled" });
  expect(recorder.ofType("person.intervened").map((entry) => entry.public)).toEqual([
    { act: "CANCEL", target: null, by: "ada", surface: "terminal" },
  ]);
  expect(recorder.ofType("person.intervened").map((entry) => entry.content)).toEqual([{ detail: "Ctrl-C" }]);
  // Nothing is left behind: no open session, nobody who waits.
  expect(sessions.opened).toBe(sessions.closed);
  expect(clock.sleepers).toBe(0);
  return trace(recorder);
};

/** The entries of a run that is cancelled when the first entry of a type is about to be durable. */
const cancelledAt = async (type: string, plan: WorldPlan = SCRIPT): Promise<readonly string[]> =>
  expectCancelled(
    await runIn({
      ...plan,
      onRecord: (recorded, world) => {
        if (recorded === type) world.cancel.abort();
      },
    }),
  );

/** The entries of a run that is cancelled when it can only wait, with an entry of a type as its last. */
const cancelledBehind = async (type: string, plan: WorldPlan): Promise<readonly string[]> => {
  const { world, running } = start(plan);
  while (world.recorder.entries.at(-1)?.type !== type) await world.clock.advance(0);
  await world.clock.advance(0);
  world.cancel.abort();
  const report = await world.clock.drive(running);
  if (!report.ok) throw new Error(report.fault.message);
  const run = { ...world, report: report.value };
  expectReplay(plan, run);
  return expectCancelled(run);
};

describe("cancelling", () => {
  test.each([
    "run.started",
    "action.decided",
    "model.requested",
    "model.answered",
    "action.intended",
    "action.completed",
  ])("while %s is recorded", async (type) => {
    expect((await cancelledAt(type)).at(-1)).toBe("run.ended CANCELLED");
  });

  test("before it began does nothing but start and end", async () => {
    const { world, running } = start(SCRIPT);
    world.cancel.abort();
    const report = await world.clock.drive(running);
    expect(report.ok && report.value.end.reason).toBe("CANCELLED");
    expect(trace(world.recorder)).toEqual(["run.started", "person.intervened CANCEL", "run.ended CANCELLED"]);
    expect(world.sessions.opened).toBe(0);
    expect(world.recorder.lives).toEqual([]);
  });

  test("while the sandbox opens", async () => {
    const entries = await cancelledBehind("run.started", {
      ...SCRIPT,
      opening: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(abortError()), { once: true });
        }),
    });
    expect(entries).toEqual(["run.started", "person.intervened CANCEL", "run.ended CANCELLED"]);
  });

  test("while the model thinks", async () => {
    const entries = await cancelledBehind("model.requested", { turns: [{ text: "x", delayMs: 600_000 }] });
    expect(entries.slice(-3)).toEqual([
      "person.intervened CANCEL",
      "model.failed CANCELLED",
      "run.ended CANCELLED",
    ]);
  });

  test("while a tool runs: its outcome is on record before the end is", async () => {
    const entries = await cancelledBehind("action.intended", {
      ...SCRIPT,
      tools: { write_file: { act: { k: "hangs" }, descriptor: { idempotent: true } } },
    });
    expect(entries.slice(-3)).toEqual([
      "person.intervened CANCEL",
      "action.completed tool_call failed CANCELLED",
      "run.ended CANCELLED",
    ]);
  });

  test("while a tool runs whose effect nobody then knows", async () => {
    const entries = await cancelledBehind("action.intended", {
      ...SCRIPT,
      tools: { write_file: { act: { k: "hangs" }, descriptor: { idempotent: false } } },
    });
    expect(entries.slice(-3)).toEqual([
      "person.intervened CANCEL",
      "effect.unknown tool_call CANCELLED",
      "run.ended CANCELLED",
    ]);
  });

  test("while a person is asked", async () => {
    const entries = await cancelledBehind("approval.asked", {
      ...SCRIPT,
      decisions: { write_file: stepUp(approvalBy()) },
      answers: [{ k: "silent" }],
    });
    expect(entries).not.toContain("action.intended tool_call");
  });

  test("while a body computes", async () => {
    const entries = await cancelledAt("body.advanced", {
      body: "for a in range(100000) { for b in range(100000) { } }",
      limits: { sliceSteps: 1_000 },
    });
    expect(entries.slice(-2)).toEqual(["person.intervened CANCEL", "run.ended CANCELLED"]);
  });

  test("twice is once", async () => {
    const run = await runIn({
      ...SCRIPT,
      onRecord: (_type, world) => {
        world.cancel.abort();
        world.cancel.abort();
      },
    });
    expect(expectCancelled(run).at(-1)).toBe("run.ended CANCELLED");
  });

  test("after the last answer was given changes nothing", async () => {
    const { report } = await runIn({
      turns: [says("done")],
      onRecord: (type, world) => {
        if (type === "run.ended") world.cancel.abort();
      },
    });
    expect(report.end.outcome).toBe("completed");
  });

  test("at every moment of a run ends it once, with what happened on record", async () => {
    const whole = await runIn(SCRIPT);
    for (let moment = 0; moment < whole.recorder.entries.length; moment += 1) {
      let seen = 0;
      const run = await runIn({
        ...SCRIPT,
        onRecord: (_type, world) => {
          if (seen === moment) world.cancel.abort();
          seen += 1;
        },
      });
      expectReplay(SCRIPT, run);
      expect(["cancelled", "completed"]).toContain(ended(run.recorder)["outcome"]);
      expect(run.sessions.opened).toBe(run.sessions.closed);
    }
  });
});
