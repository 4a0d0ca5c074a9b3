import { describe, expect, test } from "vitest";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { fromBase64, utf8Text } from "#kernel/bytes.ts";
import type { Answer, Handlers } from "#host/rpc/peer.ts";
import type { ApprovalAnswer } from "#ports/approver.ts";
import type { Rig } from "./rig.ts";
import {
  AGENT,
  ARGUMENTS,
  createRig,
  FINGERPRINT,
  key,
  NEVER,
  NO_OFFERS,
  PERSON,
  PREVIEW,
  settle,
  startParams,
  USER,
} from "./rig.ts";

const OPTIONS = { signal: NEVER };
const OTHER = "cd".repeat(32);

type Asked = Answer<"approval/ask">;

/** A host whose run asks one question; `answer` is what the run got. */
const askingRig = async (
  question: { readonly who?: readonly string[] } = {},
): Promise<{ readonly rig: Rig; readonly answer: Promise<ApprovalAnswer> }> => {
  const rig = await createRig();
  const given = Promise.withResolvers<ApprovalAnswer>();
  rig.script = async (run) => {
    given.resolve(await run.ask(question));
    return "completed";
  };
  return { rig, answer: given.promise };
};

const answering = (
  answer: (signal: AbortSignal) => Promise<Asked>,
): { readonly handlers: Handlers; readonly offers: typeof PERSON } => ({
  offers: PERSON,
  handlers: {
    requests: {
      "approval/ask": async (_params, { signal }) => ({ ok: true, value: await answer(signal) }),
    },
    notifications: {},
  },
});

const said = (answer: Asked["answer"], fingerprint = FINGERPRINT): Asked => ({
  answer,
  fingerprint,
  reason: null,
});

const untilTold = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });

const waiting = async (peer: Awaited<ReturnType<Rig["connect"]>>["peer"]) => {
  const listed = await peer.call("approvals/list", { after: null }, OPTIONS);
  if (!listed.ok) throw new Error(listed.fault.message);
  return listed.value.approvals;
};

describe("a question that waits", () => {
  test("is listed with all that a person has to see, and makes the run wait", async () => {
    const { rig } = await askingRig();
    const { peer } = await rig.connect();
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    await rig.clock.advance(10_000);
    const [one] = await waiting(peer);
    expect(one).toMatchObject({
      agent: AGENT,
      tool: "publish_file",
      arguments: canonicalJson(ARGUMENTS),
      argumentsWhole: true,
      approvers: [],
      fingerprint: FINGERPRINT,
      expiresInMs: 50_000,
      preview: { bytes: canonicalJson(PREVIEW).length },
    });
    const part = await peer.call(
      "content/read",
      { at: one?.preview?.at ?? one?.argumentsAt ?? { entry: key(1), part: "x" }, offset: 0, length: 1_000 },
      OPTIONS,
    );
    expect(part.ok && utf8Text(fromBase64(part.value.base64) ?? new Uint8Array())).toBe(
      canonicalJson(PREVIEW),
    );
    expect(await peer.call("run/list", { states: null, after: null }, OPTIONS)).toMatchObject({
      value: { runs: [{ state: "waiting-for-person", approvalsWaiting: 1 }] },
    });
    expect(await peer.call("host/status", {}, OPTIONS)).toMatchObject({ value: { approvalsWaiting: 1 } });
  });

  test.each([
    ["approve", "editor", { k: "approved", by: USER, surface: "editor", fingerprint: FINGERPRINT }],
    ["refuse", "cli", { k: "refused", by: USER, surface: "terminal", reason: "no" }],
  ] as const)("can be answered from the list: %s at an %s", async (word, kind, expected) => {
    const { rig, answer } = await askingRig();
    const { peer } = await rig.connect({ kind });
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    const [one] = await waiting(peer);
    const approval = one?.approval ?? "";
    const params = { approval, fingerprint: FINGERPRINT, answer: word, reason: "no" };
    expect(await peer.call("approvals/answer", params, OPTIONS)).toEqual({
      ok: true,
      value: { accepted: true, by: USER },
    });
    expect(await answer).toEqual(expected);
    await settle();
    expect(await waiting(peer)).toEqual([]);
    expect(await peer.call("approvals/answer", params, OPTIONS)).toMatchObject({
      fault: { error: "conflict", code: "APPROVAL_ANSWERED" },
    });
    expect(await peer.call("run/list", { states: null, after: null }, OPTIONS)).toMatchObject({
      value: { runs: [{ state: "completed", approvalsWaiting: 0 }] },
    });
  });

  test("is not answered under another fingerprint, nor by a client without a person", async () => {
    const { rig } = await askingRig();
    const { peer } = await rig.connect();
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    const [one] = await waiting(peer);
    const approval = one?.approval ?? "";
    expect(
      await peer.call(
        "approvals/answer",
        { approval, fingerprint: OTHER, answer: "approve", reason: null },
        OPTIONS,
      ),
    ).toMatchObject({ fault: { error: "conflict", code: "APPROVAL_OTHER_CALL" } });
    const server = await rig.connect({ kind: "server" });
    expect(
      await server.peer.call(
        "approvals/answer",
        { approval, fingerprint: FINGERPRINT, answer: "approve", reason: null },
        OPTIONS,
      ),
    ).toMatchObject({ fault: { error: "refused", code: "APPROVAL_NO_PERSON" } });
    expect(await waiting(peer)).toHaveLength(1);
  });

  test("is no question for somebody whom the rules do not accept", async () => {
    const { rig, answer } = await askingRig({ who: ["somebody-else"] });
    const { peer } = await rig.connect(answering(async () => said("approve")));
    await peer.call("run/start", startParams(), OPTIONS);
    expect(await answer).toMatchObject({ k: "unavailable" });
    expect(await waiting(peer)).toEqual([]);
  });
});

