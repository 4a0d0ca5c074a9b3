import { describe, expect, test } from "vitest";

import type { ContainerTier } from "#sandbox/container-profile.ts";
import { javascriptPrograms } from "#test/adapters/wasm/programs.ts";
import { sandboxContract } from "#test/contracts/sandbox.ts";

import { containersOf, needsEngine, newOwner, providersOf, shellPrograms } from "./kit.ts";

/** The contract of the port on a tier of a real engine, with each kind of program. */
export const contractOn = (tier: ContainerTier): void => {
  const owner = newOwner();
  const provider = providersOf(owner)[tier];
  describe(`containers of the tier ${tier}`, () => {
    needsEngine();
    for (const [kind, programs] of [
      ["shell", shellPrograms],
      ["JavaScript", javascriptPrograms],
    ] as const) {
      sandboxContract({
        name: `${tier} with programs in ${kind}`,
        provider,
        programs,
        leftBehind: () => containersOf(owner),
      });
    }
    test("leave no container", async () => {
      expect(await containersOf(owner)).toEqual([]);
    });
  });
};
