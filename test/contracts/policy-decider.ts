import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalJson } from "#kernel/canonical-json.ts";
import { isSha256 } from "#kernel/digest.ts";
import type { JsonObject } from "#kernel/json.ts";
import { readJson } from "#kernel/json.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import { readDecision } from "#protocol/policy-decision.ts";
import { calling } from "#test/kit/policy-requests.ts";

/** The behaviour that every PolicyDecider has. The one that is given permits `read_file` and forbids `shell`. */
export const policyDeciderContract = (
  name: string,
  create: () => Promise<{ readonly decider: PolicyDecider; readonly close: () => Promise<void> }>,
): void => {
  describe(`${name} as a PolicyDecider`, () => {
    const calm = (): AbortSignal => new AbortController().signal;
    let decider: PolicyDecider;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ decider, close } = await create());
    });
    afterAll(() => close());

    test("names its policies by a digest that each decision carries", async () => {
      expect(isSha256(decider.policies)).toBe(true);
      for (const request of [calling("read_file", { path: "a" }), calling("shell", { command: "a" })]) {
        expect((await decider.decide(request, calm())).policies).toBe(decider.policies);
      }
    });

    test("permits what is permitted, forbids what is forbidden, and denies what nobody permits", async () => {
      const outcomes = await Promise.all(
        [
          calling("read_file", { path: "a" }),
          calling("shell", { command: "a" }),
          calling("list_files", { path: "." }),
          calling("no_such_tool"),
        ].map((request) => decider.decide(request, calm())),
      );
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(["allow", "deny", "deny", "deny"]);
      expect(outcomes.map(({ denyReason }) => denyReason === null)).toEqual([true, false, false, false]);
    });

    test("answers the same question alike, many at a time and each its own", async () => {
      const requests = Array.from({ length: 60 }, (_, index) =>
        index % 2 === 0 ? calling("read_file", { path: `${index}` }) : calling("shell", { command: "a" }),
      );
      const once = await Promise.all(requests.map((request) => decider.decide(request, calm())));
      const again = await Promise.all(requests.map((request) => decider.decide(request, calm())));
      expect(once).toEqual(again);
      expect(once.map(({ outcome }) => outcome)).toEqual(
        requests.map(({ tool }) => (tool === "read_file" ? "allow" : "deny")),
      );
    });

    test("gives decisions that a reader of the format accepts", async () => {
      for (const tool of ["read_file", "shell", "no_such_tool"]) {
        const decision = await decider.decide(calling(tool, { path: "a" }), calm());
        const written = readJson(canonicalJson(decision as unknown as JsonObject));
        expect(written.ok && readDecision(written.value as JsonObject)).toEqual(decision);
      }
    });

    test("is told to stop by an AbortError", async () => {
      const asked = decider.decide(calling("read_file", { path: "a" }), AbortSignal.abort());
      await expect(asked).rejects.toMatchObject({ name: "AbortError" });
    });
  });
};
