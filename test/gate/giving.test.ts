import { describe, expect, test } from "vitest";
import type { CallOutcome, Gate, GateFault } from "#gate/contract.ts";
import type { Result } from "#kernel/result.ts";
import { approvalBy, deny, stepUp } from "#test/kit/decisions.ts";
import type { RigPlan } from "./rig.ts";
import { calm, createRig, trace } from "./rig.ts";

type Give = (gate: Gate) => Promise<Result<CallOutcome, GateFault>>;

const value = { report: ["fine"] };
const respond: Give = (gate) =>
  gate.respond({ value, labels: ["secret"], iteration: 2, cause: null }, calm());
const terminate: Give = (gate) =>
  gate.terminate({ reason: "done", labels: [], iteration: 2, cause: null }, calm());

describe.each<["respond" | "terminate", Give, unknown, unknown]>([
  ["respond", respond, { value }, value],
  ["terminate", terminate, { reason: "done" }, null],
])("%s", (action, give, argumentsSeen, given) => {
  test.each<[string, RigPlan, string]>([
    ["that is allowed", {}, "done null"],
    ["that is forbidden", { decisions: { [action]: deny() } }, "denied forbidden"],
    ["that nothing permits", { decisions: {} }, "denied no-permit"],
    [
      "that a person agrees to",
      { decisions: { [action]: stepUp() }, answers: [{ k: "approves", by: "ada" }] },
      "done null",
    ],
    [
      "that a person does not agree to",
      { decisions: { [action]: stepUp(approvalBy()) }, answers: [{ k: "expired" }] },
      "refused approval-expired",
    ],
    ["that comes when time is over", { remainingMs: 0 }, "denied time-exhausted"],
  ])("%s", async (_, plan, expected) => {
    const rig = createRig(plan);
    const outcome = await rig.clock.drive(give(rig.gate));
    expect(outcome.ok && `${outcome.value.status} ${outcome.value.refusal}`).toBe(expected);
    expect(rig.recorder.entries.filter((entry) => entry.feeds)).toHaveLength(1);
  });

  test("acts on the run, under its own name, and hands back what was decided about", async () => {
    const rig = createRig();
    const outcome = await give(rig.gate);
    expect(outcome).toMatchObject({ ok: true, value: { value: given } });
    expect(rig.decider.requests).toMatchObject([
      { action, tool: null, arguments: argumentsSeen, resource: { type: "Run", id: rig.gate.run } },
    ]);
    expect(trace(rig.recorder)).toEqual(["action.decided allow", "action.intended", "action.completed done"]);
    expect(rig.recorder.entries.map((entry) => [entry.public["action"], entry.public["tool"]])).toEqual(
      Array.from({ length: 3 }, () => [action, null]),
    );
  });
});

test("a response that is no JSON is refused", async () => {
  const rig = createRig();
  const outcome = await rig.gate.respond(
    { value: Number.NaN, labels: [], iteration: 1, cause: null },
    calm(),
  );
  expect(outcome).toMatchObject({ ok: true, value: { status: "denied", refusal: "arguments-refused" } });
});
