import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { EXIT } from "#adapters/wasm/exit-codes.ts";
import { encodeJob } from "#adapters/wasm/messages.ts";
import type { SandboxSession } from "#ports/sandbox.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import { buildSandbox } from "./kit.ts";

/* The sandbox process as the operating system sees it. */

const built = buildSandbox();
afterAll(() => built.remove());

const entry = fileURLToPath(built.files.entry);
const LIMITS = { memoryBytesMax: 16 * 1024 * 1024, fileBytesMax: 1024, filesMax: 1, outputBytesMax: 1024 };

const open = async (): Promise<SandboxSession> => {
  const opened = await built.provider.open({ files: [], limits: LIMITS }, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
};

/** Looks at the process of a program that runs, and then aborts the program. */
const whileRunning = async (look: (pid: number) => void, timeoutMs = 20_000): Promise<void> => {
  const session = await open();
  const abort = new AbortController();
  const begun = Promise.withResolvers<void>();
  const running = session.exec(
    { kind: "javascript", code: `console.log("begun"); for (;;);` },
    { ...everyFile, timeoutMs, signal: abort.signal, onOutput: () => begun.resolve() },
  );
  await begun.promise;
  const [line = ""] = await built.processes();
  try {
    look(Number.parseInt(line.trim(), 10));
  } finally {
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    await session.close();
  }
};

const ps = (pid: number, column: string): string =>
  execFileSync("ps", ["-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).trim();

/** The processes of this sandbox once there are none, or what is left after a while. */
const gone = async (): Promise<readonly string[]> => {
  for (let look = 0; look < 100; look += 1) {
    if ((await built.processes()).length === 0) return [];
    await delay(50);
  }
  return built.processes();
};

describe("a sandbox process", () => {
  test("leads a session of its own, out of the terminal's reach", async () => {
    await whileRunning((pid) => {
      expect(ps(pid, "pgid")).toBe(String(pid));
      expect(ps(pid, "pgid")).not.toBe(ps(process.pid, "pgid"));
    });
  });

  test("has the kernel's limits on processor time, file size and core dumps", async () => {
    await whileRunning((pid) => {
      const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
      // Ten seconds to begin and twice the deadline.
      expect(limits).toMatch(/^Max cpu time +50 +50 +seconds/m);
      expect(limits).toMatch(/^Max file size +0 +0 +bytes/m);
      expect(limits).toMatch(/^Max core file size +0 +0 +bytes/m);
    });
  });

  test("has an empty environment and no open file of the host", async () => {
    await whileRunning((pid) => {
      expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
    });
  });

  test("is gone when an abort has settled", async () => {
    let pid = 0;
    await whileRunning((found) => (pid = found));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("is gone soon after its host was killed, even in an endless loop", async () => {
    const host = spawn(
      process.execPath,
      [fileURLToPath(new URL("orphan-host.ts", import.meta.url)), entry, `console.log("begun"); for (;;);`],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(host.stdout, "data");
    expect(await built.processes()).not.toEqual([]);
    host.kill("SIGKILL");
    expect(await gone()).toEqual([]);
  });
});

describe("the process's code", () => {
  const run = (input: Uint8Array, ...flags: readonly string[]): number | null =>
    spawnSync(process.execPath, [...flags, entry], {
      input,
      stdio: ["pipe", "ignore", "ignore"],
      timeout: 20_000,
    }).status;

  const job = encodeJob({
    kind: "run",
    program: "1",
    timeoutMs: 1000,
    limits: LIMITS,
    wallMs: 0,
    seed: 1,
    parentPid: process.pid,
    wasm: readFileSync(built.files.wasm),
    files: [],
    hidden: [],
  });

  test("refuses to run without its walls", () => {
    expect(run(job)).toBe(EXIT.noWalls);
    expect(run(job, "--permission", "--allow-fs-read=*")).toBe(EXIT.noWalls);
    expect(run(job, "--permission", `--allow-fs-read=${entry}`, "--allow-child-process")).toBe(EXIT.noWalls);
  });
  test("runs behind them", () => {
    expect(run(job, "--permission", `--allow-fs-read=${entry}`)).toBe(EXIT.done);
  });
  test("ends where its job is cut short", () => {
    expect(run(job.subarray(0, 100), "--permission", `--allow-fs-read=${entry}`)).toBe(EXIT.noJob);
  });
});

describe("the probe", () => {
  verifies("sandbox.beyond.limits-probe");
  test("has shown each limit and each wall, and asks only once", async () => {
    const first = await built.provider.probe(new AbortController().signal);
    const again = await built.provider.probe(new AbortController().signal);
    expect(again).toBe(first);
    expect(first.ok && first.value.engine).toMatch(/^quickjs-ng \d+\.\d+.* on Node \d+/);
    expect(first.ok && first.value.limits.map((limit) => limit.name)).toEqual([
      "memory",
      "deadline",
      "deadline of built-in functions",
      "output",
      "files",
      "no network, no host",
      "walls of the process",
    ]);
    expect(first.ok && first.value.limits.at(-1)?.shown).toBe(
      "Node refused to look at the files of the host, write a file, start a program, start a thread, " +
        "open a debugger, make code from text, see the environment",
    );
  });
});

test("no process is left behind", async () => {
  expect(await built.processes()).toEqual([]);
});
