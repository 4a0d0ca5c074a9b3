import { afterAll, describe, expect, test } from "vitest";

import { LEASE_LABEL, OWNER_LABEL } from "#adapters/docker/container-options.ts";
import { connectEngine } from "#adapters/docker/engine.ts";
import { sweep } from "#adapters/docker/sweep.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { Result } from "#kernel/result.ts";
import type { ExecOptions, ExecResult, SandboxFault, SandboxLimits, SandboxSession } from "#ports/sandbox.ts";
import { startEngine } from "#test/kit/engine-host.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import {
  containersOf,
  containersWith,
  engineCall,
  needsEngine,
  engineSocket,
  forgetful,
  newOwner,
  providersOf,
} from "./kit.ts";

/* How containers begin and end: what is used, what is refused, and what becomes of them when somebody dies. */

const LIMITS: SandboxLimits = {
  memoryBytesMax: 32 * 1024 * 1024,
  fileBytesMax: 1024 * 1024,
  filesMax: 16,
  outputBytesMax: 16 * 1024,
};

const never = (): AbortSignal => new AbortController().signal;

const open = async (
  owner: string,
  options: Parameters<typeof providersOf>[1] = {},
): Promise<SandboxSession> => {
  const files = [{ path: "run.sh", bytes: utf8("#!/bin/sh\necho ran\n"), executable: true }];
  const opened = await providersOf(owner, options).docker.open({ files, limits: LIMITS }, never());
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
};

const exec = (
  session: SandboxSession,
  command: string,
  options: Partial<ExecOptions> = {},
): Promise<Result<ExecResult, SandboxFault>> =>
  session.exec({ kind: "shell", command }, { ...everyFile, timeoutMs: 60_000, signal: never(), ...options });

const HANGS = "echo begun; while :; do sleep 1; done";

describe("a tier is used only where its limits hold", () => {
  needsEngine("ours");
  test("gVisor without cgroups is refused by its probe, which says which limit", async () => {
    verifies("sandbox.beyond.limits-probe");
    const owner = newOwner();
    const { gvisor } = providersOf(owner, { runtimes: { docker: "runc", gvisor: "runsc-without-limits" } });
    const probe = await gvisor.probe(never());
    expect(probe).toMatchObject({
      ok: false,
      fault: { code: "SANDBOX_UNAVAILABLE", message: expect.stringMatching(/memory|processes/) },
    });
    expect(probe.ok ? "" : probe.fault.help).toContain("--ignore-cgroups");
    expect(await containersOf(owner)).toEqual([]);
  });

  test("a runtime that is no kernel of its own is no gVisor", async () => {
    const { gvisor } = providersOf(newOwner(), { runtimes: { docker: "runc", gvisor: "runc" } });
    expect(await gvisor.probe(never())).toMatchObject({
      ok: false,
      fault: { message: expect.stringContaining("kernel") },
    });
  });

  test("what was shown of these circumstances before is not shown again, and of others is", async () => {
    const kept = new Map<string, string>();
    const memory = {
      ...forgetful(newOwner()),
      recall: async (_: string, circumstances: string) => {
        const text = kept.get(circumstances);
        return text === undefined
          ? null
          : { tier: "docker" as const, engine: text, limits: [{ name: "a", shown: "b" }] };
      },
      keep: async (circumstances: string) => void kept.set(circumstances, "remembered 1"),
    };
    const first = await providersOf("", { memory }).docker.probe(never());
    expect(first).toMatchObject({ ok: true, value: { engine: expect.stringContaining("Docker Engine") } });
    const second = await providersOf("", { memory }).docker.probe(never());
    expect(second).toMatchObject({ ok: true, value: { engine: "remembered 1" } });
    expect(kept.size).toBe(1);
  });
});

