import { describe, expect, test } from "vitest";
import type { ToolChange } from "#ports/executor.ts";
import { approvalBy, deny, digestOf, stepUp } from "#test/kit/decisions.ts";
import type { WorldPlan, WorldRun } from "./world.ts";
import { calls, runIn, says } from "./world.ts";

const change = (path: string, kind: ToolChange["kind"] = "created"): ToolChange => ({
  path,
  kind,
  digest: kind === "removed" ? null : digestOf("c"),
  sizeBytes: 1,
});

/** A tool that changes these files whenever it is called. */
const changing = (...changes: readonly ToolChange[]) =>
  ({ act: { k: "result", result: { changes } } }) as const;

const writes = (...paths: readonly string[]): WorldPlan => ({
  turns: [calls("write_file", { path: "x", content: "y" }), says("done")],
  tools: { write_file: changing(...paths.map((path) => change(path))) },
});

const proposed = ({ tools }: WorldRun): readonly unknown[] =>
  (tools["publish_file"]?.executed ?? []).map((call) => call.arguments["path"]);

describe("changed files", () => {
  test("are each proposed for the workspace once the result was given out", async () => {
    const run = await runIn(writes("b.md", "a.md", "__proto__"));
    expect(proposed(run)).toEqual(["__proto__", "a.md", "b.md"]);
    expect(run.report.end).toMatchObject({ outcome: "completed", result: "done" });
    const order = run.recorder.entries.map(({ public: fields }) => fields["action"]);
    expect(order.lastIndexOf("respond")).toBeLessThan(order.indexOf("publish_file"));
  });

  test("are proposed by bodies too", async () => {
    const run = await runIn({ ...writes("a.md"), body: 'write_file("a.md", "x"); return "ok";' });
    expect(proposed(run)).toEqual(["a.md"]);
  });

  test("that may not leave do not fail the run", async () => {
    const denied = await runIn({ ...writes("a.md"), decisions: { publish_file: deny() } });
    expect(denied.report.end.outcome).toBe("completed");
    const refused = await runIn({
      ...writes("a.md"),
      decisions: { publish_file: stepUp(approvalBy()) },
      answers: [{ k: "refused", by: "ada", surface: "terminal", reason: null }],
    });
    expect(refused.report.end.outcome).toBe("completed");
    expect(proposed(refused)).toEqual([]);
  });

  test("that the model proposed, whatever became of it, are not proposed again", async () => {
    for (const path of ["a.md", "./a.md", ".//a.md", "a.md/", "././a.md//"]) {
      const plan: WorldPlan = {
        ...writes("a.md"),
        turns: [
          calls("write_file", { path: "a.md", content: "y" }),
          calls("publish_file", { path }),
          says("done"),
        ],
        decisions: { publish_file: deny() },
      };
      const { recorder } = await runIn(plan);
      const decided = recorder
        .ofType("action.decided")
        .filter(({ public: fields }) => fields["tool"] === "publish_file");
      expect(decided).toHaveLength(1);
    }
  });

  test("that changed again after that are", async () => {
    const write = calls("write_file", { path: "a.md", content: "y" });
    const run = await runIn({
      ...writes("a.md"),
      turns: [write, calls("publish_file", { path: "a.md" }), write, says("done")],
    });
    expect(proposed(run)).toEqual(["a.md", "a.md"]);
  });

  test("that are gone again are not", async () => {
    const run = await runIn({
      turns: [
        calls("write_file", { path: "a", content: "" }),
        calls("read_file", { path: "a" }),
        says("done"),
      ],
      tools: { write_file: changing(change("a"), change("b")), read_file: changing(change("a", "removed")) },
    });
    expect(proposed(run)).toEqual(["b"]);
  });

  test("stay where they are, and that is said, when the run has no tool for it", async () => {
    const run = await runIn({ ...writes("a.md", "b.md"), offered: ["write_file"] });
    expect(proposed(run)).toEqual([]);
    expect(run.report.end).toMatchObject({
      outcome: "completed",
      explanation: "the agent gave its result; 2 changed files were not proposed for the workspace",
    });
  });

  test("are proposed up to a number, and what is left is said", async () => {
    const run = await runIn({ ...writes("a", "b", "c"), limits: { proposalsMax: 2 } });
    expect(proposed(run)).toEqual(["a", "b"]);
    expect(run.report.end.explanation).toBe(
      "the agent gave its result; 1 changed file was not proposed for the workspace",
    );
  });

  test("of a run that fails stay where they are", async () => {
    const run = await runIn({ ...writes("a.md"), turns: [calls("write_file", { path: "a", content: "" })] });
    expect(run.report.end.reason).toBe("MODEL_EXHAUSTED");
    expect(proposed(run)).toEqual([]);
  });

  test("whose publishing nobody can tell end the run as such", async () => {
    const plan = writes("a.md");
    const run = await runIn({
      ...plan,
      tools: { ...plan.tools, publish_file: { act: { k: "fault", code: "TOOL_OUTCOME_UNKNOWN" } } },
    });
    expect(run.report.end).toMatchObject({ outcome: "failed", reason: "EFFECT_UNKNOWN" });
  });
});
