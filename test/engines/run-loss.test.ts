import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startEngineProxy } from "#test/kit/engine-proxy.ts";
import { entriesIn, verifyState } from "#test/spine/ledger-of.ts";

import { containerRunning, containersOf, engineCall, engineSocket, needsEngine, ownerIn } from "./kit.ts";

/* `writ run` as a person starts it, on an engine that dies on the way. */

// The proxy is part of this process, so nothing here waits without letting it go on.
const inProcess = promisify(execFile);
const program = join(import.meta.dirname, "../../runtime/cli/start.ts");

const AGENT = `agent notes(topic: String) {
    policy desk {
        allow: shell
    }
    with sandbox = "docker", timeout = 2.minutes {
        return reason("You take notes.", topic).response;
    }
}
`;

const shell = (command: string) => ({ text: "", toolCalls: [{ tool: "shell", arguments: { command } }] });
const DONE = { text: "All is well." };

let home: string;
let workspace: string;
let state: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "writ-run-loss-"));
  workspace = join(home, "workspace");
  // The tier is shown once for both runs.
  state = join(home, "state");
  mkdirSync(join(workspace, "policies"), { recursive: true });
  writeFileSync(join(workspace, "notes.symbi"), AGENT);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const LINE = ["notes.symbi", "--model", "scripted:model.json", "--sandbox", "docker"];

const optionsOn = (socket: string) => ({
  cwd: workspace,
  env: { PATH: process.env["PATH"], WRIT_STATE: state, DOCKER_HOST: `unix://${socket}` },
});

/** Agrees to what the agent may do, on the engine itself: what its tier has shown is known from then on. */
const agreed = async (): Promise<readonly string[]> => {
  const words = [program, "check", "--powers", ...LINE];
  const { stdout } = await inProcess(process.execPath, words, optionsOn(engineSocket ?? ""));
  return ["--consent", /\b[0-9a-f]{64}\b/.exec(stdout)?.[0] ?? "none"];
};
let consent: Promise<readonly string[]> | undefined;

interface Lost {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs these turns on an engine that is gone for good once `isTime` settles. */
const runUntil = async (
  turns: readonly object[],
  isTime: (said: (words: string) => Promise<void>, owner: string) => Promise<unknown>,
): Promise<Lost> => {
  writeFileSync(join(workspace, "model.json"), JSON.stringify({ turns }));
  const words = [program, "run", ...LINE, "--input", "topic=tides", ...(await (consent ??= agreed()))];
  const proxy = await startEngineProxy(engineSocket ?? "");
  const owner = await ownerIn(state);
  const running = spawn(process.execPath, words, {
    ...optionsOn(proxy.socket),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  running.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  running.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  const ended = new Promise<number | null>((resolve) => running.once("close", resolve));
  const said = (words: string): Promise<void> =>
    new Promise((resolve) => {
      running.stdout.on("data", () => (out.includes(words) ? resolve() : undefined));
    });
  try {
    // A run that ends before its engine did has something to say.
    await Promise.race([isTime(said, owner), ended]);
    await proxy.close();
    return { code: await ended, out, err };
  } finally {
    for (const id of await containersOf(owner)) await engineCall("DELETE", `/containers/${id}?force=1`);
  }
};

/** What holds of every run that lost its engine. */
const checkLost = async ({ code, out, err }: Lost): Promise<void> => {
  expect(err).toBe("");
  expect(code).toBe(3);
  const [, end = ""] = /^(failed \(SANDBOX_LOST\) in [^]+?)\n\n/m.exec(out) ?? [];
  expect(end.replaceAll(/\s+/g, " ")).toMatch(
    /the docker sandbox was lost: the engine is gone: .+ `writ doctor` says what is there; once the engine is back, run the agent again/,
  );
  expect(out).not.toContain(DONE.text);
  const recorded = entriesIn(state).filter(({ type }) => type !== "log.committed");
  expect(recorded.slice(-3)).toMatchObject([
    { type: "action.completed", public: { tool: "shell", status: "failed", code: "TOOL_SANDBOX_LOST" } },
    { type: "sandbox.closed", public: { tier: "docker", reason: "lost" } },
    { type: "run.ended", public: { outcome: "failed", reason: "SANDBOX_LOST" } },
  ]);
  expect(await verifyState(state)).toMatchObject([{ faultsTotal: 0 }]);
};

describe("a run whose engine dies", () => {
  needsEngine();

  test("between two programs fails with that reason", async () => {
    const lost = await runUntil(
      [shell("echo $((6 * 111))"), { ...shell("echo on"), delayMs: 1_500 }, DONE],
      (said) => said("666"),
    );
    expect(lost.out).toContain("666");
    await checkLost(lost);
  });

  test("in the midst of a program fails with that reason", async () => {
    const lost = await runUntil([shell("while :; do sleep 1; done"), DONE], (_, owner) =>
      containerRunning(owner, "sleep 1"),
    );
    await checkLost(lost);
  });
});
