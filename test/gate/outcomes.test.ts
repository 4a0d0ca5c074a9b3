import { describe, expect, test } from "vitest";
import type { ToolResult } from "#ports/executor.ts";
import { digestOf } from "#test/kit/decisions.ts";
import type { Act } from "#test/kit/tool-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { Ending, RigPlan } from "./rig.ts";
import { done, failed, performed, trace, unknown } from "./rig.ts";

const acts = (act: Act, idempotent = false): RigPlan => ({
  tools: { act: { act, descriptor: { idempotent } } },
});
const results = (result: Partial<ToolResult>): Act => ({ k: "result", result });

describe("an executed call ends with", () => {
  /** The fake notes an act of its own making only, so these count none. */
  const silent: Ending = { ...unknown, acted: 0 };
  const conflict: Act = { k: "fault", code: "TOOL_CONFLICT" };
  const lost: Act = { k: "fault", code: "TOOL_OUTCOME_UNKNOWN" };
  const late: Act = { k: "result", afterMs: 1_900 };
  const noJson = results({ value: Number.NaN });
  const noText = results({ text: undefined as never });
  const noLabels = results({ labels: [1 as never] });
  const gives = (given: unknown): Act => ({
    k: "does",
    async what(authorized, spend) {
      await spend(authorized, "act");
      return given as never;
    },
  });
  const malformed = "effect.unknown act TOOL_RESULT_MALFORMED";
  const odd = { ok: false, fault: { code: "no code", message: "x" } };
  const REPEATABLE = true;
  test.each<[string, RigPlan, Ending, string]>([
    ["a result", acts({ k: "result" }), done, "action.completed act done"],
    ["a result just before the abort", acts(late), done, "action.completed act done"],
    ["nothing done", acts(conflict), failed, "action.completed act failed TOOL_CONFLICT"],
    ["no knowledge", acts(lost), unknown, "effect.unknown act TOOL_OUTCOME_UNKNOWN"],
    ["an exception", acts({ k: "throws" }), unknown, "effect.unknown act TOOL_CRASHED"],
    ["its deadline", acts({ k: "hangs" }), unknown, "effect.unknown act TOOL_DEADLINE"],
    ["its deadline, unheard", acts({ k: "deaf" }), unknown, "effect.unknown act TOOL_DEADLINE"],
    ["no JSON", acts(noJson), unknown, "effect.unknown act TOOL_RESULT_MALFORMED"],
    ["no text", acts(noText), unknown, "effect.unknown act TOOL_RESULT_MALFORMED"],
    ["nothing at all", { tools: { act: { act: gives(undefined) } } }, silent, malformed],
    ["a fault without a code", { tools: { act: { act: gives(odd) } } }, silent, malformed],
    ["labels that are none", acts(noLabels), unknown, "effect.unknown act TOOL_RESULT_MALFORMED"],
  ])("%s", async (_, plan, expected, last) => {
    verifies("enforcement.timeout");
    const { rig, ending } = await performed(plan);
    expect(ending).toEqual(expected);
    expect(trace(rig.recorder)).toEqual(["action.decided act allow", "action.intended act", last]);
  });

  test.each<[string, Act, string]>([
    ["no knowledge", lost, "TOOL_OUTCOME_UNKNOWN"],
    ["an exception", { k: "throws" }, "TOOL_CRASHED"],
    ["its deadline", { k: "hangs" }, "TOOL_DEADLINE"],
    ["its deadline, unheard", { k: "deaf" }, "TOOL_DEADLINE"],
    ["no JSON", noJson, "TOOL_RESULT_MALFORMED"],
  ])("%s, and has failed when a repeat does no harm", async (_, act, code) => {
    const { rig, ending } = await performed(acts(act, REPEATABLE));
    expect(ending).toEqual(failed);
    expect(trace(rig.recorder).at(-1)).toBe(`action.completed act failed ${code}`);
  });

  test("nobody knowing, and is not tried again", async () => {
    verifies("gate.beyond.unknown-effects");
    const { rig } = await performed(acts({ k: "throws" }));
    expect(rig.recorder.ofType("effect.unknown")[0]?.content["explanation"]).toMatchObject({
      status: "unknown",
      text: "It is not known whether this was done: the tool broke down. Do not try it again.",
    });
    expect(rig.tools["act"]?.options).toHaveLength(1);
  });

  test.each<[string, Act, string]>([
    ["the tool says why", lost, "the tool could not"],
    ["the call took too long", { k: "hangs" }, "the call took longer than it may and was ended"],
  ])("nobody knowing, with the reason where %s", async (_, act, why) => {
    const { rig } = await performed(acts(act));
    expect(rig.recorder.ofType("effect.unknown")[0]?.content["explanation"]).toMatchObject({
      text: `It is not known whether this was done: ${why}. Do not try it again.`,
    });
  });

  test("an exception whose words reach neither the model nor the ledger", async () => {
    const { rig, outcome } = await performed(acts({ k: "throws" }));
    expect(JSON.stringify([rig.recorder.entries, outcome])).not.toContain("secret-in-an-error");
  });
});

describe("a result", () => {
  test("is on record with its changes and its duration", async () => {
    const changes = [{ path: "a.txt", kind: "created" as const, digest: digestOf("c"), sizeBytes: 3 }];
    const act: Act = { k: "result", afterMs: 25, result: { text: "äb", value: { n: 1 }, changes } };
    const { rig, outcome } = await performed(acts(act));
    expect(rig.recorder.ofType("action.completed")).toMatchObject([
      {
        public: { status: "done", code: null, resultBytes: 3, changes: 1, wallMs: 25 },
        content: { result: { text: "äb", value: { n: 1 }, status: "done" }, changes },
      },
    ]);
    expect(outcome).toMatchObject({ text: "äb", value: { n: 1 }, changes });
  });

  test("that is long is cut with a note", async () => {
    const plan = { ...acts(results({ text: "x👋👋" })), limits: { resultCharactersMax: 2 } };
    const { outcome } = await performed(plan);
    expect(outcome.text).toBe("x\ufffd\n[3 more characters were left out]");
  });

  test("is streamed in pieces up to a bound, and not after the end", async () => {
    let emit = (_text: string): void => undefined;
    const plan = acts({
      k: "does",
      async what(authorized, spend, options) {
        await spend(authorized, "act");
        emit = (text) => options.onOutput("stdout", text);
        emit("one");
        emit(`${"y".repeat(16_383)}👋${"y".repeat(300_000)}`);
        return { ok: true, value: { text: "", value: null, labels: [], changes: [] } };
      },
    });
    const { rig } = await performed(plan);
    emit("late");
    const texts = rig.recorder.lives.map((live) => live.data["text"] as string);
    expect(texts.slice(0, 2)).toEqual(["one", "y".repeat(16_383)]);
    expect(texts.filter((text) => text.length > 16_384 || !text.isWellFormed())).toEqual([]);
    expect(texts.join("").length).toBe(256 * 1024);
  });
});