describe("a tier that is missing", () => {
  test.each([
    ["unix:///no/such/socket", "ENOENT", "DOCKER_HOST"],
    ["tcp://127.0.0.1:2375", "no socket of this machine", "unix://"],
    ["ssh://host", "no socket of this machine", "unix://"],
  ])("for want of an engine at %s, is a fault with what to do", async (host, said, help) => {
    for (const provider of Object.values(providersOf(newOwner(), { variables: { DOCKER_HOST: host } }))) {
      const probe = await provider.probe(never());
      expect(probe).toMatchObject({
        ok: false,
        fault: {
          code: "SANDBOX_UNAVAILABLE",
          message: expect.stringContaining(said),
          help: expect.stringContaining(help),
        },
      });
    }
  });

  test("for want of a runtime, or of an image", async ({ skip }) => {
    skip(engineSocket === null, "it needs a Docker Engine");
    const { gvisor } = providersOf(newOwner(), { runtimes: { docker: "runc", gvisor: "no-such-runtime" } });
    expect(await gvisor.probe(never())).toMatchObject({
      fault: {
        message: expect.stringContaining("no-such-runtime"),
        help: expect.stringContaining("runsc install"),
      },
    });
    const variables = { DOCKER_HOST: `unix://${engineSocket}`, WRIT_SANDBOX_IMAGE: "no-such-image:1" };
    expect(await providersOf(newOwner(), { variables }).docker.probe(never())).toMatchObject({
      fault: {
        message: expect.stringContaining("no-such-image"),
        help: expect.stringContaining("fetches no images"),
      },
    });
  });
});

