import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connectEngine } from "#adapters/docker/engine.ts";
import { sweep } from "#adapters/docker/sweep.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { builtWrit } from "#test/kit/built-writ.ts";
import { startEngine } from "#test/kit/engine-host.ts";
import type { TestEngine } from "#test/kit/engine-host.ts";
import { startEngineProxy } from "#test/kit/engine-proxy.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { entriesIn, verifyState } from "#test/spine/ledger-of.ts";

import {
  containerRunning,
  containersOf,
  engineCall,
  engineSocket,
  needsEngine,
  newOwner,
  ownerIn,
  providersOf,
} from "./kit.ts";

/* `writ run` as a person starts it, on an engine that dies on the way. */

// The proxy is part of this process, so nothing here waits without letting it go on.
const inProcess = promisify(execFile);
const program = join(await builtWrit(), "cli.js");

/** The shorter time is for programs that would not end otherwise. */
const agentOf = (requirement: string): string => `agent notes(topic: String) {
    policy desk {
        allow: shell${requirement}
    }
    with sandbox = "docker", timeout = 2.minutes {
        return reason("You take notes.", topic).response;
    }
}
`;

const shell = (command: string) => ({ text: "", toolCalls: [{ tool: "shell", arguments: { command } }] });
const DONE = { text: "All is well." };
const ENDLESS = shell("while :; do sleep 1; done");
const HANGS =
  "the engine takes calls and does not answer, so nobody can say whether the program's container is gone;";
/** Longer than any lease of these runs. */
const LEASES_MS = 86_400_000;

let home: string;
let workspace: string;
let state: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "writ-run-loss-"));
  workspace = join(home, "workspace");
  // The tier is shown once for both runs.
  state = join(home, "state");
  mkdirSync(join(workspace, "policies"), { recursive: true });
  writeFileSync(join(workspace, "notes.symbi"), agentOf(""));
  writeFileSync(join(workspace, "brief.symbi"), agentOf("\n        require: { timeout: 4s }"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const lineOf = (file: string) => [file, "--model", "scripted:model.json", "--sandbox", "docker"];

const optionsOn = (socket: string) => ({
  cwd: workspace,
  env: { PATH: process.env["PATH"], WRIT_STATE: state, DOCKER_HOST: `unix://${socket}` },
});

/** Agrees to what the agent may do, on the engine of all: what its tier has shown is known from then on. */
const agree = async (file: string): Promise<readonly string[]> => {
  const words = [program, "check", "--powers", ...lineOf(file)];
  const { stdout } = await inProcess(process.execPath, words, optionsOn(engineSocket ?? ""));
  return ["--consent", /\b[0-9a-f]{64}\b/.exec(stdout)?.[0] ?? "none"];
};
const consents = new Map<string, Promise<readonly string[]>>();
const agreed = (file: string): Promise<readonly string[]> => {
  const consent = consents.get(file) ?? agree(file);
  consents.set(file, consent);
  return consent;
};

/** An engine for one run, and how that loses it. */
interface Losable {
  readonly socket: string;
  readonly lose: (running: ChildProcess) => Promise<void>;
  readonly release: (owner: string) => Promise<void>;
}

/** The engine of all, which to this run is gone for good. */
const killed = async (): Promise<Losable> => {
  const proxy = await startEngineProxy(engineSocket ?? "");
  return {
    socket: proxy.socket,
    lose: proxy.close,
    release: async (owner) => {
      for (const id of await containersOf(owner)) await engineCall("DELETE", `/containers/${id}?force=1`);
    },
  };
};

interface Lost {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs these turns on an engine that is lost once `isTime` settles. */
const runUntil = async (
  turns: readonly object[],
  isTime: (said: (words: string) => Promise<void>, owner: string) => Promise<unknown>,
  { socket, lose, release }: Losable,
  file = "notes.symbi",
): Promise<Lost> => {
  writeFileSync(join(workspace, "model.json"), JSON.stringify({ turns }));
  const words = [program, "run", ...lineOf(file), "--input", "topic=tides", ...(await agreed(file))];
  const owner = await ownerIn(state);
  const running = spawn(process.execPath, words, { ...optionsOn(socket), stdio: ["ignore", "pipe", "pipe"] });
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
    await lose(running);
    return { code: await ended, out, err };
  } finally {
    await release(owner);
  }
};

/** What holds of every run that lost its engine. */
const checkLost = async ({ code, out, err }: Lost, why: string): Promise<void> => {
  expect(err).toBe("");
  expect(code).toBe(3);
  const [, end = ""] = /^(failed \(SANDBOX_LOST\) in [^]+?)\n\n/m.exec(out) ?? [];
  const said = end.replaceAll(/\s+/g, " ");
  expect(said).toContain(`the docker sandbox was lost: ${why}`);
  expect(said).toContain("`writ doctor` says what is there; once the engine is back, run the agent again");
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
      await killed(),
    );
    expect(lost.out).toContain("666");
    await checkLost(lost, "the engine is gone: ");
  });

  test("in the midst of a program fails with that reason", async () => {
    const isTime = (_: unknown, owner: string) => containerRunning(owner, "sleep 1");
    const lost = await runUntil([ENDLESS, DONE], isTime, await killed());
    await checkLost(lost, "the engine is gone: ");
  });
});

