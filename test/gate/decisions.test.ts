import { describe, expect, test } from "vitest";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { Decision } from "#protocol/policy-vocabulary.ts";
import {
  allow,
  allowIf,
  citation,
  deny,
  digestOf,
  other,
  tierFloor,
  timeoutOf,
} from "#test/kit/decisions.ts";
import type { Deciding } from "#test/kit/policy-decider-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { Ending, RigPlan } from "./rig.ts";
import { call, denied, done, performed } from "./rig.ts";

const decided = (act: Deciding, more: RigPlan = {}): RigPlan => ({ ...more, decisions: { act } });

describe("a decision", () => {
  const nothing = (): Decision => undefined as never;
  const without = (key: "rules" | "obligations"): Decision => ({ ...allow(), [key]: undefined });
  test.each<[string, Deciding, Ending]>([
    ["allow", allow(), done],
    ["forbidden", deny("forbidden"), denied("forbidden")],
    ["a layer lacks a permit", deny("not-permitted"), denied("not-permitted")],
    ["a policy erred", deny("policy-error"), denied("policy-error")],
    ["not decidable", deny("not-decidable"), denied("not-decidable")],
    ["deny without a reason", other("deny"), denied("unknown")],
    ["modify", other("modify"), denied("outcome-unsupported")],
    ["defer", other("defer"), denied("outcome-unsupported")],
    ["a word of no format", other("sure" as never), denied("outcome-unsupported")],
    ["an exception", "throws", denied("undecided")],
    ["silence", "silent", denied("undecided")],
    ["nothing at all", nothing, denied("undecided")],
    ["no rules", () => without("rules"), denied("undecided")],
    ["no obligations", () => without("obligations"), denied("undecided")],
    ["a decision of other policies", { ...allow(), policies: digestOf("b") }, denied("undecided")],
    ["a timeout", allowIf(timeoutOf(5)), done],
    ["a timeout of nothing", allowIf(timeoutOf(0)), denied("outcome-unsupported")],
    ["a timeout that is no number of ms", allowIf(timeoutOf(1.5)), denied("outcome-unsupported")],
    ["a timeout of 366 days", allowIf(timeoutOf(31_622_400_000)), done],
    ["a longer timeout", allowIf(timeoutOf(31_622_400_001)), denied("outcome-unsupported")],
    ["an obligation nobody knows", allowIf({ k: "pray" } as never), denied("outcome-unsupported")],
    [
      "an obligation with more to it",
      allowIf({ ...timeoutOf(5), unless: "x" } as never),
      denied("outcome-unsupported"),
    ],
    [
      "an obligation without its rule",
      allowIf({ k: "timeout", timeoutMs: 5 } as never),
      denied("outcome-unsupported"),
    ],
    ["a decision with more to it", { ...allow(), until: 5 } as never, denied("undecided")],
    ["a decision of another version", { ...allow(), v: 2 as 1 }, denied("undecided")],
    ["a reason nobody knows", deny("because" as never), denied("undecided")],
    ["permission with a reason to deny", { ...allow(), denyReason: "forbidden" }, denied("undecided")],
    [
      "a rule without a layer",
      { ...allow(), rules: [{ ...citation("a"), layer: "sky" as never }] },
      denied("undecided"),
    ],
  ])("%s", async (_, act, expected) => {
    const { ending } = await performed(decided(act));
    expect(ending).toEqual(expected);
  });

  test("that no table holds is a denial: safety needs no set-up", async () => {
    verifies("gate.secure-by-default");
    const { ending } = await performed({ decisions: {} });
    expect(ending).toEqual(denied("no-permit"));
  });

  test.each<[string, SandboxTier, Decision, Ending]>([
    ["the tier that the run has", "docker", allowIf(tierFloor("docker")), done],
    ["a weaker tier", "gvisor", allowIf(tierFloor("wasm")), done],
    ["a stronger tier", "wasm", allowIf(tierFloor("docker")), denied("tier-too-weak")],
    ["two floors", "docker", allowIf(tierFloor("wasm"), tierFloor("gvisor")), denied("tier-too-weak")],
    ["a tier nobody knows", "gvisor", allowIf(tierFloor("moon" as never)), denied("outcome-unsupported")],
    [
      "a floor beside a bare allow",
      "wasm",
      { ...allow(), obligations: [tierFloor("docker")] },
      denied("tier-too-weak"),
    ],
  ])("that asks for %s", async (_, tier, act, expected) => {
    const { ending } = await performed(decided(act, { tier }));
    expect(ending).toEqual(expected);
  });

  test("that denies is told to the model without what the rules say", async () => {
    const { outcome } = await performed(decided({ ...deny(), summary: "denied by the-secret-rule" }));
    expect(outcome.text).toBe("Denied: the rules of this run forbid this. Do not try the same again.");
  });

  test("is on record whole, and in public by names only", async () => {
    verifies("policy.engine.evaluate", "policy.decision.allow-deny");
    const { rig } = await performed(decided(deny()), call("act", { path: "notes.txt" }, { ordinal: 3 }));
    expect(rig.recorder.ofType("action.decided")).toMatchObject([
      {
        public: {
          iteration: 1,
          ordinal: 3,
          action: "tool_call",
          tool: "act",
          outcome: "deny",
          denyReason: "forbidden",
          rules: ["helper/base/2"],
          policies: digestOf("a"),
          fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        content: {
          request: { action: "tool_call", tool: "act", principal: { type: "Agent" }, reference: "call-1" },
          prepared: { tool: "act", arguments: { path: "notes.txt" } },
          decision: deny(),
        },
      },
    ]);
    expect(JSON.stringify(rig.recorder.entries.map((entry) => entry.public))).not.toContain("notes.txt");
  });

  test("names its obligations", async () => {
    const act = allowIf(tierFloor("wasm"), timeoutOf(90_000));
    const { rig } = await performed(decided(act));
    expect(rig.recorder.ofType("action.decided")[0]?.public["obligations"]).toEqual([
      "sandbox-tier wasm",
      "timeout 1m 30s",
    ]);
  });

  test("of many long names has them cut, and only so many in public", async () => {
    const rules = Array.from({ length: 100 }, (_, index) => citation(`${"r".repeat(600)}${index}`));
    const { rig } = await performed(decided({ ...allow(), rules }));
    const names = rig.recorder.ofType("action.decided")[0]?.public["rules"] as readonly string[];
    expect(names.map((name) => name.length)).toEqual(Array<number>(64).fill(512));
  });
});

describe("the deadline of a call", () => {
  test.each<[string, RigPlan, number]>([
    ["the tool's own", {}, 1_000],
    ["a rule's", decided(allowIf(timeoutOf(400))), 400],
    ["the strictest rule's", decided(allowIf(timeoutOf(900), timeoutOf(250), timeoutOf(300))), 250],
    ["never longer than the tool's", decided(allowIf(timeoutOf(60_000))), 1_000],
    ["never longer than the run's", { remainingMs: 77 }, 77],
  ])("is %s", async (_, plan, expected) => {
    verifies("policy.decision.allow-with-conditions");
    const { rig } = await performed(plan);
    expect(rig.tools["act"]?.options[0]?.timeoutMs).toBe(expected);
    expect(rig.recorder.ofType("action.intended")[0]?.public["timeoutMs"]).toBe(expected);
  });

  test("that is over already lets nothing begin", async () => {
    const { rig, ending } = await performed({ remainingMs: 0 });
    expect(ending).toEqual(denied("time-exhausted"));
    expect(rig.recorder.ofType("action.intended")).toEqual([]);
  });
});

describe("labels", () => {
  test("of proposal, preparation and result are joined, and the policies see those before the act", async () => {
    const { rig, outcome } = await performed(
      {
        tools: {
          act: {
            prepare: async (given) => ({
              ok: true,
              value: {
                tool: "act",
                arguments: given,
                resource: { type: "Tool", id: "act", attributes: {} },
                labels: ["file", "b"],
                preview: null,
                details: {},
              },
            }),
            act: { k: "result", result: { labels: ["tool", "b"] } },
          },
        },
      },
      call("act", {}, { labels: ["secret", "b", "b"] }),
    );
    expect(outcome.labels).toEqual(["b", "file", "secret", "tool"]);
    expect(rig.decider.requests[0]?.context.labels).toEqual(["b", "file", "secret"]);
    expect(rig.recorder.ofType("action.decided")[0]?.labels).toEqual(["b", "file", "secret"]);
    expect(rig.recorder.ofType("action.completed")[0]?.labels).toEqual(["b", "file", "secret", "tool"]);
  });
});