describe("clients that offer to ask a person", () => {
  test("are asked, the first valid answer counts, and the others are told", async () => {
    const { rig, answer } = await askingRig();
    let isTold = false;
    await rig.connect(
      answering(async (signal) => {
        await untilTold(signal);
        isTold = true;
        return said("refuse");
      }),
    );
    const answered = Promise.withResolvers<Asked>();
    const { peer } = await rig.connect(answering(() => answered.promise));
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    answered.resolve(said("approve"));
    expect(await answer).toMatchObject({ k: "approved", surface: "terminal" });
    await settle();
    expect(isTold).toBe(true);
  });

  test.each([
    ["says that nobody is there", said("unavailable")],
    ["agrees to another call", said("approve", OTHER)],
  ])("leave the question to others when one %s", async (_what, first) => {
    const { rig, answer } = await askingRig();
    await rig.connect(answering(async () => first));
    const { peer } = await rig.connect();
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    const [one] = await waiting(peer);
    await peer.call(
      "approvals/answer",
      { approval: one?.approval ?? "", fingerprint: FINGERPRINT, answer: "approve", reason: null },
      OPTIONS,
    );
    expect(await answer).toMatchObject({ k: "approved" });
  });

  test("that come later are asked as well, also by an offer that they make later still", async () => {
    const { rig, answer } = await askingRig();
    const { peer } = await rig.connect();
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    const late = await rig.connect({ ...answering(async () => said("refuse")), offers: NO_OFFERS });
    await settle();
    late.peer.notify("host/offer", PERSON);
    expect(await answer).toMatchObject({ k: "refused", surface: "terminal" });
  });

  test("that die leave the question to the others", async () => {
    const { rig, answer } = await askingRig();
    await rig.connect(answering(() => new Promise(() => undefined)));
    const { peer } = await rig.connect();
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    rig.wires[0]?.drop();
    await settle();
    expect(await waiting(peer)).toHaveLength(1);
    const [one] = await waiting(peer);
    await peer.call(
      "approvals/answer",
      { approval: one?.approval ?? "", fingerprint: FINGERPRINT, answer: "refuse", reason: null },
      OPTIONS,
    );
    expect(await answer).toMatchObject({ k: "refused" });
  });

  test("may not be debuggers", async () => {
    const { rig } = await askingRig();
    let isAsked = false;
    const debug = await rig.connect({
      kind: "debugger",
      ...answering(async () => {
        isAsked = true;
        return said("approve");
      }),
      offers: NO_OFFERS,
    });
    debug.peer.notify("host/offer", PERSON);
    const { peer } = await rig.connect();
    await peer.call("run/start", startParams(), OPTIONS);
    await settle();
    expect(isAsked).toBe(false);
    expect(await waiting(peer)).toHaveLength(1);
  });
});

test("whoever answers second is told what was said first, and by whom", async () => {
  const { rig, answer } = await askingRig();
  const { peer } = await rig.connect();
  const other = await rig.connect();
  await peer.call("run/start", startParams(), OPTIONS);
  await settle();
  const listed = await peer.call("approvals/list", { after: null }, OPTIONS);
  const approval = listed.ok ? (listed.value.approvals[0]?.approval ?? "") : "";
  const params = { approval, fingerprint: FINGERPRINT, reason: null };
  const both = await Promise.all([
    peer.call("approvals/answer", { ...params, answer: "refuse" }, OPTIONS),
    other.peer.call("approvals/answer", { ...params, answer: "approve" }, OPTIONS),
  ]);
  expect(both[0]).toMatchObject({ ok: true });
  expect(both[1]).toMatchObject({
    ok: false,
    fault: {
      error: "conflict",
      code: "APPROVAL_ANSWERED",
      message: `somebody was faster: the question was refused by ${USER} (terminal)`,
    },
  });
  expect(await answer).toMatchObject({ k: "refused" });
});
