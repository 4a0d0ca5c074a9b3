import { describe } from "vitest";

import type { SandboxSession } from "#ports/sandbox.ts";
import type { ContainerTier } from "#sandbox/container-profile.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import { engineLossContract, programLossContract } from "#test/contracts/sandbox-loss.ts";
import { startEngine } from "#test/kit/engine-host.ts";
import { startEngineProxy } from "#test/kit/engine-proxy.ts";

import {
  containersOf,
  engineCall,
  engineSocket,
  needsEngine,
  newOwner,
  providersOf,
  shellPrograms,
} from "./kit.ts";

/* What a run sees of a container, and of an engine, that goes while a program runs. */

const openOn = async (owner: string, tier: ContainerTier, socket: string): Promise<SandboxSession> => {
  const provider = providersOf(owner, { variables: { DOCKER_HOST: `unix://${socket}` } })[tier];
  const request = { files: [], limits: WASM_LIMITS_DEFAULT };
  const opened = await provider.open(request, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
};

/** Ends an owner's containers, by the engine itself. */
const removeAll = async (owner: string): Promise<void> => {
  for (const id of await containersOf(owner)) await engineCall("DELETE", `/containers/${id}?force=1`);
};

describe.each(["docker", "gvisor"] as const)("%s", (tier) => {
  describe("on the engine of all", () => {
    needsEngine();
    programLossContract({
      name: tier,
      programs: shellPrograms,
      open: async () => {
        const owner = newOwner();
        return {
          session: await openOn(owner, tier, engineSocket ?? ""),
          end: async () => {
            for (const id of await containersOf(owner)) await engineCall("POST", `/containers/${id}/kill`);
          },
          release: () => removeAll(owner),
        };
      },
    });
  });

  // It ends its containers before it goes itself, and still answers then who is connected.
  describe("on an engine that is told to stop", () => {
    needsEngine("ours");
    engineLossContract({
      name: tier,
      programs: shellPrograms,
      open: async () => {
        const engine = await startEngine();
        const session = await openOn(newOwner(), tier, engine.socket);
        return { session, end: engine.stop, release: engine.stop };
      },
    });
  });

  // It keeps its connections, takes new ones and says nothing, so nothing is heard of the program's deadline.
  describe("on an engine that hangs", () => {
    needsEngine("ours");
    engineLossContract({
      name: tier,
      programs: shellPrograms,
      timeoutMs: 2_000,
      open: async () => {
        const engine = await startEngine();
        const session = await openOn(newOwner(), tier, engine.socket);
        return { session, end: async () => engine.hang(), release: engine.stop };
      },
    });
  });

  // All its connections end and no container does.
  describe("on an engine that is killed", () => {
    needsEngine();
    engineLossContract({
      name: tier,
      programs: shellPrograms,
      open: async () => {
        const proxy = await startEngineProxy(engineSocket ?? "");
        const owner = newOwner();
        const session = await openOn(owner, tier, proxy.socket);
        return { session, end: proxy.close, release: () => removeAll(owner) };
      },
    });
  });
});
