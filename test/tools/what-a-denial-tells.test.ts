import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import type { CallOutcome } from "#gate/contract.ts";
import { createGate, GATE_LIMITS_DEFAULT } from "#gate/index.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { JsonObject } from "#kernel/json.ts";
import { isJsonObject } from "#kernel/json.ts";
import { compileAgentFile } from "#policy/index.ts";
import type { Decider } from "#ports/decider.ts";
import type { SandboxFile } from "#ports/sandbox.ts";
import { SNAPSHOT_BYTES_MAX } from "#ports/workspace-files.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { call } from "#test/gate/rig.ts";
import { agentSpecOf } from "#test/kit/agent-spec-of.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import type { ApproverFake } from "#test/kit/approver-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { loadPolicies } from "#test/kit/policy-engine.ts";
import { READER } from "#test/kit/policy-requests.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import type { RunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import { createFakeSandbox } from "#test/kit/sandbox-fake.ts";
import { createFakeWorkspace } from "#test/kit/workspace-files-fake.ts";
import { createExecutors, createRunFiles } from "#tools/index.ts";

import { file, LIMITS, MemoryArtefacts } from "./kit.ts";

/*
 * An agent that may not touch a path must not learn by its denial whether anything is there: rules
 * of an agent file, decided by Cedar behind the real gate, over a path in every state it can be in.
 */

const PATH = "private/plan.md";

/** What is at the path: in the snapshot, and what the run or somebody beside it did since. */
interface State {
  readonly snapshot?: readonly SandboxFile[];
  readonly written?: string;
  readonly byHand?: string;
}

const STATES: Readonly<Record<string, State>> = {
  "no file": {},
  "a file": { snapshot: [file(PATH, "secret\n")] },
  "a file that is no text": { snapshot: [{ path: PATH, bytes: Uint8Array.of(0xff), executable: false }] },
  "a file that the run changed": { snapshot: [file(PATH, "secret\n")], written: "other\n" },
  "a file that the run made": { written: "other\n" },
  "a file that was changed in the workspace too": {
    snapshot: [file(PATH, "secret\n")],
    written: "other\n",
    byHand: "third\n",
  },
  "a folder": { snapshot: [file(`${PATH}/inside`, "secret\n")] },
  "a huge file": {
    snapshot: [{ path: PATH, bytes: new Uint8Array(SNAPSHOT_BYTES_MAX + 1), executable: false }],
  },
};

const CALLS: Readonly<Record<string, JsonObject>> = {
  read_file: { path: PATH },
  write_file: { path: PATH, content: "guess\n" },
  publish_file: { path: PATH },
};

let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

interface Ended {
  readonly outcome: CallOutcome;
  readonly recorder: RunRecorderFake;
  readonly approver: ApproverFake;
}

const perform = async (rules: string, tool: string, state: State): Promise<Ended> => {
  const agent = agentSpecOf(`metadata { version = "1.0.0" }
agent reader() -> String {
  policy files {
${rules}
  }
  with sandbox = "wasm" { return reason("Read.", "Go on.").response; }
}`);
  const policies = await loadPolicies(decider, [compileAgentFile(agent, "reader", BUILTIN_TOOLS)]);
  const snapshot = state.snapshot ?? [];
  const limits = { ...LIMITS, fileBytesMax: 2 * SNAPSHOT_BYTES_MAX };
  const { signal } = new AbortController();
  const session = await createFakeSandbox().open({ files: snapshot, limits }, signal);
  if (!session.ok) throw new Error(session.fault.message);
  const recorder = createRunRecorderFake();
  const approver = createApproverFake([]);
  const files = createRunFiles({
    session: session.value,
    artefacts: new MemoryArtefacts(),
    scope: recorder.scope,
    workspace: snapshot,
  });
  if (state.written !== undefined) await files.write(PATH, utf8(state.written), [], signal);
  const workspace = createFakeWorkspace();
  for (const { path, bytes } of snapshot) workspace.contents.set(path, bytes);
  if (state.byHand !== undefined) workspace.contents.set(PATH, utf8(state.byHand));
  const crypto = createNodeCrypto();
  const gate = createGate(
    {
      policy: () => policies,
      recorder,
      approver,
      model: { id: "scripted:none", remote: false, stream: () => ({}) as never },
      crypto,
      entropy: createEntropyFake(),
      clock: createClockFake(),
      executors: (spend) => createExecutors({ files, workspace, crypto, spend }),
    },
    {
      principal: { type: "Agent", id: READER },
      onBehalfOf: { kind: "user", id: "ada" },
      ancestors: [],
      tier: "wasm",
      inputs: {},
      offered: Object.keys(CALLS),
      key: new Uint8Array(32).fill(7),
      endsAtMonotonicMs: 3_600_000,
      limits: GATE_LIMITS_DEFAULT,
    },
  );
  const settled = await gate.perform(call(tool, CALLS[tool]), signal);
  if (!settled.ok) throw new Error(settled.fault.message);
  return { outcome: settled.value, recorder, approver };
};

