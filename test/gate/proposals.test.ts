import { describe, expect, test } from "vitest";
import type { ProposedCall } from "#gate/contract.ts";
import type { PreparedCall } from "#ports/executor.ts";
import { allow, allowIf, approvalBy, deny, stepUp, timeoutOf } from "#test/kit/decisions.ts";
import type { Deciding } from "#test/kit/policy-decider-fake.ts";
import type { ToolFakePlan } from "#test/kit/tool-fake.ts";
import { plainCall } from "#test/kit/tool-fake.ts";
import type { Ending, RigPlan } from "./rig.ts";
import { call, createRig, calm, denied, done, performed, trace } from "./rig.ts";

describe("a proposal that the policies never see", () => {
  const unlimited: RigPlan = {};
  const flat: RigPlan = { limits: { argumentDepthMax: 3 } };
  const bytes = (argumentBytesMax: number): RigPlan => ({ limits: { argumentBytesMax } });
  const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const deep = { a: JSON.parse(nested(40)) as never };
  const malformed = denied("arguments-malformed");
  const large = denied("arguments-too-large");

  test.each<[string, RigPlan, ProposedCall, Ending]>([
    ["a tool of no build", unlimited, call("rm_rf"), denied("unknown-tool")],
    ["a name from the prototype", unlimited, call("__proto__"), denied("unknown-tool")],
    ["a tool that the run was not given", { offered: [] }, call("act"), denied("tool-not-offered")],
    ["no JSON", unlimited, call("act", "{path:"), malformed],
    ["nothing", unlimited, call("act", ""), malformed],
    ["a list", unlimited, call("act", "[]"), malformed],
    ["null", unlimited, call("act", "null"), malformed],
    ["a key twice", unlimited, call("act", '{"a":1,"a":2}'), malformed],
    ["half a character", unlimited, call("act", '{"a":"\\ud800"}'), malformed],
    ["a number that is none", unlimited, call("act", '{"a":1e999}'), malformed],
    ["text too deep", unlimited, call("act", `{"a":${nested(40)}}`), malformed],
    ["a value too deep", unlimited, call("act", deep), malformed],
    ["text at the depth", flat, call("act", '{"a":[[]]}'), done],
    ["text beyond the depth", flat, call("act", '{"a":[[[]]]}'), malformed],
    ["text at the size", bytes(9), call("act", '{"a":"b"}'), done],
    ["text beyond the size", bytes(8), call("act", '{"a":"b"}'), large],
    ["text beyond the size in UTF-8", bytes(9), call("act", '{"a":"ß"}'), large],
    ["a value at the size", bytes(9), call("act", { a: "b" }), done],
    ["a value beyond the size", bytes(8), call("act", { a: "b" }), large],
  ])("%s", async (_, plan, proposed, expected) => {
    const { rig, ending } = await performed(plan, proposed);
    expect(ending).toEqual(expected);
    expect(rig.decider.requests).toHaveLength(expected.acted);
  });

  test("is kept as evidence, and a name of the model's making is not public", async () => {
    const { rig } = await performed({}, call("steal\u202ekeys", "{oops"));
    expect(rig.recorder.ofType("action.decided")).toMatchObject([
      {
        public: { tool: null, outcome: "deny", denyReason: "unknown-tool", fingerprint: null, rules: [] },
        content: { request: { tool: "steal\u202ekeys", reference: "call-1" }, arguments: "{oops" },
      },
    ]);
    expect(JSON.stringify(rig.recorder.entries.map((entry) => entry.public))).not.toContain("steal");
  });

  test("is kept up to a bound, however monstrous", async () => {
    const { rig } = await performed({}, call("act", `["${"x".repeat(100_000)}`));
    expect(JSON.stringify(rig.recorder.entries).length).toBeLessThan(25_000);
  });

  test("counts all the same: a run makes so many calls and no more", async () => {
    const rig = createRig({ limits: { callsMax: 2 } });
    const outcomes = await rig.gate.performAll([call("nothing"), call("act"), call("act")], calm());
    expect(outcomes.ok && outcomes.value.map(({ refusal, status }) => refusal ?? status)).toEqual([
      "unknown-tool",
      "done",
      "calls-exhausted",
    ]);
  });
});

