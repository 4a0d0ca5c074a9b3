import { describe, expect, test } from "vitest";
import { fault } from "#kernel/result.ts";
import { isAbort } from "#kernel/abort.ts";
import type { WorldPlan } from "./world.ts";
import { calls, ended, runIn, says, start, trace } from "./world.ts";

const SCRIPT: WorldPlan = { turns: [calls("write_file", { path: "a", content: "b" }), says("done")] };

describe("a ledger that refuses", () => {
  test("any entry ends the run with the ledger's reason, and nothing acts after it", async () => {
    const whole = await runIn(SCRIPT);
    const count = whole.recorder.entries.length;
    for (let at = 0; at < count; at += 1) {
      const { report, recorder, tools, sessions } = await runIn({ ...SCRIPT, failAt: at });
      expect(report).toMatchObject({
        end: { outcome: "failed", reason: "LEDGER_REFUSED", explanation: "the disk is full", result: null },
        fault: { code: "LEDGER_DISK_FULL" },
        isRecorded: false,
      });
      expect(recorder.entries).toHaveLength(at);
      expect(recorder.entries.map((entry) => entry.type)).toEqual(
        whole.recorder.entries.slice(0, at).map((entry) => entry.type),
      );
      // The tool acts only behind a durable intent.
      const intended = recorder
        .ofType("action.intended")
        .some((entry) => entry.public["tool"] === "write_file");
      expect(tools["write_file"]?.executed.length ?? 0).toBeLessThanOrEqual(intended ? 1 : 0);
      expect(sessions.opened).toBe(sessions.closed);
    }
  });
});

describe("a sandbox that is lost in the midst of a run", () => {
  const lost = { act: { k: "fault", code: "TOOL_SANDBOX_LOST" } } as const;

  test("fails the run with that reason, and its model says nothing more", async () => {
    const { report, recorder, requests } = await runIn({
      ...SCRIPT,
      tools: { write_file: lost },
    });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "SANDBOX_LOST", result: null });
    expect(ended(recorder)).toMatchObject({ outcome: "failed", reason: "SANDBOX_LOST" });
    expect(requests).toHaveLength(1);
  });

  test("fails it also where other calls of the turn still settle", async () => {
    const { report } = await runIn({
      turns: [
        {
          toolCalls: [
            { tool: "write_file", arguments: { path: "a", content: "b" } },
            { tool: "list_files", arguments: {} },
          ],
        },
        says("done"),
      ],
      tools: { write_file: lost },
    });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "SANDBOX_LOST" });
  });

  test("fails a body too", async () => {
    const { report } = await runIn({
      body: 'write_file("a", "b"); return "done";',
      tools: { write_file: lost },
    });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "SANDBOX_LOST" });
  });
});

describe("a sandbox that does not open", () => {
  test("fails the run with its reason", async () => {
    const { report, recorder } = await runIn({
      ...SCRIPT,
      sessionFault: fault("SANDBOX_UNAVAILABLE", "no engine answers", { help: "start one" }),
    });
    expect(report).toMatchObject({
      end: { outcome: "failed", reason: "SESSION_UNAVAILABLE", explanation: "no engine answers" },
      fault: { code: "SANDBOX_UNAVAILABLE", help: "start one" },
      isRecorded: true,
    });
    expect(trace(recorder)).toEqual(["run.started", "run.ended SESSION_UNAVAILABLE"]);
  });
});

describe("a mistake of our own", () => {
  test("ends the run as failed, on record, with the session closed", async () => {
    const { report, recorder, sessions } = await runIn({
      ...SCRIPT,
      // Stands for an invariant that does not hold somewhere below.
      onRecord: (type) => {
        if (type === "action.intended") throw new TypeError("undefined is not a function");
      },
    });
    expect(report).toMatchObject({ end: { outcome: "failed", reason: "INTERNAL" }, isRecorded: true });
    expect(report.bug).toBeInstanceOf(TypeError);
    expect(ended(recorder)).toMatchObject({ outcome: "failed", reason: "INTERNAL" });
    // What was thrown may hold anything and is on record nowhere.
    expect(JSON.stringify(recorder.entries)).not.toContain("undefined is not a function");
    expect(sessions).toEqual({ opened: 1, closed: 1 });
  });

  test("in opening the session", async () => {
    const { report, recorder } = await runIn({
      ...SCRIPT,
      opening: async () => {
        throw new TypeError("broken");
      },
    });
    expect(report.end.reason).toBe("INTERNAL");
    expect(trace(recorder)).toEqual(["run.started", "run.ended INTERNAL"]);
  });

  test("an AbortError that nobody asked for is one", async () => {
    const { report } = await runIn({
      ...SCRIPT,
      opening: async () => {
        throw new DOMException("stopped", "AbortError");
      },
    });
    expect(report.end.reason).toBe("INTERNAL");
    expect(isAbort(report.bug)).toBe(true);
  });

  test("in closing the session is told like any other", async () => {
    const { report, recorder } = await runIn({
      ...SCRIPT,
      closing: async () => {
        throw new TypeError("broken");
      },
    });
    expect(report.end.reason).toBe("INTERNAL");
    expect(report.bug).toBeInstanceOf(TypeError);
    expect(ended(recorder)).toMatchObject({ outcome: "failed", reason: "INTERNAL" });
  });

  test("the process lives on: the next run is as good as any", async () => {
    await runIn({
      ...SCRIPT,
      opening: async () => {
        throw new TypeError("broken");
      },
    });
    expect((await runIn(SCRIPT)).report.end.outcome).toBe("completed");
  });
});

describe("an effect that nobody can tell", () => {
  const lost = {
    tools: {
      write_file: { act: { k: "fault", code: "TOOL_OUTCOME_UNKNOWN" }, descriptor: { idempotent: false } },
    },
  } as const;

  test("ends a loop, and nothing is tried again", async () => {
    const { report, requests, tools } = await runIn({ ...SCRIPT, ...lost });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "EFFECT_UNKNOWN" });
    expect(requests).toHaveLength(1);
    expect(tools["write_file"]?.executed).toHaveLength(1);
  });

  test("ends a body", async () => {
    const { report } = await runIn({ ...lost, body: 'write_file("a", "b");' });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "EFFECT_UNKNOWN" });
  });

  test("ends a turn only when the calls beside it are settled", async () => {
    const { report, recorder } = await runIn({
      ...lost,
      turns: [
        {
          toolCalls: [
            { tool: "write_file", arguments: { path: "a", content: "b" } },
            { tool: "read_file", arguments: { path: "a" } },
          ],
        },
      ],
    });
    expect(report.end.reason).toBe("EFFECT_UNKNOWN");
    expect(trace(recorder)).toContain("action.completed tool_call");
  });
});

describe("before anything is recorded", () => {
  test.each<[string, WorldPlan, string]>([
    ["an agent that the file does not have", { agent: "nobody" }, "AGENT_UNKNOWN"],
    ["a missing input", { inputs: {} }, "AGENT_INPUTS_INVALID"],
    ["an unknown input", { inputs: { topic: "x", colour: "red" } }, "AGENT_INPUTS_INVALID"],
    ["an input of another type", { inputs: { topic: 7 } }, "AGENT_INPUTS_INVALID"],
  ])("%s is refused", async (_what, plan, code) => {
    const { world, running } = start(plan);
    expect(await running).toMatchObject({ ok: false, fault: { code } });
    expect(world.recorder.entries).toEqual([]);
    expect(world.sessions.opened).toBe(0);
  });
});