describe("a run whose engine hangs below a program", () => {
  needsEngine("ours");
  let engine: TestEngine | null = null;
  afterAll(() => engine?.stop());

  /** An engine that hangs until the run is over. What is left is gone then, or is removed once its lease is over. */
  const hanging = async (then: (running: ChildProcess) => void): Promise<Losable> => {
    const { socket, hang, goOn } = (engine ??= await startEngine());
    return {
      socket,
      lose: async (running) => {
        hang();
        then(running);
      },
      release: async (owner) => {
        goOn();
        const swept = await sweep(connectEngine(socket), owner, Date.now() + LEASES_MS);
        expect(swept.ok).toBe(true);
        await expect.poll(() => containersOf(owner, socket), { timeout: 30_000 }).toEqual([]);
      },
    };
  };
  const running = (_: unknown, owner: string) => containerRunning(owner, "sleep 1", engine?.socket);

  test("fails with that reason soon after the program's time, and names the engine", async () => {
    const lost = await runUntil([ENDLESS, DONE], running, await hanging(() => undefined), "brief.symbi");
    await checkLost(lost, HANGS);
  });

  test("is told long before a program's time is over", async () => {
    const { socket, hang, goOn } = (engine ??= await startEngine());
    const owner = newOwner();
    const { docker } = providersOf(owner, { variables: { DOCKER_HOST: `unix://${socket}` } });
    const { signal } = new AbortController();
    const opened = await docker.open({ files: [], limits: WASM_LIMITS_DEFAULT }, signal);
    if (!opened.ok) throw new Error(opened.fault.message);
    const program = { kind: "shell", command: "echo on; sleep 3600" } as const;
    const options = { ...everyFile, timeoutMs: 3_600_000, signal, onOutput: hang };
    try {
      expect(await opened.value.exec(program, options)).toMatchObject({
        fault: { code: "SANDBOX_LOST", message: expect.stringContaining(HANGS) },
      });
    } finally {
      goOn();
      await opened.value.close();
      await sweep(connectEngine(socket), owner, Date.now() + LEASES_MS);
    }
    expect(await containersOf(owner, socket)).toEqual([]);
  });

  test("is cancelled by Ctrl-C in a while, and says that nobody knows whether the program is gone", async () => {
    const cancelled = await hanging((process) => void process.kill("SIGINT"));
    const { code, out } = await runUntil([ENDLESS, DONE], running, cancelled);
    expect(code).toBe(130);
    expect(out.replaceAll(/\s+/g, " ")).toContain(`Failed: the docker sandbox was lost: ${HANGS}`);
    const recorded = entriesIn(state).filter(({ type }) => type !== "log.committed");
    expect(recorded.findLast(({ type }) => type === "action.completed")).toMatchObject({
      public: { tool: "shell", status: "failed", code: "TOOL_SANDBOX_LOST" },
    });
    expect(recorded.at(-1)).toMatchObject({ type: "run.ended", public: { outcome: "cancelled" } });
  });
});
