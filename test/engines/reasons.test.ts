import { afterEach, describe, expect, test } from "vitest";

import type { SandboxLimits, SandboxProvider } from "#ports/sandbox.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import type { EngineProxy, EngineProxyOptions } from "#test/kit/engine-proxy.ts";
import { startEngineProxy } from "#test/kit/engine-proxy.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";

import { containersOf, engineSocket, needsEngine, newOwner, providersOf, shellPrograms } from "./kit.ts";

/*
 * An engine that does not know, or learns late, that a container ended for want of memory. Real ones do that
 * on a busy machine; here a proxy withholds what the real one said, in all else nothing is changed.
 */

const LIMITS: SandboxLimits = {
  memoryBytesMax: 16 * 1024 * 1024,
  fileBytesMax: 64 * 1024,
  filesMax: 16,
  outputBytesMax: 4096,
};

const never = (): AbortSignal => new AbortController().signal;

/** Withholds the reason of the first so many containers that have one. */
const withholding = (count: number): NonNullable<EngineProxyOptions["told"]> => {
  const missed = new Set<string>();
  return (said) => {
    if (said.State.OOMKilled && missed.size < count) missed.add(said.Id);
    return missed.has(said.Id) ? { ...said, State: { ...said.State, OOMKilled: false } } : said;
  };
};

describe("the reason of a container's end", () => {
  needsEngine();
  let proxy: EngineProxy | null = null;
  const owner = newOwner();
  afterEach(() => proxy?.close());

  const behind = async (tier: ContainerTier, options: EngineProxyOptions): Promise<SandboxProvider> => {
    proxy = await startEngineProxy(engineSocket ?? "", options);
    return providersOf(owner, { variables: { DOCKER_HOST: `unix://${proxy.socket}` } })[tier];
  };
  const NEVER_HEARD = () => false;

  test("missed once by the engine, makes the probe try again, and the tier is used", async () => {
    const gvisor = await behind("gvisor", { told: withholding(1), tells: NEVER_HEARD });
    expect(await gvisor.probe(never())).toMatchObject({ ok: true, value: { tier: "gvisor" } });
  });

  test("missed each time, refuses the tier, and says that nothing was shown", async () => {
    const gvisor = await behind("gvisor", { told: withholding(Infinity), tells: NEVER_HEARD });
    expect(await gvisor.probe(never())).toMatchObject({
      ok: false,
      fault: {
        code: "SANDBOX_UNAVAILABLE",
        retryable: true,
        message:
          "a limit could not be shown (memory): the trial program was killed 3 times, and the engine never said why",
        help: expect.stringContaining("less busy"),
      },
    });
  });

  test("that comes after the container's end is heard, by the probe as by a run", async () => {
    const gvisor = await behind("gvisor", { told: withholding(Infinity) });
    expect(await gvisor.probe(never())).toMatchObject({ ok: true });
    expect(await hogs(gvisor)).toEqual(["memory", "on\n"]);
  });

  // On runc the driver outlives the program and reads the count of its own control group.
  test.each([
    ["docker", "memory"],
    ["gvisor", "killed"],
  ] as const)("missed in a run on %s, is not made up: %s", async (tier, ended) => {
    const provider = await behind(tier, { told: withholding(Infinity), tells: NEVER_HEARD });
    expect(await hogs(provider)).toEqual([ended, "on\n"]);
  });

  test("is not waited for by who cancels", async () => {
    const abort = new AbortController();
    const tells = (): boolean => {
      abort.abort();
      return true;
    };
    const gvisor = await behind("gvisor", { told: withholding(Infinity), tells });
    await expect(hogs(gvisor, abort.signal)).rejects.toMatchObject({ name: "AbortError" });
  });

  test("is asked of no container that stays", async () => {
    expect(await containersOf(owner)).toEqual([]);
  });

  /** How a program that takes memory without end ended, and what the next one printed. */
  const hogs = async (provider: SandboxProvider, signal = never()): Promise<readonly string[]> => {
    const opened = await provider.open({ files: [], limits: LIMITS }, never());
    if (!opened.ok) throw new Error(opened.fault.message);
    const session = opened.value;
    const options = { ...everyFile, timeoutMs: 60_000, signal };
    try {
      const hog = await session.exec(shellPrograms.writesAndHogs("left", "x"), options);
      const next = await session.exec(shellPrograms.prints("stdout", "on"), options);
      expect(await session.changes(never())).toEqual({ ok: true, value: [] });
      return [hog.ok ? hog.value.ended : hog.fault.message, next.ok ? next.value.stdout : next.fault.message];
    } finally {
      await session.close();
    }
  };
});
