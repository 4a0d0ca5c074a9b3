import { describe, expect, test } from "vitest";

import { createRunView } from "#cli/run-view.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { ObservedEntry } from "#host/run-observer.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

const view = (columns: number, ...events: readonly Pick<ObservedEntry, "type" | "public" | "content">[]) => {
  const terminal = createTerminalFake([], { columns, interactive: false });
  const shown = createRunView(terminal);
  // The view reads nothing of where an entry stands.
  for (const event of events) shown.entry({ ...event, entry: {} as ObservedEntry["entry"] });
  return terminal.outLines;
};

const decided = (tool: string, given: JsonValue, callId = "c") =>
  ({
    type: "action.decided",
    public: { tool, outcome: "allow", callId },
    content: { arguments: given },
  }) as const;

const answered = (text: string, toolCalls: number) =>
  ({ type: "model.answered", public: { toolCalls }, content: { answer: { text } as JsonObject } }) as const;

describe("the line of a call", () => {
  test.each<[string, string, JsonObject, string]>([
    [
      "has the path before the text",
      "write_file",
      { content: "The moon.", path: "a.md" },
      "path=a.md content=",
    ],
    [
      "has what no descriptor knows last",
      "write_file",
      { alpha: 1, content: "x", path: "a" },
      "path=a content=x alpha=1",
    ],
    ["keeps the order of a tool that nobody knows", "conjure", { b: 1, a: 2 }, "conjure b=1 a=2"],
    ["has a lone argument without its name", "read_file", { path: "a.md" }, "read_file a.md  "],
    ["has no space to spare without arguments", "list_files", {}, "list_files  "],
  ])("%s", (_, tool, given, expected) => {
    expect(view(80, decided(tool, given)).join("\n")).toContain(expected);
  });

  test("shows the path also where the line is short", () => {
    const given = { content: "The moon does it, and nobody else.", path: "tides.md" };
    expect(view(40, decided("write_file", given)).join("\n")).toContain("tides.md");
  });

  test("named again for what came later has its colon behind the tool", () => {
    const failed = { type: "action.completed", public: { callId: "c", status: "failed" } } as const;
    const lines = view(80, decided("list_files", {}), decided("read_file", { path: "a" }, "d"), {
      ...failed,
      content: { result: { text: "it broke" } },
    });
    expect(lines.slice(2)).toEqual(["     list_files:", "       it broke"]);
  });

  test("of before an interruption is said to be that, and what was asked of it is no refusal", () => {
    const expired = { type: "approval.answered", public: { callId: "c", answer: "expired" } } as const;
    const ended = { type: "run.ended", public: { outcome: "completed" } } as const;
    const lines = view(80, { ...expired, content: {} }, { ...ended, content: {} });
    expect(lines.slice(0, 2)).toEqual([
      "     an earlier call:",
      "       the question went with the process that asked it",
    ]);
    expect(lines.join("\n")).not.toContain("refused");
  });
});

test.each([
  [0, "(no words, 0 calls)"],
  [1, "(no words, 1 call)"],
  [2, "(no words, 2 calls)"],
])("a turn without words and with %i calls", (calls, expected) => {
  expect(view(80, answered(" ", calls))).toEqual(["", `  1  ${expected}`]);
});

describe("an answer that is none", () => {
  const ending = (finish: string, text: string) => {
    const event = answered(text, 0);
    return view(80, { ...event, public: { ...event.public, finish } });
  };
  test.each([
    ["length", "cut off by its length; no call that stood in it is made"],
    ["refused", "stopped by the model or its provider; no call that stood in it is made"],
  ])("that finished with %s says so below its words", (finish, told) => {
    expect(ending(finish, "half an ans")).toEqual(["", "  1  › half an ans", `     ${told}`]);
    expect(ending(finish, "")).toEqual(["", "  1  (no words, 0 calls)", `     ${told}`]);
  });
  test("is one like any other where it finished by itself", () => {
    expect(ending("stop", "whole")).toEqual(["", "  1  › whole"]);
  });
});

describe("the end of a run", () => {
  const ended = (reason: string) =>
    view(80, {
      type: "run.ended",
      public: { outcome: "failed", reason },
      content: { explanation: { text: "why", span: null } },
    });

  test("says why", () => {
    expect(ended("TOOL_FAILED").at(-1)).toBe("  why");
  });

  test("leaves to the command what it says with what to do about it", () => {
    expect(ended("SESSION_UNAVAILABLE")).toHaveLength(2);
    expect(ended("SESSION_UNAVAILABLE").at(-1)).toMatch(/^failed \(SESSION_UNAVAILABLE\) in /);
  });
});