describe("a tool that, asked to prepare,", () => {
  const prepares = (prepare: NonNullable<ToolFakePlan["prepare"]>): RigPlan => ({
    tools: { act: { prepare } },
  });
  const gives = (changes: Partial<PreparedCall>): RigPlan =>
    prepares(async () => ({ ok: true, value: { ...plainCall("act", {}), ...changes } }));
  const message = "`path` is \u001b[31mred";
  const refuses = prepares(async () => ({
    ok: false,
    fault: { code: "TOOL_ARGUMENTS_INVALID", message, retryable: false },
  }));

  test.each<[string, RigPlan]>([
    ["refuses the arguments", refuses],
    ["breaks", prepares(() => Promise.reject(new Error("secret")))],
    ["never says anything", prepares(() => new Promise(() => undefined))],
    ["prepares another tool's call", gives({ tool: "shell" })],
    ["prepares a number that is none", gives({ details: { at: Number.NaN } })],
    ["prepares an object with behaviour", gives({ details: { at: new Date() as never } })],
    ["prepares labels that are none", gives({ labels: [""] })],
    ["prepares no arguments", gives({ arguments: [] as never })],
    ["prepares half a character", gives({ preview: "\ud800" })],
  ])("%s, acts on nothing", async (_, plan) => {
    const { rig, ending } = await performed(plan);
    expect(ending).toEqual(denied("arguments-refused"));
    expect(rig.decider.requests).toEqual([]);
  });

  test("refuses, is quoted to the model visibly", async () => {
    const { outcome } = await performed(refuses);
    expect(outcome.text).toBe("Denied: the tool does not accept these arguments: `path` is \\e[31mred.");
  });

  const foresees: ToolFakePlan = {
    foresees: { code: "TOOL_NOT_FOUND", message: "there is no \u001b[31mred", retryable: false },
  };

  test("foresees that the call fails, is not heard before it is permitted", async () => {
    const { rig, outcome, ending } = await performed({
      tools: { act: foresees },
      decisions: { act: deny() },
    });
    expect(ending).toEqual(denied("forbidden"));
    const plain = await performed({ decisions: { act: deny() } });
    expect(outcome.text).toBe(plain.outcome.text);
    expect(trace(rig.recorder)).toEqual(trace(plain.rig.recorder));
  });

  test.each<[string, Deciding]>([
    ["permitted", allow()],
    ["permitted under conditions", allowIf(timeoutOf(5))],
    ["permitted if a person agrees", stepUp(approvalBy())],
  ])(
    "foresees that the call fails, is quoted when it is %s, and nothing else happens",
    async (_, decision) => {
      const { rig, outcome, ending } = await performed({
        tools: { act: foresees },
        decisions: { act: decision },
      });
      expect(ending).toEqual({ status: "failed", refusal: null, acted: 0 });
      expect(outcome.text).toBe("Failed: there is no \\e[31mred.");
      expect(rig.recorder.entries.map(({ type }) => type)).toEqual(["action.decided", "action.completed"]);
      expect(rig.recorder.ofType("action.completed")[0]?.public).toMatchObject({
        status: "failed",
        code: "TOOL_NOT_FOUND",
      });
      expect(rig.approver.questions).toEqual([]);
    },
  );

  test("foresees something of no format, acts on nothing", async () => {
    const foreseen = { code: "no code", message: 1 } as never;
    const { ending } = await performed({ tools: { act: { foresees: foreseen } } });
    expect(ending).toEqual(denied("arguments-refused"));
  });

  test("changes arguments, has both kinds on record", async () => {
    const given = { path: "./a/../b" };
    const { rig } = await performed(gives({ arguments: { path: "b" } }), call("act", given));
    expect(rig.recorder.ofType("action.decided")[0]?.content).toMatchObject({
      arguments: given,
      prepared: { arguments: { path: "b" } },
    });
    expect(rig.decider.requests[0]?.arguments).toEqual({ path: "b" });
  });

  test("keeps its hands on what it prepared, changes nothing by that", async () => {
    const details = { digest: "one" };
    const mine = { ...plainCall("act", {}), details };
    const rig = createRig({
      tools: { act: { prepare: async () => ({ ok: true, value: mine }) } },
      decisions: {
        act: () => {
          details.digest = "two";
          mine.resource = { type: "Tool", id: "other", attributes: {} };
          return allow();
        },
      },
    });
    await rig.gate.perform(call("act"), calm());
    expect(rig.tools["act"]?.executed).toMatchObject([
      { details: { digest: "one" }, resource: { id: "act" } },
    ]);
  });

  test("hands out calls that nobody can change", async () => {
    const { rig } = await performed(gives({ details: { list: [{ deep: 1 }] } }));
    const executed = rig.tools["act"]?.executed[0] as unknown as {
      preview: string;
      details: { list: { deep: number }[] };
    };
    expect(() => {
      executed.preview = "else";
    }).toThrow(TypeError);
    expect(() => {
      executed.details.list.push({ deep: 2 });
    }).toThrow(TypeError);
  });
});
