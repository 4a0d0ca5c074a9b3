import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { GATE_LIMITS_DEFAULT, createGate } from "#gate/index.ts";
import type { CallOutcome, Gate } from "#gate/contract.ts";
import type { JsonObject } from "#kernel/json.ts";
import { compileAgentFile } from "#policy/index.ts";
import type { LoadedPolicies } from "#policy/index.ts";
import type { Decider } from "#ports/decider.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { call } from "#test/gate/rig.ts";
import { agentSpecOf } from "#test/kit/agent-spec-of.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { cedarSource, loadPolicies } from "#test/kit/policy-engine.ts";
import { READER } from "#test/kit/policy-requests.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import { createFakeSandbox, fakeProgram } from "#test/kit/sandbox-fake.ts";
import type { FakeStep } from "#test/kit/sandbox-fake.ts";
import { createFakeWorkspace } from "#test/kit/workspace-files-fake.ts";
import { createExecutors, createRunFiles } from "#tools/index.ts";

import { LIMITS, MemoryArtefacts, file } from "./kit.ts";

/*
 * What an agent file says about `read_file` and `write_file` is what programs and lists are held to:
 * rules in the language, decided by Cedar behind the real gate.
 */

const FILES = ["notes.md", "private/key.txt", "private/notes.md", "src/main.ts"];

let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

interface Rules {
  /** Of the agent, one a line. */
  readonly agent: string;
  /** Cedar of the workspace. */
  readonly workspace?: string;
}

const specOf = (rules: string): AgentSpec =>
  agentSpecOf(`metadata { version = "1.0.0" }
agent reader(topic: String) -> String {
  policy files {
${rules}
  }
  with sandbox = "wasm" { return reason("Read.", topic).response; }
}`);

const policiesOf = ({ agent, workspace }: Rules): Promise<LoadedPolicies> =>
  loadPolicies(decider, [
    ...(workspace === undefined ? [] : [cedarSource("workspace", workspace)]),
    compileAgentFile(specOf(agent), "reader", BUILTIN_TOOLS),
  ]);

const open = async (rules: Rules, offered: readonly string[]): Promise<Gate> => {
  const policies = await policiesOf(rules);
  const workspace = FILES.map((path) => file(path, `text of ${path}`));
  const session = await createFakeSandbox().open(
    { files: workspace, limits: LIMITS },
    new AbortController().signal,
  );
  if (!session.ok) throw new Error(session.fault.message);
  const recorder = createRunRecorderFake();
  const files = createRunFiles({
    session: session.value,
    artefacts: new MemoryArtefacts(),
    scope: recorder.scope,
    workspace,
  });
  const crypto = createNodeCrypto();
  return createGate(
    {
      policy: () => policies,
      recorder,
      approver: createApproverFake([]),
      model: { id: "scripted:none", remote: false, stream: () => ({}) as never },
      crypto,
      entropy: createEntropyFake(),
      clock: createClockFake(),
      executors: (spend) => createExecutors({ files, workspace: createFakeWorkspace({}), crypto, spend }),
    },
    {
      principal: { type: "Agent", id: READER },
      onBehalfOf: { kind: "user", id: "ada" },
      ancestors: [],
      tier: "wasm",
      inputs: { topic: "src" },
      offered,
      key: new Uint8Array(32).fill(7),
      endsAtMonotonicMs: 3_600_000,
      limits: GATE_LIMITS_DEFAULT,
    },
  );
};

const perform = async (gate: Gate, tool: string, given: JsonObject): Promise<CallOutcome> => {
  const outcome = await gate.perform(call(tool, given), new AbortController().signal);
  if (!outcome.ok) throw new Error(outcome.fault.message);
  return outcome.value;
};

const run = (gate: Gate, ...steps: readonly FakeStep[]): Promise<CallOutcome> => {
  const program = fakeProgram(...steps);
  return perform(gate, "run_javascript", { code: program.kind === "javascript" ? program.code : "" });
};

const EVERY_TOOL = BUILTIN_TOOLS.map(({ name }) => name);