/**
 * What was recorded, without ids and without what only people can open: the sealed `prepared` and
 * `preview` of a decision are evidence of what was decided about, and so is the resource.
 */
const told = ({ outcome, recorder }: Ended): unknown => [
  outcome.text,
  outcome.value,
  outcome.status,
  outcome.refusal,
  outcome.labels,
  outcome.changes,
  recorder.entries.map(({ type, public: fields, content, labels, feeds }) => ({
    type,
    labels,
    feeds,
    public: without(fields, "callId", "fingerprint"),
    content: {
      ...without(content, "prepared", "preview"),
      request: without(objectIn(content, "request"), "resource", "context"),
    },
  })),
  recorder.lives,
];

const without = (object: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

const objectIn = (content: JsonObject, name: string): JsonObject => {
  const value = content[name];
  return isJsonObject(value) ? value : {};
};

const ELSEWHERE = Object.keys(CALLS)
  .map((tool) => `allow: ${tool}(path) if path.starts_with("open/")`)
  .join("\n");

describe.each<[string, string]>([
  ["that nothing permits", "allow: [list_files]"],
  ["that a rule for other paths does not permit", ELSEWHERE],
  [
    "that a rule about the path forbids",
    Object.keys(CALLS)
      .map((tool) => `allow: ${tool}\ndeny: ${tool}(path) if path.starts_with("private/")`)
      .join("\n"),
  ],
])("a call %s", (_, rules) => {
  const cases = Object.keys(CALLS).flatMap((tool) =>
    Object.keys(STATES)
      .slice(1)
      .map((state) => [tool, state] as const),
  );
  test.each(cases)("of %s is denied for %s as for no file", async (tool, state) => {
    const [nothing, something] = [STATES["no file"], STATES[state]];
    if (nothing === undefined || something === undefined) throw new Error(`there is no state ${state}`);
    const denied = await perform(rules, tool, something);
    expect(denied.outcome.status).toBe("denied");
    expect(told(denied)).toEqual(told(await perform(rules, tool, nothing)));
  });
});

describe("a call that is permitted and cannot be done", () => {
  const rules = `allow: [write_file]\nallow: publish_file\nrequire: approval(publish_file)`;
  test.each<[string, keyof typeof STATES, string, string]>([
    ["publish_file", "no file", "TOOL_NOT_FOUND", "the run has no file `private/plan.md`"],
    ["publish_file", "a file", "TOOL_NOT_FOUND", "the run has changed nothing in `private/plan.md`"],
    ["publish_file", "a folder", "TOOL_ARGUMENTS_INVALID", "`private/plan.md` is a folder"],
    ["publish_file", "a huge file", "TOOL_TOO_LARGE", "bytes"],
    [
      "publish_file",
      "a file that was changed in the workspace too",
      "TOOL_CONFLICT",
      "was changed by somebody else in the workspace since this run began",
    ],
    ["write_file", "a folder", "TOOL_ARGUMENTS_INVALID", "`private/plan.md` is a folder"],
    ["write_file", "a huge file", "TOOL_TOO_LARGE", "bytes"],
  ])("%s of %s says so, under %s, and nobody is asked", async (tool, name, code, why) => {
    const state = STATES[name];
    if (state === undefined) throw new Error(`there is no state ${name}`);
    const { outcome, recorder, approver } = await perform(rules, tool, state);
    expect(outcome).toMatchObject({ status: "failed", refusal: null, value: null, changes: [] });
    expect(outcome.text).toMatch(/^Failed: /);
    expect(outcome.text).toContain(why);
    expect(recorder.entries.map(({ type }) => type)).toEqual(["action.decided", "action.completed"]);
    expect(recorder.entries.at(-1)?.public).toMatchObject({ status: "failed", code });
    expect(approver.questions).toEqual([]);
  });

  test("is decided about the size that the file has", async () => {
    const { recorder } = await perform(rules, "publish_file", STATES["a huge file"] ?? {});
    expect(recorder.entries[0]?.content).toMatchObject({
      request: { resource: { attributes: { size_bytes: SNAPSHOT_BYTES_MAX + 1, change: "changed" } } },
    });
  });
});
