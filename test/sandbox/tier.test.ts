import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { SANDBOX_TIERS } from "#protocol/agent-spec.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { chooseTier, floorOfTool } from "#sandbox/tier.ts";
import type { TierFloor, TierState, TierWishes } from "#sandbox/tier.ts";
import { verifies } from "#test/kit/verifies.ts";

const present = (...tiers: readonly SandboxTier[]): readonly TierState[] =>
  SANDBOX_TIERS.map((tier) =>
    tiers.includes(tier) ? { tier, usable: true } : { tier, usable: false, why: `${tier} is not installed` },
  );

const floor = (by: TierFloor["by"], tier: SandboxTier): TierFloor => ({ by, tier, of: `the ${by}'s name` });

interface Row {
  readonly requested?: SandboxTier | "auto";
  readonly floors?: readonly TierFloor[];
  readonly here: readonly SandboxTier[];
  readonly gives: SandboxTier | "SANDBOX_TIER_UNAVAILABLE" | "SANDBOX_TIER_TOO_WEAK";
}

const choose = (row: Omit<Row, "gives">) =>
  chooseTier({
    requested: row.requested ?? "auto",
    floors: row.floors ?? [],
    available: present(...row.here),
  });

const row = (name: string, wanted: Row): void => {
  test(`${name}: ${wanted.gives}`, () => {
    const choice = choose(wanted);
    expect(choice.ok ? choice.value.tier : choice.fault.code).toBe(wanted.gives);
  });
};

describe("the tier of a run", () => {
  verifies("sandbox.tiers.by-risk");

  describe("auto without a floor", () => {
    row("takes the strongest", { here: ["wasm", "docker", "gvisor"], gives: "gvisor" });
    row("is content with docker", { here: ["wasm", "docker"], gives: "docker" });
    row("never falls to wasm", { here: ["wasm"], gives: "SANDBOX_TIER_UNAVAILABLE" });
    row("with nothing there", { here: [], gives: "SANDBOX_TIER_UNAVAILABLE" });
  });

  describe("a file that names a tier", () => {
    row("wasm, nothing stronger here", { floors: [floor("file", "wasm")], here: ["wasm"], gives: "wasm" });
    row("wasm is a floor too", {
      floors: [floor("file", "wasm")],
      here: ["wasm", "docker"],
      gives: "docker",
    });
    row("docker, gvisor is here", {
      floors: [floor("file", "docker")],
      here: ["wasm", "docker", "gvisor"],
      gives: "gvisor",
    });
    row("gvisor, which is missing", {
      floors: [floor("file", "gvisor")],
      here: ["wasm", "docker"],
      gives: "SANDBOX_TIER_UNAVAILABLE",
    });
  });

  describe("rules and tools only raise", () => {
    row("a rule above the file", {
      floors: [floor("file", "wasm"), floor("policy", "gvisor")],
      here: ["wasm", "docker", "gvisor"],
      gives: "gvisor",
    });
    row("a rule that is content with wasm does not bring wasm", {
      floors: [floor("policy", "wasm")],
      here: ["wasm"],
      gives: "SANDBOX_TIER_UNAVAILABLE",
    });
    row("a tool that is content with wasm does not either", {
      floors: [floor("tool", "wasm")],
      here: ["wasm"],
      gives: "SANDBOX_TIER_UNAVAILABLE",
    });
    row("a tool above the file", {
      floors: [floor("file", "wasm"), floor("tool", "docker")],
      here: ["wasm"],
      gives: "SANDBOX_TIER_UNAVAILABLE",
    });
    row("the order does not matter", {
      floors: [floor("policy", "gvisor"), floor("file", "docker"), floor("tool", "wasm")],
      here: ["docker", "gvisor"],
      gives: "gvisor",
    });
  });

  describe("a person who names a tier", () => {
    row("wasm", { requested: "wasm", here: ["wasm", "gvisor"], gives: "wasm" });
    row("docker beside gvisor", { requested: "docker", here: ["docker", "gvisor"], gives: "docker" });
    row("a missing one is not replaced", {
      requested: "docker",
      here: ["wasm", "gvisor"],
      gives: "SANDBOX_TIER_UNAVAILABLE",
    });
    row("below the file's floor", {
      requested: "wasm",
      floors: [floor("file", "docker")],
      here: ["wasm", "docker"],
      gives: "SANDBOX_TIER_TOO_WEAK",
    });
    row("below a rule's floor", {
      requested: "docker",
      floors: [floor("file", "wasm"), floor("policy", "gvisor")],
      here: ["docker", "gvisor"],
      gives: "SANDBOX_TIER_TOO_WEAK",
    });
    row("wasm against a tool that needs a container", {
      requested: "wasm",
      floors: [floor("tool", "docker")],
      here: ["wasm", "docker"],
      gives: "SANDBOX_TIER_TOO_WEAK",
    });
  });

  test("no wish is ever served below a floor, or by a tier that is not usable", () => {
    const tier = fc.constantFrom(...SANDBOX_TIERS);
    const wishes: fc.Arbitrary<TierWishes> = fc.record({
      floors: fc.array(fc.record({ tier, by: fc.constantFrom("file", "policy", "tool"), of: fc.string() })),
      requested: fc.constantFrom("auto", ...SANDBOX_TIERS),
      available: fc.subarray([...SANDBOX_TIERS]).map((tiers) => present(...tiers)),
    });
    const rank = (one: SandboxTier): number => SANDBOX_TIERS.indexOf(one);
    fc.assert(
      fc.property(wishes, (wish) => {
        const choice = chooseTier(wish);
        if (!choice.ok) return;
        const { tier: chosen } = choice.value;
        expect(wish.available).toContainEqual({ tier: chosen, usable: true });
        for (const one of wish.floors) expect(rank(chosen)).toBeGreaterThanOrEqual(rank(one.tier));
        const named = wish.floors.some((one) => one.by === "file");
        const allowed =
          wish.requested === "auto" ? (named ? SANDBOX_TIERS : ["docker", "gvisor"]) : [wish.requested];
        expect(allowed).toContain(chosen);
      }),
    );
  });
});