describe("a program and a list hold what the agent may read", () => {
  const programs = "allow: [run_javascript, list_files]";
  test.each<[string, Rules, readonly string[]]>([
    ["no rule about reading", { agent: programs }, []],
    ["reading is allowed", { agent: `${programs}\nallow: read_file` }, FILES],
    [
      "a folder is denied",
      { agent: `${programs}\nallow: read_file\ndeny: read_file(path) if path.starts_with("private/")` },
      ["notes.md", "src/main.ts"],
    ],
    [
      "a kind of file is allowed",
      { agent: `${programs}\nallow: read_file(path) if path.ends_with(".md")` },
      ["notes.md", "private/notes.md"],
    ],
    ["one file is allowed", { agent: `${programs}\nallow: read_file("notes.md")` }, ["notes.md"]],
    [
      "an input decides",
      {
        agent: `${programs}\nallow: read_file if topic == "src"\ndeny: read_file("notes.md") if topic == "src"`,
      },
      FILES.slice(1),
    ],
    [
      "a person would have to agree to some",
      { agent: `${programs}\nallow: read_file\nrequire: approval(read_file) if topic == "src"` },
      [],
    ],
    [
      "every call has a time limit",
      { agent: `${programs}\nallow: read_file\nrequire: { timeout: "20s" }` },
      FILES,
    ],
    [
      "the tier is enough",
      { agent: `${programs}\nallow: read_file\nrequire: { sandbox_tier: "wasm" }` },
      FILES,
    ],
    [
      "the workspace forbids",
      {
        agent: `${programs}\nallow: read_file`,
        workspace: `forbid (principal, action == Action::"tool_call::read_file", resource)
          when { context.args.path like "*/key.txt" };`,
      },
      ["notes.md", "private/notes.md", "src/main.ts"],
    ],
    [
      "the workspace permits less",
      {
        agent: `${programs}\nallow: read_file`,
        workspace: `permit (principal, action == Action::"tool_call::read_file", resource)
          when { context.args.path like "src/*" };`,
      },
      ["src/main.ts"],
    ],
    [
      "a rule of the workspace cannot be evaluated",
      {
        agent: `${programs}\nallow: read_file`,
        workspace: `forbid (principal, action == Action::"tool_call::read_file", resource)
          when { context.args.path like "private/*" && 9223372036854775807 + context.iteration > 0 };`,
      },
      ["notes.md", "src/main.ts"],
    ],
  ])("where %s", async (_, rules, expected) => {
    const gate = await open(rules, EVERY_TOOL);
    const list = await perform(gate, "list_files", {});
    expect((list.value as readonly JsonObject[]).map(({ path }) => path)).toEqual(expected);
    const lists = await run(gate, { k: "print-list", path: "." });
    expect(lists.value).toMatchObject({ stdout: expected.map((path) => `${path}\n`).join("") });
    for (const path of FILES) {
      const isShown = expected.includes(path);
      expect((await perform(gate, "read_file", { path })).status === "done").toBe(isShown);
      const printed = await run(gate, { k: "print-file", path });
      expect(printed.value).toMatchObject({ stdout: isShown ? `text of ${path}\n` : "" });
    }
  });

  test("also where the run was not offered to read files one by one", async () => {
    const rules = { agent: `${programs}\nallow: read_file("notes.md")` };
    const gate = await open(rules, ["run_javascript"]);
    expect(await perform(gate, "read_file", { path: "notes.md" })).toMatchObject({ status: "denied" });
    expect((await run(gate, { k: "print-list", path: "." })).value).toMatchObject({ stdout: "notes.md\n" });
  });
});

describe("a program changes what the agent may write", () => {
  const programs = "allow: [run_javascript, read_file]";
  test.each<[string, Rules, readonly string[]]>([
    ["no rule about writing", { agent: programs }, []],
    [
      "writing is allowed",
      { agent: `${programs}\nallow: write_file` },
      ["notes.md", "out/new.txt", "src/main.ts"],
    ],
    [
      "a kind of file is allowed",
      { agent: `${programs}\nallow: write_file(path) if path.ends_with(".md")` },
      ["notes.md"],
    ],
    [
      "a folder is denied",
      { agent: `${programs}\nallow: write_file\ndeny: write_file(path) if path.starts_with("src/")` },
      ["notes.md", "out/new.txt"],
    ],
    [
      "a content is denied",
      { agent: `${programs}\nallow: write_file\ndeny: write_file(content: text) if text.contains("src")` },
      ["notes.md", "out/new.txt"],
    ],
    [
      "a person would have to agree",
      { agent: `${programs}\nallow: write_file\nrequire: approval(write_file)` },
      [],
    ],
  ])("where %s", async (_, rules, expected) => {
    const gate = await open(rules, EVERY_TOOL);
    for (const path of ["notes.md", "out/new.txt", "src/main.ts"]) {
      const written = await run(gate, { k: "write", path, text: `new ${path}` });
      expect([path, written.status]).toEqual([path, expected.includes(path) ? "done" : "failed"]);
    }
  });

  test("all of it or nothing", async () => {
    const gate = await open(
      { agent: `${programs}\nallow: write_file(path) if path.ends_with(".md")` },
      EVERY_TOOL,
    );
    const both = await run(
      gate,
      { k: "write", path: "notes.md", text: "new" },
      { k: "write", path: "notes.txt", text: "new" },
    );
    expect(both).toMatchObject({ status: "failed", changes: [] });
    expect(both.text).toContain("`notes.txt`");
    expect((await perform(gate, "read_file", { path: "notes.md" })).text).toBe("text of notes.md");
  });
});
