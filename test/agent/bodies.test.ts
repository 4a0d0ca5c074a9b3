import { describe, expect, test } from "vitest";
import { BODY_LIMITS_DEFAULT } from "#agent/body/limits.ts";
import type { JsonObject } from "#kernel/json.ts";
import { deny } from "#test/kit/decisions.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { WorldRun } from "./world.ts";
import { calls, ended, runIn, says, trace } from "./world.ts";

const inferred = 'let answer = reason("Be terse.", topic);';

/** The text that the end of a run points at. */
const placeIn = (recorder: WorldRun["recorder"], { end }: WorldRun["report"]): string | undefined => {
  const source = recorder.ofType("run.started")[0]?.content["source"];
  return typeof source === "string" && end.span !== null ? source.slice(...end.span) : undefined;
};

describe("an agent with a body", () => {
  test("returns its value, given out through the gate", async () => {
    const { report, recorder } = await runIn({ body: 'return "about " + topic;' });
    expect(report.end).toMatchObject({ outcome: "completed", result: "about tea" });
    expect(trace(recorder)).toEqual([
      "run.started",
      "action.decided respond",
      "action.intended respond",
      "action.completed respond",
      "run.ended COMPLETED",
    ]);
  });

  test("ends with null when it returns nothing", async () => {
    expect((await runIn({ body: "let x = 1;" })).report.end).toMatchObject({
      outcome: "completed",
      result: null,
    });
  });

  test("calls a tool and goes on with its value", async () => {
    const { report, tools } = await runIn({
      body: 'let text = read_file("a.md"); return text + "!";',
      tools: { read_file: { act: { k: "result", result: { value: "hot" } } } },
    });
    expect(report.end.result).toBe("hot!");
    expect(tools["read_file"]?.executed[0]?.arguments).toEqual({ path: "a.md" });
  });

  test.each([
    ["denied", { decisions: { read_file: deny("forbidden") } }, /^read_file: Denied: /],
    ["failed", { tools: { read_file: { act: { k: "fault", code: "TOOL_NOT_FOUND" } } } }, /^read_file: /],
  ] as const)(
    "fails where a call is %s: a body does not go on with what it did not get",
    async (_what, plan, why) => {
      const { report, recorder } = await runIn({ ...plan, body: '\n let x = 1;\n return read_file("a");' });
      expect(report.end).toMatchObject({
        outcome: "failed",
        reason: "CALL_NOT_DONE",
        explanation: expect.stringMatching(why),
      });
      expect(placeIn(recorder, report)).toBe('read_file("a")');
    },
  );

  test.each([
    ["return 1 / 0;", "BODY_NUMBER", "1 / 0"],
    ["let r = { a: 1 }; return r.b;", "BODY_MISSING", "r.b"],
    ['error("enough");', "BODY_ERROR", 'error("enough")'],
  ])("%s fails as %s, with the place", async (body, reason, place) => {
    const { report, recorder } = await runIn({ body });
    expect(report.end).toMatchObject({ outcome: "failed", reason });
    expect(placeIn(recorder, report)).toBe(place);
    expect(recorder.entries.at(-1)?.content["explanation"]).toEqual({
      text: report.end.explanation,
      span: report.end.span,
    });
  });

  test("that never ends is limited, and lets others in between", async () => {
    const { report, recorder, clock } = await runIn({
      body: "for a in range(100000) { for b in range(100000) { } }",
      limits: { sliceSteps: 10_000, body: { ...BODY_LIMITS_DEFAULT, stepsMax: 45_000 } },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "BODY_BOUND" });
    expect(recorder.ofType("body.advanced").length).toBeGreaterThanOrEqual(4);
    expect(recorder.ofType("body.advanced").map((entry) => entry.public["steps"])).toEqual(
      recorder
        .ofType("body.advanced")
        .map((entry) => entry.public["steps"])
        .sort((a, b) => Number(a) - Number(b)),
    );
    expect(clock.sleepers).toBe(0);
  });

  test("shows what it prints while it runs", async () => {
    const { recorder } = await runIn({ body: 'print("one", 2); log("WARNING", "three"); error("end");' });
    expect(recorder.lives.filter(({ type }) => type === "output.printed").map(({ data }) => data)).toEqual([
      { level: null, text: "one 2" },
      { level: "WARNING", text: "three" },
    ]);
  });

  test("runs the same body again from what is on record", async () => {
    verifies("models.beyond.scripted-replay");
    const { report } = await runIn({
      body: `let sum = 0;
        for n in range(20) { if n % 3 == 0 { sum += n; } }
        let text = read_file("a");
        ${inferred}
        return format("{} {} {}", sum, text, answer.response);`,
      tools: { read_file: { act: { k: "result", result: { value: "hot" } } } },
      turns: [calls("read_file", { path: "b" }), says("yes")],
      limits: { sliceSteps: 50 },
    });
    expect(report.end.result).toBe("63 hot yes");
  });
});

