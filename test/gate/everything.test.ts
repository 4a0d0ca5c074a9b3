import { describe, expect, test } from "vitest";
import type { Gate } from "#gate/contract.ts";
import type { ModelEvent } from "#ports/language-model.ts";
import type { ActionName } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { allow, deny } from "#test/kit/decisions.ts";
import type { Deciding } from "#test/kit/policy-decider-fake.ts";
import { verifies } from "#test/kit/verifies.ts";
import { call, calm, createRig, modelCall } from "./rig.ts";

/*
 * Everything that a run of this build can do, each by its door. A tool with an action that is not
 * here, or a new method of the gate, fails until its door is listed.
 */

interface Door {
  readonly name: string;
  readonly action: ActionName;
  readonly open: (gate: Gate) => Promise<unknown>;
}

const proposed = { labels: [], iteration: 1, cause: null };

const doors: readonly Door[] = [
  ...BUILTIN_TOOLS.map(({ name, action }) => ({
    name,
    action,
    open: (gate: Gate) => gate.perform(call(name), calm()),
  })),
  { name: "respond", action: "respond", open: (gate) => gate.respond({ ...proposed, value: 1 }, calm()) },
  {
    name: "terminate",
    action: "terminate",
    open: (gate) => gate.terminate({ ...proposed, reason: "r" }, calm()),
  },
  { name: "model_call", action: "model_call", open: (gate) => gate.callModel(modelCall(), calm()) },
];

const finished: ModelEvent = {
  k: "finished",
  reason: "stop",
  text: "",
  toolCalls: [],
  usage: { inputTokens: 0, outputTokens: 0, source: "estimated" },
};

/** A rig of all built-in tools that decides every door alike, and counts what passes through one. */
const rigDeciding = (deciding: Deciding) => {
  const asked = { model: 0 };
  const names = [
    ...BUILTIN_TOOLS.map((tool) => tool.name),
    "respond",
    "terminate",
    "model_call",
    "publish_file",
  ];
  const rig = createRig({
    tier: "gvisor",
    tools: Object.fromEntries(BUILTIN_TOOLS.map((descriptor) => [descriptor.name, { descriptor }])),
    decisions: Object.fromEntries(names.map((name) => [name, deciding])),
    async *model() {
      asked.model += 1;
      yield finished;
    },
  });
  const acts = (): number =>
    Object.values(rig.tools).reduce((sum, tool) => sum + tool.executed.length, 0) +
    rig.recorder.entries.filter(
      ({ type, public: { action, status } }) =>
        type === "action.completed" && (action === "respond" || action === "terminate") && status === "done",
    ).length +
    asked.model;
  return { rig, acts };
};

/** Each way through the gate, by its door; one more method does not type-check until it is here. */
const METHODS: Readonly<Record<Exclude<keyof Gate, "run">, readonly string[]>> = {
  perform: BUILTIN_TOOLS.map((tool) => tool.name),
  performAll: BUILTIN_TOOLS.map((tool) => tool.name),
  callModel: ["model_call"],
  respond: ["respond"],
  terminate: ["terminate"],
};

test("these are all the doors", () => {
  expect([...new Set(Object.values(METHODS).flat())].sort()).toEqual(doors.map((door) => door.name).sort());
  expect([...new Set(doors.map((door) => door.action))].sort()).toEqual([
    "model_call",
    "publish_file",
    "respond",
    "terminate",
    "tool_call",
  ]);
});

describe.each(doors)("$name", ({ action, open }) => {
  test("is decided before it is done, and done once", async () => {
    verifies("gate.secure-by-default");
    const { rig, acts } = rigDeciding(() => {
      expect(acts()).toBe(0);
      return allow();
    });
    await open(rig.gate);
    expect(rig.decider.requests.map((request) => request.action)).toEqual([action]);
    expect(acts()).toBe(1);
  });

  test.each<[string, Deciding]>([
    ["denied", deny()],
    ["not decided", "throws"],
    ["not in the table", () => deny("no-permit")],
  ])("is not done when it is %s", async (_, deciding) => {
    verifies("gate.secure-by-default");
    const { rig, acts } = rigDeciding(deciding);
    await open(rig.gate);
    expect(acts()).toBe(0);
    expect(rig.decider.requests).toHaveLength(1);
  });
});
