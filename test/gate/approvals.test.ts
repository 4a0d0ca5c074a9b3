import { describe, expect, test } from "vitest";
import type { Obligation, OnBehalfOf } from "#protocol/policy-vocabulary.ts";
import type { Behaviour } from "#test/kit/approver-fake.ts";
import { allowIf, approvalBy, digestOf, stepUp, timeoutOf } from "#test/kit/decisions.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { Ending, RigPlan } from "./rig.ts";
import { call, denied, done, performed, refused, trace } from "./rig.ts";

const yes = (by = "ada"): Behaviour => ({ k: "approves", by });
const no = (by = "ada", reason: string | null = null): Behaviour => ({
  k: "refused",
  by,
  surface: "terminal",
  reason,
});
const asked = (answers: readonly Behaviour[], ...obligations: readonly Obligation[]): RigPlan => ({
  decisions: { act: stepUp(...obligations) },
  answers,
});

describe("one person", () => {
  const elsewhere: Behaviour = { k: "approved", by: "ada", surface: "terminal", fingerprint: digestOf("0") };
  const unavailable = refused("approval-unavailable");
  test.each<[string, Behaviour, Ending]>([
    ["says yes", yes(), done],
    ["says no", no(), refused("approval-refused")],
    ["says nothing in time", { k: "silent" }, refused("approval-expired")],
    ["was too late, says the surface", { k: "expired" }, refused("approval-expired")],
    ["is not there", { k: "unavailable", why: "no terminal" }, unavailable],
    ["cannot be asked, because the surface breaks", { k: "throws" }, unavailable],
    ["without a name says yes", yes(""), unavailable],
    ["without a name says no", no(""), unavailable],
    ["says yes to another call", elsewhere, unavailable],
    ["says something of no format", { k: "perhaps" } as never, unavailable],
  ])("%s", async (_, answer, expected) => {
    verifies("gate.human-critic");
    const { ending } = await performed(asked([answer], approvalBy()));
    expect(ending).toEqual(expected);
  });
});

describe("a surface that", () => {
  const NO_FORMAT = "the surface gave no answer of the format";
  const agreed = { k: "approved", by: "ada", surface: "terminal", fingerprint: digestOf("0") };
  const declined = { k: "refused", by: "ada", surface: "terminal", reason: null };
  const hidden = Object.defineProperty({ ...declined }, "by", {
    enumerable: true,
    get: () => {
      throw new Error("secret-in-a-getter");
    },
  });
  test.each<[string, unknown, string]>([
    ["gives null", null, NO_FORMAT],
    ["gives nothing", undefined, NO_FORMAT],
    ["gives a text", "approved", NO_FORMAT],
    ["gives a number", 1, NO_FORMAT],
    ["gives a function", () => agreed, NO_FORMAT],
    ["gives a list", [agreed], NO_FORMAT],
    ["gives nothing in an object", {}, NO_FORMAT],
    ["gives an answer that nobody knows", { ...agreed, k: "perhaps" }, NO_FORMAT],
    ["gives a yes from a number", { ...agreed, by: 1 }, NO_FORMAT],
    ["gives a yes from nobody", { ...agreed, by: undefined }, NO_FORMAT],
    ["gives a yes from a place that nobody knows", { ...agreed, surface: "moon" }, NO_FORMAT],
    ["gives a yes to no fingerprint", { ...agreed, fingerprint: null }, NO_FORMAT],
    ["gives a no from a list", { ...declined, by: ["ada"] }, NO_FORMAT],
    ["gives a no for an object's sake", { ...declined, reason: {} }, NO_FORMAT],
    ["gives a no without a place", { ...declined, surface: null }, NO_FORMAT],
    ["gives a no with half a character", { ...declined, reason: "\ud800" }, NO_FORMAT],
    ["is not there, and does not say why", { k: "unavailable" }, NO_FORMAT],
    ["is not there for a number's sake", { k: "unavailable", why: 1 }, NO_FORMAT],
    ["gives a no that breaks when it is read", hidden, "the surface failed"],
  ])("%s has not answered, and that is on record", async (_, given, reason) => {
    const { rig, ending } = await performed(asked([{ k: "resolves", with: given }], approvalBy()));
    expect(ending).toEqual(refused("approval-unavailable"));
    const [answered] = rig.recorder.ofType("approval.answered");
    expect(answered?.public).toMatchObject({ answer: "unavailable", by: null, surface: null });
    expect(answered?.content).toEqual({ reason });
  });

  test("breaks before it asks has not answered either", async () => {
    const { rig, ending } = await performed(asked([{ k: "throws-at-once" }], approvalBy()));
    expect(ending).toEqual(refused("approval-unavailable"));
    expect(rig.recorder.ofType("approval.answered")[0]?.content).toEqual({ reason: "the surface failed" });
  });
});