test("turns of a run that goes on are counted on", () => {
  const resumed = { type: "run.resumed", public: { tier: "wasm", inputs: 7 }, content: {} } as const;
  const requested = { type: "model.requested", public: { iteration: 3 }, content: {} } as const;
  const lines = view(80, resumed, requested, answered("On we go.", 0));
  expect(lines.at(-1)).toBe("  3  › On we go.");
});

test("what was lost with a host stands below the lines of the run that goes on, and is no failure of the model", () => {
  const resumed = {
    type: "run.resumed",
    public: { model: "m:1", tier: "wasm", inputs: 7 },
    content: {},
  } as const;
  const lost = { type: "model.failed", public: { callId: "m", code: "HOST_DIED" }, content: {} } as const;
  expect(view(80, lost, resumed)).toEqual([
    "sandbox   wasm",
    "model     m:1",
    "resumed   behind 7 inputs on record",
    "lost      an answer of the model: the run's host died before it came",
  ]);
});

describe("the result of a program", () => {
  const completed = (text: string, exitCode: number) =>
    ({
      type: "action.completed",
      public: { callId: "c", status: "done" },
      content: { result: { text, value: { exit_code: exitCode } } },
    }) as const;
  const LONG = "one\ntwo\nthree\nnothing that the program changed is kept: too many files";

  test("that failed shows how it began and ended, and counts what lies between", () => {
    const lines = view(80, decided("shell", {}), completed(`exit code 1\nstderr:\n${LONG}`, 1));
    expect(lines.slice(1)).toEqual([
      "       › exit code 1",
      "       3 more lines",
      "       › three",
      "       › nothing that the program changed is kept: too many files",
    ]);
  });

  test("that did not shows how it began", () => {
    const lines = view(80, decided("shell", {}), completed(`exit code 0\nstdout:\n${LONG}`, 0));
    expect(lines.slice(1)).toEqual([
      "       › exit code 0",
      "       › stdout:",
      "       › one",
      "       3 more lines",
    ]);
  });
});

describe("the last line of a run", () => {
  const publish = (status: string): Parameters<typeof view>[1][] => [
    {
      type: "action.decided",
      public: { tool: "publish_file", outcome: "allow", callId: status },
      content: {},
    },
    { type: "action.completed", public: { tool: "publish_file", callId: status, status }, content: {} },
  ];
  const ended = { type: "run.ended", public: { outcome: "completed" }, content: {} } as const;

  test("counts publishes that failed, and says nothing of them where none did", () => {
    const failed = view(80, ...publish("failed"), ...publish("done"), ended);
    expect(failed.at(-1)).toMatch(/^completed .*, 0 denied, 1 publish failed$/);
    expect(view(80, ...publish("done"), ended).at(-1)).toMatch(/, 0 denied$/);
  });
});

describe("thousands of calls at once", () => {
  const DIFF = Array.from({ length: 150 }, (_, index) => `+line ${index}`).join("\n");
  const denied = (number: number) =>
    ({
      type: "action.decided",
      public: { tool: "publish_file", outcome: "deny", callId: `c${number}` },
      content: { arguments: { path: `${number}.md` }, preview: DIFF, decision: { summary: "no" } },
    }) as const;
  const ended = { type: "run.ended", public: { outcome: "completed" }, content: {} } as const;
  const lines = view(80, ...Array.from({ length: 3_000 }, (_, number) => denied(number)), ended);

  test("are shown up to a bound, and what is left out is counted", () => {
    expect(lines.filter((line) => line.includes("DENIED"))).toHaveLength(40);
    expect(lines.length).toBeLessThan(800);
    expect(lines.join("\n")).toContain("… and 2,960 more calls, 2,960 of them denied; `writ audit show` has");
    expect(lines.join("\n")).toContain("… 150 more lines");
    expect(lines.at(-1)).toContain("3000 denied");
  });

  test("leave the next turn its own room", () => {
    const many = Array.from({ length: 50 }, (_, number) => denied(number));
    const next = view(80, ...many, answered("Again.", 1), denied(99));
    expect(next.join("\n")).toContain("publish_file 99.md");
    expect(next.join("\n")).toContain("+line 149");
  });
});