describe("what people are told", () => {
  const message = (wanted: Omit<Row, "gives">): string => {
    const choice = choose(wanted);
    return choice.ok ? choice.value.why : `${choice.fault.message} | ${choice.fault.help ?? ""}`;
  };

  test("the choice and its reason", () => {
    expect(message({ floors: [floor("file", "docker")], here: ["docker"] })).toBe(
      "docker: the strongest tier here; agent the file's name demands at least docker",
    );
    expect(message({ here: ["docker"] })).toBe(
      "docker: the strongest tier here; no file or flag names a tier, and then nothing weaker than docker is used",
    );
    expect(message({ requested: "wasm", here: ["wasm"] })).toBe("wasm: asked for by name");
  });
  test("what each tier that would do lacks, and how to get one", () => {
    expect(message({ here: ["wasm"] })).toBe(
      "no usable sandbox (no file or flag names a tier, and then nothing weaker than docker is used; " +
        "docker: docker is not installed; gvisor: gvisor is not installed) | " +
        "start Docker (for gvisor with the runsc runtime), or where the file sets no higher floor run with " +
        "`--sandbox wasm`, which runs JavaScript only",
    );
  });
  test("who set the floor that stands in the way", () => {
    expect(message({ requested: "wasm", floors: [floor("policy", "gvisor")], here: ["wasm"] })).toContain(
      "wasm was asked for, but rule the policy's name demands at least gvisor",
    );
  });
  test("names from files are shown, not obeyed", () => {
    const choice = chooseTier({
      requested: "auto",
      floors: [{ tier: "docker", by: "file", of: "\u001b[31mred" }],
      available: present("docker"),
    });
    expect(choice.ok && choice.value.why).toContain("\\e[31mred");
  });
});

describe("what tools demand by themselves", () => {
  const demands = (name: string, tier: SandboxTier): void => {
    test(`${name}: ${tier}`, () => {
      const tool = BUILTIN_TOOLS.find((one) => one.name === name);
      expect(tool && floorOfTool(tool)).toEqual({ tier, by: "tool", of: name });
    });
  };
  demands("read_file", "wasm");
  demands("run_javascript", "wasm");
  demands("shell", "docker");
});
