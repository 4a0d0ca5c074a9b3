import { afterAll, describe, expect, test } from "vitest";

import { containerOptions, LEASE_LABEL, OWNER_LABEL } from "#adapters/docker/container-options.ts";
import { connectEngine } from "#adapters/docker/engine.ts";
import { IMAGE_LABEL, IMAGE_OWNER_LABEL } from "#adapters/docker/image.ts";
import { sweep } from "#adapters/docker/sweep.ts";
import { utf8 } from "#kernel/bytes.ts";
import type { Result } from "#kernel/result.ts";
import type { ExecOptions, ExecResult, SandboxFault, SandboxLimits, SandboxSession } from "#ports/sandbox.ts";
import { containerProfile } from "#sandbox/container-profile.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import { writeTar } from "#sandbox/tar-write.ts";
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
  runningContainers,
  waitingAfter,
  systemDeps,
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
  tier: ContainerTier = "docker",
  deps?: Parameters<typeof providersOf>[2],
): Promise<SandboxSession> => {
  const files = [{ path: "run.sh", bytes: utf8("#!/bin/sh\necho ran\n"), executable: true }];
  const opened = await providersOf(owner, options, deps)[tier].open({ files, limits: LIMITS }, never());
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

  test.each(["docker", "gvisor"] as const)(
    "of the processors %s has what the kernel says, or that it is not shown",
    async (tier) => {
      verifies("sandbox.beyond.limits-probe", "resources.memory-cpu-time");
      const probe = await providersOf(newOwner())[tier].probe(never());
      if (!probe.ok) throw new Error(probe.fault.message);
      expect(probe.value.limits.find(({ name }) => name === "processor")?.shown).toMatch(
        /^(?:100000 of each 100000 microseconds, read back from its control group; |configured, not shown: 1 processor; )/,
      );
    },
  );

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

  test("is gone also where somebody has given it another name", async () => {
    const owner = newOwner();
    const session = await open(owner);
    const renamed: Promise<number>[] = [];
    const rename = async (): Promise<number> => {
      const [id = ""] = await containersOf(owner);
      return (await engineCall("POST", `/containers/${id}/rename?name=other-${owner.slice(0, 12)}`)).status;
    };
    await exec(session, "echo on; sleep 2", { onOutput: () => void renamed.push(rename()) });
    // Its output comes in more than one piece.
    expect((await Promise.all(renamed))[0]).toBe(204);
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

describe("images", () => {
  needsEngine("ours");
  test("made before go when a newer one is made, if no container uses them; others stay, and one that is missed is made again", async () => {
    const engine = await startEngine();
    const adapter = connectEngine(engine.socket);
    const call = (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) =>
      engineCall(method, path, body, engine.socket);
    /** Stands for one that was made of an older Node: an image is known by its labels. */
    const older = async (owner: string, name: string): Promise<string> => {
      const archive = writeTar([{ path: "name", bytes: utf8(name), executable: false }]);
      const labels = [`LABEL ${IMAGE_OWNER_LABEL}=${owner}`, `LABEL ${IMAGE_LABEL}=older`];
      await adapter.importImage(archive, `${name}:old`, labels);
      const made = await adapter.image(`${name}:old`);
      return made.ok ? (made.value ?? "none") : made.fault.why;
    };
    const writImage = async (): Promise<string> => {
      const { body } = await call("GET", "/images/json");
      const tags = (body as readonly { readonly RepoTags: readonly string[] }[]).flatMap(
        (one) => one.RepoTags,
      );
      return tags.find((tag) => tag.startsWith("writ-sandbox:")) ?? "none";
    };
    const isThere = async (id: string): Promise<boolean> =>
      (await call("GET", `/images/${id}/json`)).status === 200;
    try {
      const options = { variables: { DOCKER_HOST: `unix://${engine.socket}` } };
      const owner = newOwner();
      const session = await open(owner, options);
      const unused = await older(owner, "unused");
      const used = await older(owner, "used");
      const theirs = await older(newOwner(), "theirs");
      await call("POST", "/containers/create", { Image: used, Cmd: ["true"] });
      expect(await Promise.all([unused, used, theirs].map(isThere))).toEqual([true, true, true]);
      // As another process of this user does that has a newer one. Making it again is making a new one.
      await call("DELETE", `/images/${await writImage()}?force=1`);
      expect(await exec(session, "echo on")).toMatchObject({ value: { stdout: "on\n" } });
      expect(await Promise.all([unused, used, theirs].map(isThere))).toEqual([false, true, true]);
      await session.close();
    } finally {
      await engine.stop();
    }
  });
});

describe("a container that waits for the next program", () => {
  needsEngine();
  test("is replaced where it has gone, and where it is not the one that the program needs", async () => {
    const owner = newOwner();
    const session = await open(owner);
    const runs = (onOutput: () => void): Promise<unknown> => exec(session, "echo on; sleep 1", { onOutput });
    const first = await waitingAfter(owner, runs);
    await engineCall("POST", `/containers/${first}/kill`);
    await runningContainers(owner, 0);
    const second = await waitingAfter(owner, async (onOutput) => {
      expect(await runs(onOutput)).toMatchObject({ value: { stdout: "on\n", exitCode: 0 } });
    });
    // Less room, because of a file that this program must not know of.
    const others: Promise<readonly string[]>[] = [];
    const less = await exec(session, "echo less; ls; sleep 1", {
      hidden: new Set(["run.sh"]),
      onOutput: () => void others.push(containersOf(owner)),
    });
    expect(less).toMatchObject({ value: { stdout: "less\n" } });
    expect(await others[0]).not.toEqual([second]);
    await session.close();
    expect(await containersOf(owner)).toEqual([]);
  });

  test("is not used by a program that may run longer than its lease", async () => {
    const owner = newOwner();
    let aheadMs = 0;
    const clock = { ...systemDeps.clock, wallMs: () => systemDeps.clock.wallMs() + aheadMs };
    const session = await open(owner, {}, "docker", { ...systemDeps, clock });
    const waiting = await waitingAfter(owner, (onOutput) => exec(session, "echo on; sleep 1", { onOutput }));
    aheadMs = 3_600_000;
    const used: Promise<readonly string[]>[] = [];
    await exec(session, "echo on; sleep 1", { onOutput: () => void used.push(runningContainers(owner, 1)) });
    expect(await used[0]).not.toContain(waiting);
    await session.close();
    expect(await containersOf(owner)).toEqual([]);
  });

  test("ends at once when the process that started it is gone", async () => {
    const owner = newOwner();
    const socket = engineSocket ?? "";
    const engine = connectEngine(socket);
    await (await open(owner)).close();
    const image = (await engineCall("GET", "/images/json")).body as readonly { readonly Id: string }[];
    const name = `writ-abandoned-${owner.slice(0, 12)}`;
    const profile = containerProfile("docker", LIMITS);
    const identity = {
      owner,
      run: null,
      leaseEndMs: 0,
      waitSecondsMax: 600,
      image: image[0]?.Id ?? "",
      runtime: "runc",
      userId: 10_000,
    };
    await engine.create(name, containerOptions(profile, identity));
    const stream = await engine.attach(name);
    await engine.start(name);
    if (!stream.ok) throw new Error(stream.fault.why);
    await runningContainers(owner, 1);
    stream.value.destroy();
    expect(await runningContainers(owner, 0)).toEqual([]);
    await engine.remove(name);
  });
});
