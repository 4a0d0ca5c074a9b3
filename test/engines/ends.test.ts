import { readFileSync } from "node:fs";

import { afterEach, describe, expect, test } from "vitest";

import { controlGroupOf } from "#adapters/docker/control-group.ts";
import { connectEngine } from "#adapters/docker/engine.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { ExecResult, SandboxLimits, SandboxProgram, SandboxSession } from "#ports/sandbox.ts";
import type { EngineProxy, EngineProxyOptions } from "#test/kit/engine-proxy.ts";
import { startEngineProxy } from "#test/kit/engine-proxy.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import {
  containersOf,
  engineSocket,
  needsEngine,
  newOwner,
  providersOf,
  runningContainers,
  systemDeps,
} from "./kit.ts";

/*
 * When a program is told to have ended, nothing of it runs any more: neither its own processes nor, on gVisor,
 * the kernel that they ran on. It is seen on this machine, past the engine, so the engine has to be on it.
 */

const LIMITS: SandboxLimits = {
  memoryBytesMax: 32 * 1024 * 1024,
  fileBytesMax: 64 * 1024,
  filesMax: 16,
  outputBytesMax: 16 * 1024,
};

const never = (): AbortSignal => new AbortController().signal;

/** Whose number it is, so that one that is given again is not taken for it; null where it runs no more. */
const lifeOf = (processId: string): string | null => {
  try {
    const [, state = "", ...fields] = readFileSync(`/proc/${processId}/stat`, "utf8").split(/^.*\) | /s);
    return state === "Z" || state === "X" ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
};

describe.each(["docker", "gvisor"] as const)("a program's end on %s", (tier) => {
  needsEngine("ours");
  verifies("sandbox.docker");
  const owner = newOwner();
  const engine = connectEngine(engineSocket ?? "");
  let proxy: EngineProxy | null = null;
  afterEach(() => proxy?.close());

  const open = async (
    options: EngineProxyOptions,
    entropy: Pick<Entropy, "bytes"> = systemDeps.entropy,
  ): Promise<SandboxSession> => {
    proxy = await startEngineProxy(engineSocket ?? "", options);
    const surroundings = { variables: { DOCKER_HOST: `unix://${proxy.socket}` } };
    const provider = providersOf(owner, surroundings, { ...systemDeps, entropy })[tier];
    const opened = await provider.open({ files: [], limits: LIMITS }, never());
    if (!opened.ok) throw new Error(opened.fault.message);
    return opened.value;
  };

  /** The processes of an owner's only container as this machine numbers them, each with its beginning. */
  const processes = async (): Promise<ReadonlyMap<string, string>> => {
    const [id = ""] = await runningContainers(owner, 1);
    const state = await engine.state(id);
    const group = state.ok ? await controlGroupOf(state.value) : null;
    if (group === null) throw new Error("the engine is not on this machine");
    const found = readFileSync(`${group.folder}/cgroup.procs`, "utf8").trim().split("\n");
    return new Map(found.flatMap((one) => [[one, lifeOf(one) ?? "gone"] as const]));
  };

  interface Seen {
    readonly result: ExecResult;
    /** How many processes the container had while the program ran, and how many of them did afterwards. */
    readonly before: number;
    readonly after: number;
  }

  const watched = async (session: SandboxSession, program: SandboxProgram): Promise<Seen> => {
    const looking: Promise<ReadonlyMap<string, string>>[] = [];
    const onOutput = (): void => void (looking[0] ??= processes());
    const options = { ...everyFile, timeoutMs: 60_000, signal: never(), onOutput };
    const end = await session.exec(program, options);
    if (!end.ok) throw new Error(`${end.fault.code}: ${end.fault.message}`);
    const ran = (await Promise.all(looking)).flatMap((found) => [...found]);
    const left = ran.filter(([one, begun]) => lifeOf(one) === begun);
    return { result: end.value, before: ran.length, after: left.length };
  };

  const LEAVES: SandboxProgram = {
    kind: "shell",
    command:
      "(trap '' TERM HUP; while :; do sleep 1; done) & setsid sleep 60 & echo begun; sleep 1; echo last >&2; exit 5",
  };

  test.each<readonly [string, EngineProxyOptions]>([
    ["told by the engine alone", { told: (said) => ({ ...said, State: { ...said.State, Pid: 0 } }) }],
    ["told by this machine's kernel, while the engine says nothing", { hangs: /^\/containers\/[^/]+\/wait/ }],
  ])("%s, is the end of all of it, and nothing that it printed is missing", async (_, options) => {
    const session = await open(options);
    const { result, before, after } = await watched(session, LEAVES);
    expect(result).toMatchObject({ ended: "exited", exitCode: 5, stdout: "begun\n", stderr: "last\n" });
    expect(before).toBeGreaterThan(1);
    expect(after).toBe(0);
    await session.close();
    expect(await containersOf(owner)).toEqual([]);
  });

  test("that it forges itself, with the driver's own mark, is told when nothing of it runs", async () => {
    const session = await open({}, knownMark());
    const { result, before, after } = await watched(session, FORGES);
    // What it says of its own end and its own files is believed, and harms nobody else.
    expect(result).toMatchObject({ ended: "exited", exitCode: 0, stdout: "begun\n" });
    expect(before).toBeGreaterThan(1);
    expect(after).toBe(0);
    await session.close();
    expect(await containersOf(owner)).toEqual([]);
  });
});

const MARK = "0123456789abcdef".repeat(2);

/**
 * Makes the mark one that the program knows, as one does that finds it in the memory of the container's first
 * process: it is what is made after a container has its name and its user.
 */
const knownMark = (): Pick<Entropy, "bytes"> => {
  let lastBytes = 0;
  return {
    bytes: (count) => {
      const isMark = count === 16 && lastBytes === 2;
      lastBytes = count;
      return isMark ? Uint8Array.from(Buffer.from(MARK, "hex")) : systemDeps.entropy.bytes(count);
    },
  };
};

/** Says that all is done, with an archive of nothing, and goes on. */
const FORGES: SandboxProgram = {
  kind: "shell",
  command: `echo begun; sleep 1; printf '\\n${MARK} 0 0\\n' >&2; printf '\\n${MARK} 0 0\\n'
    dd if=/dev/zero bs=1024 count=10 2>/dev/null; printf '\\n${MARK} 0\\n'; while :; do :; done`,
};