describe("a rule's terms:", () => {
  const ofGrace = approvalBy({ approvers: ["grace", "lin"] });
  const ofAda = approvalBy({ approvers: ["ada", "lin"] });
  const notInitiator = approvalBy({ notInitiator: true });
  const impossible = denied("outcome-unsupported");
  const unavailable = refused("approval-unavailable");
  test.each<[string, readonly Behaviour[], readonly Obligation[], Ending]>([
    ["a step-up without terms", [yes()], [], done],
    ["one of those it names", [yes("grace")], [ofGrace], done],
    ["none of those it names", [yes("ada")], [ofGrace], unavailable],
    ["the initiator where another must", [yes("ada")], [notInitiator], unavailable],
    ["another where another must", [yes("grace")], [notInitiator], done],
    ["two people", [yes("ada"), yes("grace")], [approvalBy({ min: 2 })], done],
    ["one person twice", [yes("ada"), yes("ada")], [approvalBy({ min: 2 })], unavailable],
    ["yes and no", [yes("ada"), no("lin")], [approvalBy({ min: 2 })], refused("approval-refused")],
    ["one whom two rules name", [yes("lin")], [ofAda, ofGrace], done],
    ["two rules that share nobody", [], [approvalBy({ approvers: ["ada"] }), ofGrace], impossible],
    ["only the initiator, and not", [], [approvalBy({ approvers: ["ada"], notInitiator: true })], impossible],
    ["more than it names", [], [approvalBy({ approvers: ["ada"], min: 2 })], impossible],
    ["one name twice for two", [], [approvalBy({ approvers: ["ada", "ada"], min: 2 })], impossible],
    ["more than there are", [], [approvalBy({ min: 17 })], impossible],
    ["nobody", [], [approvalBy({ min: 0 })], impossible],
    [
      "two, of two lists that share one",
      [],
      [approvalBy({ approvers: ["ada", "lin"], min: 2 }), ofGrace],
      impossible,
    ],
    ["two, of two lists that share them", [yes("lin"), yes("ada")], [approvalBy({ min: 2 }), ofAda], done],
    ["a name in another case", [yes("Lin")], [ofAda], unavailable],
  ])("%s", async (_, answers, obligations, expected) => {
    const { ending } = await performed(asked(answers, ...obligations));
    expect(ending).toEqual(expected);
  });

  test.each<[string, OnBehalfOf, Ending]>([
    ["a user: anyone else is another", { kind: "user", id: "grace" }, done],
    ["a schedule: whoever wrote it is not known", { kind: "schedule", id: "nightly" }, impossible],
    ["a webhook: whoever called it is not known", { kind: "webhook", id: "push" }, impossible],
    ["a client: who sits before it is not known", { kind: "client", id: "ide" }, impossible],
    ["an agent: who stands behind it is not known", { kind: "agent", id: "a#b" }, impossible],
  ])("the initiator is %s", async (_, onBehalfOf, expected) => {
    const { ending } = await performed({ ...asked([yes()], notInitiator), onBehalfOf });
    expect(ending).toEqual(expected);
  });

  test("hold beside other conditions, whatever the decision is called", async () => {
    const plan = { decisions: { act: allowIf(approvalBy(), timeoutOf(5)) }, answers: [no()] };
    expect((await performed(plan)).ending).toEqual(refused("approval-refused"));
  });
});

describe("on record", () => {
  test("question and answer stand between decision and intent, bound to one fingerprint", async () => {
    const { rig } = await performed(asked([yes()], approvalBy()), call("act", { path: "a" }));
    expect(trace(rig.recorder)).toEqual([
      "action.decided act step-up",
      "approval.asked",
      "approval.answered approved",
      "action.intended act",
      "action.completed act done",
    ]);
    const prints = rig.recorder.entries.map((entry) => entry.public["fingerprint"]).filter(Boolean);
    expect(new Set(prints).size).toBe(1);
    expect(prints).toHaveLength(4);
    expect(rig.approver.questions).toMatchObject([
      {
        fingerprint: prints[0],
        tool: "act",
        arguments: { path: "a" },
        principal: 'Agent::"agents/helper.symbi#helper"',
      },
    ]);
  });

  test("each entry names the one that led to it", async () => {
    const { rig } = await performed(asked([yes()], approvalBy()));
    const ids = rig.recorder.entries.map((entry) => entry.entry.id);
    expect(rig.recorder.entries.map((entry) => entry.cause)).toEqual([null, ...ids.slice(0, -1)]);
  });

  test("whoever agreed already is not asked again", async () => {
    const { rig } = await performed(asked([yes("ada"), yes("grace")], approvalBy({ min: 2 })));
    expect(rig.approver.questions.map((question) => question.who.except)).toEqual([[], ["ada"]]);
  });

  test("a question lasts no longer than the run", async () => {
    const { rig, ending } = await performed({
      ...asked([{ k: "silent" }], approvalBy()),
      remainingMs: 1_234,
    });
    expect(ending).toEqual(refused("approval-expired"));
    expect(rig.recorder.ofType("approval.asked")[0]?.public["expiresInMs"]).toBe(1_234);
    expect(rig.recorder.ofType("approval.answered")[0]?.public["waitedMs"]).toBe(1_234);
  });

  test("a reason from outside is kept escaped", async () => {
    const { rig } = await performed(asked([no("ada", "no\u001b[2J")], approvalBy()));
    expect(rig.recorder.ofType("approval.answered")[0]?.content["reason"]).toBe("no\\e[2J");
  });
});
