import { afterAll, beforeAll, expect, test } from "vitest";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { GATE_LIMITS_DEFAULT, createGate } from "#gate/index.ts";
import type { CallOutcome, Gate } from "#gate/contract.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { SandboxSession } from "#ports/sandbox.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { buildSandbox } from "#test/adapters/wasm/kit.ts";
import { TestFolder } from "#test/adapters/workspace-files/kit.ts";
import { call } from "#test/gate/rig.ts";
import { createApproverFake } from "#test/kit/approver-fake.ts";
import type { ApproverFake } from "#test/kit/approver-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";
import { allow, deny, stepUp } from "#test/kit/decisions.ts";
import { createEntropyFake } from "#test/kit/entropy-fake.ts";
import { createPolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import { createRunRecorderFake } from "#test/kit/run-recorder-fake.ts";
import { createExecutors, createRunFiles } from "#tools/index.ts";

import { MemoryArtefacts } from "./kit.ts";

/* The real gate, the real embedded sandbox and a real folder, with fakes for who decides and records. */

const TOOLS = ["read_file", "list_files", "write_file", "run_javascript"];

const built = buildSandbox();
const folder = new TestFolder();
const approver: ApproverFake = createApproverFake([{ k: "approves", by: "ada" }]);
const recorder = createRunRecorderFake();
let session: SandboxSession;
let gate: Gate;

/** Files whose names say so are not to be read, or not to be written. */
const unless = (word: string) => (request: PolicyRequest) =>
  JSON.stringify(request.arguments["path"]).includes(word) ? deny("forbidden") : allow();

beforeAll(async () => {
  folder.write("private/key.txt", "planted");
  folder.write("data/one.txt", "1\n");
  folder.write("data/two.txt", "2\n");
  folder.write(".env", "TOKEN=planted");
  const { files: workspace } = await folder.snapshot();
  const opened = await built.provider.open(
    { files: workspace, limits: WASM_LIMITS_DEFAULT },
    new AbortController().signal,
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  session = opened.value;
  const files = createRunFiles({
    session,
    artefacts: new MemoryArtefacts(),
    scope: recorder.scope,
    workspace,
  });
  const crypto = createNodeCrypto();
  const decisions = {
    ...Object.fromEntries(TOOLS.map((tool) => [tool, allow()])),
    read_file: unless("private"),
    write_file: unless("locked"),
    publish_file: stepUp(),
  };
  gate = createGate(
    {
      policy: () => createPolicyDeciderFake(decisions),
      recorder,
      approver,
      model: { id: "scripted:none", remote: false, stream: () => ({}) as never },
      crypto,
      entropy: createEntropyFake(),
      clock: createClockFake(),
      executors: (spend) => createExecutors({ files, workspace: folder.workspace(), crypto, spend }),
    },
    {
      principal: { type: "Agent", id: "agents/helper.symbi#helper" },
      onBehalfOf: { kind: "user", id: "ada" },
      ancestors: [],
      tier: "wasm",
      inputs: {},
      offered: [...TOOLS, "publish_file"],
      key: new Uint8Array(32).fill(7),
      endsAtMonotonicMs: 3_600_000,
      limits: GATE_LIMITS_DEFAULT,
    },
  );
});
afterAll(async () => {
  await session.close();
  built.remove();
  folder.remove();
});

const perform = async (
  tool: string,
  given: JsonObject,
  labels: readonly string[] = [],
): Promise<CallOutcome> => {
  const outcome = await gate.perform(call(tool, given, { labels }), new AbortController().signal);
  if (!outcome.ok) throw new Error(outcome.fault.message);
  return outcome.value;
};

test("a program reads the run's files and not the secrets beside them", async () => {
  const outcome = await perform("run_javascript", {
    code: `files.write("sum.txt", String(files.list("data").map((path) => Number(files.read(path))).reduce((a, b) => a + b)));
           [files.list(), (() => { try { return files.read(".env") } catch { return "none" } })()]`,
  });
  expect(outcome).toMatchObject({
    status: "done",
    value: { value: [["data/one.txt", "data/two.txt", "sum.txt"], "none"] },
    changes: [{ path: "sum.txt", kind: "created", sizeBytes: 1 }],
  });
});

test("a program does not get what the agent may not read", async () => {
  expect(await perform("read_file", { path: "private/key.txt" })).toMatchObject({ status: "denied" });
  const outcome = await perform("run_javascript", {
    code: `const tried = (act) => { try { return act() } catch (error) { return error.message } };
           [tried(() => files.read("private/key.txt")), tried(() => files.list("private")),
            files.list().filter((path) => path.includes("private")),
            tried(() => files.write("private/key.txt", "")), tried(() => files.write("private", ""))]`,
  });
  expect(outcome).toMatchObject({
    status: "done",
    changes: [],
    value: {
      value: [
        "the run has no file `private/key.txt`",
        "the run has no file `private`",
        [],
        "`private/key.txt` cannot be written here",
        "`private` cannot be written here",
      ],
    },
  });
});

test("a list of files does not name what the agent may not read", async () => {
  expect((await perform("list_files", {})).text).not.toContain("private");
  expect(await perform("list_files", { path: "private" })).toMatchObject({
    status: "failed",
    text: "Failed: the run has no file `private`.",
  });
});

test("a program changes nothing where it changes one file that the agent may not write", async () => {
  const outcome = await perform("run_javascript", {
    code: `files.write("open.txt", "1"); files.write("locked.txt", "2"); 3`,
  });
  expect(outcome).toMatchObject({
    status: "failed",
    value: null,
    changes: [],
    text: "Failed: the program ran, but none of its changes were kept: the rules of this run do not let it write `locked.txt`.",
  });
  expect((await perform("list_files", {})).text).not.toMatch(/open|locked/);
});

test("the evidence of a program's call says what it saw", async () => {
  await perform("run_javascript", { code: "1" });
  const decided = recorder.entries.findLast(({ type }) => type === "action.decided");
  expect(decided?.content).toMatchObject({
    prepared: {
      details: { files: { hidden: ["private/key.txt"], names: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    },
  });
});

test("what is written from labelled arguments is labelled when it is read again", async () => {
  await perform("write_file", { path: "secret.txt", content: "x" }, ["customer"]);
  expect((await perform("read_file", { path: "secret.txt" })).labels).toEqual(["customer"]);
  const program = await perform("run_javascript", { code: `files.write("copy.txt", "derived")` }, ["own"]);
  expect(program.labels).toEqual(["customer", "own"]);
  expect((await perform("read_file", { path: "copy.txt" })).labels).toEqual(["customer", "own"]);
  expect((await perform("read_file", { path: "data/one.txt" })).labels).toEqual([]);
});

test("a publish shows a person the difference, and only then is in the workspace", async () => {
  await perform("write_file", { path: "data/one.txt", content: "11\n" });
  expect(folder.text("data/one.txt")).toBe("1\n");
  expect(await perform("publish_file", { path: "data/one.txt" })).toMatchObject({ status: "done" });
  expect(approver.questions.map((question) => question.preview)).toEqual([
    "--- a/data/one.txt\n+++ b/data/one.txt\n@@ -1,1 +1,1 @@\n-1\n+11\n",
  ]);
  expect(folder.text("data/one.txt")).toBe("11\n");
});

test("a cancelled program is known to have changed nothing", async () => {
  const cancel = new AbortController();
  const running = gate.perform(
    call("run_javascript", { code: `files.write("left.txt", ""); console.log("begun"); for (;;);` }),
    cancel.signal,
  );
  await expect.poll(() => recorder.lives.map(({ data }) => data["text"])).toContain("begun\n");
  cancel.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(recorder.entries.at(-1)).toMatchObject({ type: "action.completed", public: { status: "failed" } });
  expect(await perform("read_file", { path: "left.txt" })).toMatchObject({ status: "failed" });
});

test("no process is left behind", async () => {
  expect(await built.processes()).toEqual([]);
});