describe("a container", () => {
  needsEngine();
  test("has every wall that an engine offers", async () => {
    const owner = newOwner();
    const session = await open(owner);
    let seen: unknown = null;
    const abort = new AbortController();
    const running = exec(session, HANGS, {
      signal: abort.signal,
      onOutput: () => {
        void containersOf(owner)
          .then(async ([id = ""]) => (seen = (await engineCall("GET", `/containers/${id}/json`)).body))
          .finally(() => abort.abort());
      },
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toMatchObject({
      Config: { NetworkDisabled: true, Labels: { [OWNER_LABEL]: owner } },
      HostConfig: {
        NetworkMode: "none",
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Privileged: false,
        Binds: null,
        Devices: null,
        IpcMode: "none",
        NanoCpus: 1_000_000_000,
      },
      Mounts: [],
    });
    const { HostConfig } = seen as {
      readonly HostConfig: { readonly Memory: number; readonly MemorySwap: number };
    };
    expect(HostConfig.MemorySwap).toBe(HostConfig.Memory);
    expect(await containersOf(owner)).toEqual([]);
    await session.close();
  });

  test("runs files that may be executed", async () => {
    const session = await open(newOwner());
    expect(await exec(session, "./run.sh")).toMatchObject({ value: { exitCode: 0, stdout: "ran\n" } });
    await session.close();
  });

  test("is gone when its program was aborted, and when its session was closed", async () => {
    const owner = newOwner();
    const session = await open(owner);
    const abort = new AbortController();
    await expect(
      exec(session, HANGS, { signal: abort.signal, onOutput: () => abort.abort() }),
    ).rejects.toMatchObject({ name: "AbortError" });
    expect(await containersOf(owner)).toEqual([]);
    const closed: Promise<void>[] = [];
    const running = exec(session, HANGS, { onOutput: () => void closed.push(session.close()) });
    expect(await running).toMatchObject({ ok: false, fault: { code: "SANDBOX_LOST" } });
    await Promise.all(closed);
    expect(await containersOf(owner)).toEqual([]);
  });

  // More than once, because an engine hears of the program's end and of the container's in either order.
  test.each([1, 2, 3, 4])("that somebody else kills is a crash, and the next program runs (%i)", async () => {
    const owner = newOwner();
    const session = await open(owner);
    const killed = await exec(session, HANGS, {
      onOutput: () =>
        void containersOf(owner).then(([id = ""]) => engineCall("POST", `/containers/${id}/kill`)),
    });
    expect(killed).toMatchObject({ value: { ended: "crashed", exitCode: null, stdout: "begun\n" } });
    expect(await exec(session, "echo on")).toMatchObject({ value: { stdout: "on\n" } });
    await session.close();
    expect(await containersOf(owner)).toEqual([]);
  });
});

describe("sweeping", () => {
  needsEngine();
  const mark = newOwner();
  const engine = connectEngine(engineSocket ?? "");
  const NOW_MS = 1_000_000;

  const leave = async (name: string, labels: Readonly<Record<string, string>>): Promise<string> => {
    const image = (await engineCall("GET", "/images/json")).body as readonly { readonly Id: string }[];
    const made = await engineCall("POST", `/containers/create?name=${name}-${mark.slice(0, 8)}`, {
      Image: image[0]?.Id,
      Cmd: ["/bin/sleep", "60"],
      Labels: { "dev.writ.test": mark, ...labels },
    });
    expect(made.status).toBe(201);
    return (made.body as { readonly Id: string }).Id;
  };
  const left = (): Promise<readonly string[]> => containersWith(`dev.writ.test=${mark}`);
  afterAll(async () => {
    if (engineSocket === null) return;
    for (const id of await left()) await engineCall("DELETE", `/containers/${id}?force=1`);
  });

  test("by two at once removes what is ours and over, running or not, and nothing else", async () => {
    verifies("sandbox.orchestrator");
    // An image to make containers of.
    await (await open(newOwner())).close();
    const owner = newOwner();
    const mine = { [OWNER_LABEL]: owner };
    const over = [
      await leave("over", { ...mine, [LEASE_LABEL]: String(NOW_MS - 1) }),
      await leave("long-over", { ...mine, [LEASE_LABEL]: "0" }),
    ];
    await engineCall("POST", `/containers/${over[0]}/start`);
    const kept = [
      await leave("lives", { ...mine, [LEASE_LABEL]: String(NOW_MS) }),
      await leave("unreadable", { ...mine, [LEASE_LABEL]: "soon" }),
      await leave("no-lease", mine),
      await leave("other", { [OWNER_LABEL]: newOwner(), [LEASE_LABEL]: "0" }),
      await leave("nobody", {}),
    ];
    const both = await Promise.all([sweep(engine, owner, NOW_MS), sweep(engine, owner, NOW_MS)]);
    for (const swept of both) expect(swept.ok).toBe(true);
    expect([...(await left())].sort()).toEqual(kept.toSorted());
  });

  test("comes before the first container of a process", async () => {
    const owner = newOwner();
    await leave("before", { [OWNER_LABEL]: owner, [LEASE_LABEL]: "0" });
    await (await open(owner)).close();
    expect(await containersOf(owner)).toEqual([]);
  });
});

describe("an engine that is stopped in the middle", () => {
  needsEngine("ours");
  test("loses the program, says so, and keeps the session's files", async () => {
    const engine = await startEngine();
    const stopping: Promise<void>[] = [];
    try {
      const session = await open(newOwner(), { variables: { DOCKER_HOST: `unix://${engine.socket}` } });
      const running = exec(session, `echo x >new; ${HANGS}`, {
        onOutput: () => void stopping.push(engine.stop()),
      });
      const end = await running;
      // As the engine goes it ends the container first: either is the truth.
      expect(end.ok ? end.value.ended : end.fault.code).toMatch(/^(crashed|SANDBOX_LOST)$/);
      await Promise.all(stopping);
      expect(await exec(session, "true")).toMatchObject({
        ok: false,
        fault: { code: "SANDBOX_LOST", retryable: true },
      });
      expect(await session.listFiles(".", never())).toMatchObject({ value: [{ path: "run.sh" }] });
      await session.close();
    } finally {
      await Promise.all([...stopping, engine.stop()]);
    }
  });
});
