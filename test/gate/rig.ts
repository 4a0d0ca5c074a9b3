import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { expect } from "vitest";
import type { CallOutcome, Gate, GateRun, ProposedCall, ProposedModelCall, Refusal } from "#gate/contract.ts";
import type { GateLimits } from "#gate/index.ts";
import { createGate, GATE_LIMITS_DEFAULT } from "#gate/index.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { ApprovalQuestion } from "#ports/approver.ts";
import type { Spend } from "#ports/executor.ts";
import type { LanguageModel, ModelEvent, ModelRequest } from "#ports/language-model.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { OnBehalfOf } from "#protocol/policy-vocabulary.ts";
import type { ApproverFake, Behaviour } from "#test/kit/approver-fake.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import type { ClockFake } from "#test/kit/clock-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { allow, digestOf } from "#test/kit/decisions.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import type { Deciding, PolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import { createPolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import type { RunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import type { ToolFake, ToolFakePlan } from "#test/kit/tool-fake.ts";
import { createToolFake } from "#test/kit/tool-fake.ts";

/** What a test says about its gate; everything that it does not say is permissive and idle. */
export interface RigPlan {
  readonly decisions?: Readonly<Record<string, Deciding>>;
  readonly answers?: readonly Behaviour[] | ((question: ApprovalQuestion) => Behaviour);
  readonly tools?: Readonly<Record<string, ToolFakePlan>>;
  readonly offered?: readonly string[];
  readonly limits?: Partial<GateLimits>;
  readonly tier?: SandboxTier;
  readonly onBehalfOf?: OnBehalfOf;
  readonly remainingMs?: number;
  readonly model?: (signal: AbortSignal, request: ModelRequest) => AsyncIterable<ModelEvent>;
  readonly ready?: (signal: AbortSignal) => Promise<void>;
  readonly outputTokensMax?: number;
  readonly inputs?: JsonObject;
}

export interface Rig {
  readonly gate: Gate;
  readonly clock: ClockFake;
  readonly recorder: RunRecorderFake;
  readonly approver: ApproverFake;
  readonly decider: PolicyDeciderFake;
  readonly tools: Readonly<Record<string, ToolFake>>;
  readonly spend: Spend;
  /** Takes effect for what is proposed next. */
  useDecider(decider: PolicyDeciderFake): void;
}

/** A gate with a fake on every side of it and time that stands still. */
export const createRig = (plan: RigPlan = {}): Rig => {
  const clock = createClockFake();
  const recorder = createRunRecorderFake({ clock });
  const approver = createApproverFake(plan.answers ?? []);
  const toolPlans = plan.tools ?? { act: {} };
  const decider = createPolicyDeciderFake(plan.decisions ?? permitAll(Object.keys(toolPlans)));
  let current = decider;
  const tools: Record<string, ToolFake> = {};
  let spend: Spend | undefined;
  const run: GateRun = {
    principal: { type: "Agent", id: "agents/helper.symbi#helper" },
    onBehalfOf: plan.onBehalfOf ?? { kind: "user", id: "ada" },
    ancestors: [],
    tier: plan.tier ?? "wasm",
    inputs: plan.inputs ?? {},
    offered: plan.offered ?? Object.keys(toolPlans),
    key: new Uint8Array(32).fill(7),
    endsAtMonotonicMs: plan.remainingMs ?? 3_600_000,
    limits: { ...GATE_LIMITS_DEFAULT, ...plan.limits },
  };
  const gate = createGate(
    {
      policy: () => current,
      recorder,
      approver,
      model: modelFake(plan),
      crypto: createNodeCrypto(),
      entropy: createEntropyFake(),
      clock,
      executors(given) {
        spend = given;
        for (const [name, toolPlan] of Object.entries(toolPlans)) {
          tools[name] = createToolFake(name, given, (ms, signal) => clock.sleep(ms, signal), toolPlan);
        }
        return Object.values(tools);
      },
    },
    run,
  );
  if (spend === undefined) throw new Error("the gate did not ask for its executors");
  return {
    gate,
    clock,
    recorder,
    approver,
    decider,
    tools,
    spend,
    useDecider(next) {
      current = next;
    },
  };
};

const permitAll = (tools: readonly string[]): Record<string, Deciding> =>
  Object.fromEntries([...tools, "respond", "terminate", "model_call"].map((name) => [name, allow()]));

const modelFake = ({
  model,
  ready,
  outputTokensMax,
}: Pick<RigPlan, "model" | "ready" | "outputTokensMax">): LanguageModel => ({
  id: "scripted:test",
  remote: false,
  ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
  ...(ready === undefined ? {} : { ready }),
  stream(request, { signal }) {
    if (model === undefined) throw new Error("the test did not script a model");
    return model(signal, request);
  },
});

export const call = (
  tool: string,
  argumentsGiven: JsonObject | string = {},
  changes: Partial<ProposedCall> = {},
): ProposedCall => ({
  reference: "call-1",
  ordinal: 0,
  tool,
  arguments:
    typeof argumentsGiven === "string"
      ? { k: "text", text: argumentsGiven }
      : { k: "value", value: argumentsGiven },
  labels: [],
  iteration: 1,
  cause: null,
  ...changes,
});

export const modelCall = (changes: Partial<ProposedModelCall> = {}): ProposedModelCall => ({
  request: { messages: [{ role: "user", text: "What now?" }], tools: [], tokensMax: 100 },
  state: digestOf("5"),
  labels: [],
  iteration: 1,
  cause: null,
  ...changes,
});

/** A signal that nobody aborts. */
export const calm = (): AbortSignal => new AbortController().signal;

/** An entry's type and what distinguishes it, in one line: what a test compares. */
export const trace = (recorder: RunRecorderFake): readonly string[] =>
  recorder.entries.map(({ type, public: fields }) =>
    [
      type,
      fields["tool"],
      fields["denyReason"],
      fields["answer"],
      fields["status"],
      fields["outcome"],
      fields["code"],
    ]
      .filter((part) => typeof part === "string")
      .join(" "),
  );

/** What became of one call, and how often a tool acted: the two things a case of a table states. */
export interface Ending {
  readonly status: CallOutcome["status"];
  readonly refusal: CallOutcome["refusal"];
  readonly acted: number;
}

export const done: Ending = { status: "done", refusal: null, acted: 1 };
export const failed: Ending = { status: "failed", refusal: null, acted: 1 };
export const unknown: Ending = { status: "unknown", refusal: null, acted: 1 };
export const denied = (refusal: Refusal): Ending => ({ status: "denied", refusal, acted: 0 });
export const refused = (refusal: Refusal): Ending => ({ status: "refused", refusal, acted: 0 });

/** Performs one call to its end, which exactly one entry must be. */
export const performed = async (
  plan: RigPlan,
  proposed: ProposedCall = call("act"),
): Promise<{ readonly rig: Rig; readonly outcome: CallOutcome; readonly ending: Ending }> => {
  const rig = createRig(plan);
  const settled = await rig.clock.drive(rig.gate.perform(proposed, calm()));
  if (!settled.ok) throw new Error(settled.fault.message);
  const outcome = settled.value;
  const ends = rig.recorder.entries.filter((entry) => entry.feeds);
  expect(ends.map((end) => end.entry)).toEqual([outcome.entry]);
  const acted = Object.values(rig.tools).flatMap((tool) => tool.executed).length;
  return { rig, outcome, ending: { status: outcome.status, refusal: outcome.refusal, acted } };
};