describe("reason in a body", () => {
  const run = (turns: readonly JsonObject[], call = 'reason("Be terse.", topic)') =>
    runIn({ body: `return ${call};`, turns });

  test("gives the model's answer with what it took", async () => {
    const { report, requests } = await run([
      calls("read_file", { path: "a" }),
      { ...says("42"), usage: { inputTokens: 100, outputTokens: 11 } },
    ]);
    expect(report.end.result).toMatchObject({
      response: "42",
      iterations: 2,
      termination_reason: "completed",
    });
    expect(requests[0]?.messages.map((message) => message.text.split("\n").at(-1))).toEqual([
      "Be terse.",
      "tea",
    ]);
    expect(requests[0]?.messages[0]?.text).toContain("Answers questions.");
  });

  test("ends the run when the model's file of answers is used up", async () => {
    expect((await run([])).report.end).toMatchObject({ outcome: "failed", reason: "MODEL_EXHAUSTED" });
  });

  test.each([
    ["refused", { finish: "refused", text: "I will not" }, "I will not"],
    ["cut", { finish: "length", text: "half of" }, "half of"],
    ["empty", {}, ""],
    ["max_tokens", { text: "long", usage: { inputTokens: 5_000, outputTokens: 1 } }, "long"],
  ])("says how it ended when that was %s", async (reason, turn, response) => {
    const { report } = await runIn({
      body: 'let r = reason("s", topic, max_tokens: 4000); return [r.termination_reason, r.response];',
      turns: [turn],
    });
    expect(report.end).toMatchObject({ outcome: "completed", result: [reason, response] });
  });

  test("keeps within the turns that the call allows", async () => {
    const turns = [calls("read_file", { path: "a" }), calls("read_file", { path: "b" }), says("never")];
    const { report, requests } = await runIn({
      body: 'let r = reason("s", topic, max_iterations: 2); return [r["termination_reason"], r.iterations];',
      turns,
    });
    expect(report.end.result).toEqual(["max_iterations", 2]);
    expect(requests).toHaveLength(2);
  });

  test("cannot widen the limits of the run", async () => {
    const turns = Array.from({ length: 6 }, (_, index) => calls("read_file", { path: `${index}` }));
    const { report, recorder } = await runIn({
      body: 'return reason("s", topic, max_iterations: 100);',
      turns,
      limits: { iterationsMax: 3 },
    });
    expect(report.end).toMatchObject({ outcome: "limited", reason: "ITERATIONS" });
    expect(ended(recorder)).toMatchObject({ iterations: 3 });
  });

  test("stays open to what a file of many reasons costs: each has its own conversation", async () => {
    const { report, requests } = await runIn({
      body: 'let out = []; for n in range(3) { let a = reason("s", format("{}", n)); out += [a.response]; } return out;',
      turns: [says("a"), says("b"), says("c")],
    });
    expect(report.end.result).toEqual(["a", "b", "c"]);
    expect(requests.map((request) => request.messages.length)).toEqual([2, 2, 2]);
  });

  test("that is bounded to nothing a hundred thousand times still lets others in", async () => {
    const { report, recorder } = await runIn({
      body: 'for n in range(200) { let a = reason("s", "a text that takes more than one token", max_tokens: 1); let how = a.termination_reason; } return "end";',
    });
    expect(report.end.result).toBe("end");
    expect(recorder.ofType("body.advanced").length).toBeGreaterThan(10);
  });
});

describe("a body that does not look at how its loops ended", () => {
  const repeated = Array.from({ length: 6 }, () => calls("read_file", { path: "a" }));
  const ends: readonly (readonly [string, readonly JsonObject[], string])[] = [
    ["cut off", [{ finish: "length", text: "half of" }], "failed ANSWER_CUT"],
    ["cut off in a call", [{ ...calls("read_file", { path: "a" }), finish: "length" }], "failed ANSWER_CUT"],
    ["refused", [{ finish: "refused", text: "so far" }], "failed ANSWER_REFUSED"],
    ["empty", [{}], "failed ANSWER_EMPTY"],
    ["of calls again and again", repeated, "failed CALLS_REPEATED"],
    ["over its tokens", [{ text: "x", usage: { inputTokens: 5_000, outputTokens: 1 } }], "limited TOKENS"],
    [
      "over its turns",
      [
        calls("read_file", { path: "a" }),
        calls("read_file", { path: "b" }),
        calls("read_file", { path: "c" }),
      ],
      "limited ITERATIONS",
    ],
  ];
  test.each(ends)("does not complete its run with an answer that is %s", async (_, turns, expected) => {
    const call = `reason("s", topic, max_tokens: 4000, max_iterations: ${turns === repeated ? 20 : 3})`;
    const { report, recorder } = await runIn({ body: `return ${call}.response;`, turns });
    expect(`${report.end.outcome} ${report.end.reason}`).toBe(expected);
    expect(report.end.result).toBeNull();
    expect(report.end.explanation).toContain("`termination_reason`");
    expect(trace(recorder)).not.toContain("action.decided respond");
  });

  test("is told of the first of several, and goes on to its end as the language says", async () => {
    const { report, requests } = await runIn({
      body: 'let out = []; for n in range(3) { let a = reason("s", topic); out += [a.response]; } return out;',
      turns: [says("a"), { finish: "length", text: "half" }, { finish: "refused", text: "" }],
    });
    expect(requests).toHaveLength(3);
    expect(report.end).toMatchObject({ outcome: "failed", reason: "ANSWER_CUT", result: null });
  });

  test("has its own mistake as the reason where it makes one", async () => {
    const { report } = await runIn({
      body: 'let a = reason("s", topic); error(a.response);',
      turns: [{ finish: "length", text: "half" }],
    });
    expect(report.end).toMatchObject({ reason: "BODY_ERROR" });
  });

  test("completes where it looks", async () => {
    const { report } = await runIn({
      body: 'let a = reason("s", topic); if a.termination_reason != "completed" { return "none"; } return a.response;',
      turns: [{ finish: "length", text: "half" }],
    });
    expect(report.end).toMatchObject({ outcome: "completed", result: "none" });
  });

  test("is the same run again from what is on record, up to its end", async () => {
    const { report } = await runIn({
      body: 'let a = reason("s", topic); let b = reason("t", topic); return a.response + b.response;',
      turns: [{ finish: "length", text: "half" }, says("whole")],
      limits: { sliceSteps: 50 },
    });
    expect(report.end).toMatchObject({ outcome: "failed", reason: "ANSWER_CUT" });
  });
});
