import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Result } from "#kernel/result.ts";
import type { CedarRequest, Decider, DeciderFault, PolicySet } from "#ports/decider.ts";

const SCHEMA = `
entity User;
entity Group;
entity File { owner: String };
action read, write appliesTo { principal: [User], resource: [File], context: { n: Long, note?: String } };
`;

const set = (name: string, policies: Record<string, string>): PolicySet => ({ name, policies });

const request = (
  context: CedarRequest["context"] = { n: 1 },
  action: "read" | "write" = "read",
): CedarRequest => ({
  principal: { type: "User", id: "ann" },
  action: { type: "Action", id: action },
  resource: { type: "File", id: "a" },
  context,
  entities: [{ uid: { type: "File", id: "a" }, attrs: { owner: "ann" }, parents: [] }],
});

const valueOf = <T>(result: Result<T, DeciderFault>): T => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};

const codeOf = (result: Result<unknown, DeciderFault>): string => (result.ok ? "ok" : result.fault.code);

/** What every decider keeps, whatever engine or thread is behind it. */
export const describeDecider = (name: string, create: () => Promise<Decider>): void => {
  describe(`decider: ${name}`, () => {
    const { signal } = new AbortController();
    let decider: Decider;
    beforeAll(async () => {
      decider = await create();
    });
    afterAll(() => decider.close());

    const load = async (...sets: readonly PolicySet[]): Promise<void> => {
      expect(valueOf(await decider.load(sets, signal))).toEqual([]);
    };
    const decide = async (sets: readonly string[], asked = request()) =>
      valueOf(await decider.decide(asked, sets, signal));

    test("an empty set allows nothing", async () => {
      await load(set("empty", {}));
      expect(await decide(["empty"])).toEqual([
        { set: "empty", allowed: false, determining: [], errors: [] },
      ]);
    });

    test("all permits that hold are named, by the ids that were given", async () => {
      await load(
        set("permits", {
          "a/1": "permit (principal, action, resource);",
          "b#2": '@id("c") permit (principal, action, resource);',
          no: "permit (principal, action, resource) when { context.n == 2 };",
        }),
      );
      const [answer] = await decide(["permits"]);
      expect(answer).toMatchObject({ allowed: true, errors: [] });
      expect(answer?.determining.toSorted()).toEqual(["a/1", "b#2"]);
    });

    test("a forbid that holds decides and is named alone", async () => {
      await load(
        set("forbid", {
          yes: "permit (principal, action, resource);",
          no: "forbid (principal, action, resource);",
        }),
      );
      expect(await decide(["forbid"])).toEqual([
        { set: "forbid", allowed: false, determining: ["no"], errors: [] },
      ]);
    });

    test("a policy that errs is skipped and named", async () => {
      await load(
        set("errs", {
          yes: "permit (principal, action, resource);",
          bad: "forbid (principal, action, resource) when { context.absent };",
        }),
      );
      const [answer] = await decide(["errs"]);
      expect(answer).toMatchObject({ allowed: true, determining: ["yes"] });
      expect(answer?.errors.map(({ policyId }) => policyId)).toEqual(["bad"]);
    });

    test("several sets are answered in the order in which they were named", async () => {
      await load(
        set("one", { p: "permit (principal, action, resource);" }),
        set("two", { p: "permit (principal, action, resource) when { false };" }),
      );
      const answers = await decide(["two", "one", "two"]);
      expect(answers.map(({ set: from, allowed }) => [from, allowed])).toEqual([
        ["two", false],
        ["one", true],
        ["two", false],
      ]);
    });

    test("a set replaces the one of its name", async () => {
      await load(set("again", { p: "permit (principal, action, resource);" }));
      await load(set("again", { p: "forbid (principal, action, resource);" }));
      expect((await decide(["again"]))[0]?.allowed).toBe(false);
    });

    test("one bad policy keeps every set of the call from being loaded", async () => {
      const problems = valueOf(
        await decider.load(
          [set("fine", { p: "permit (principal, action, resource);" }), set("broken", { q: "permit (" })],
          signal,
        ),
      );
      expect(problems.map(({ set: from, policyId }) => [from, policyId])).toEqual([["broken", "q"]]);
      expect(codeOf(await decider.decide(request(), ["fine"], signal))).toBe("DECIDER_REFUSED");
    });

    test("a set that was never loaded, or unloaded, is refused", async () => {
      expect(codeOf(await decider.decide(request(), ["nobody"], signal))).toBe("DECIDER_REFUSED");
      await load(set("gone", { p: "permit (principal, action, resource);" }));
      decider.unload(["gone", "never there"]);
      expect(codeOf(await decider.decide(request(), ["gone"], signal))).toBe("DECIDER_REFUSED");
    });

    test("a request that is none is refused, and the next one answered", async () => {
      await load(set("after", { p: "permit (principal, action, resource);" }));
      for (const context of [{ n: 1.5 }, { n: null }, { n: "\ud800" }, { n: 2 ** 63 }]) {
        expect(codeOf(await decider.decide(request(context), ["after"], signal))).toBe("DECIDER_REFUSED");
      }
      expect((await decide(["after"]))[0]?.allowed).toBe(true);
    });

    test("checking says what each policy is and what is wrong with it", async () => {
      const { problems, shapes } = valueOf(
        await decider.check(
          {
            fine: '@doc("d") @note permit (principal, action in [Action::"read", Action::"write"], resource);',
            other: 'forbid (principal, action == Action::"read", resource);',
            broken: "permit (principal, action",
            unknown: 'permit (principal, action == Action::"reed", resource);',
            optional: 'permit (principal, action, resource) when { context.note == "x" };',
            never: 'permit (principal, action, resource) when { resource.owner == "a" && 1 == 2 };',
          },
          SCHEMA,
          signal,
        ),
      );
      expect(new Set(problems.map(({ policyId, kind }) => `${policyId} ${kind}`))).toEqual(
        new Set(["broken syntax", "never impossible", "optional schema", "unknown schema"]),
      );
      expect(shapes["fine"]).toEqual({
        effect: "permit",
        principal: "principal",
        resource: "resource",
        action: { operator: "in", ids: ["read", "write"] },
        annotations: { doc: "d", note: "" },
      });
      expect(shapes["other"]).toMatchObject({ effect: "forbid", action: { operator: "==", ids: ["read"] } });
      expect(shapes["broken"]).toBeUndefined();
    });

    test.each([
      ["principal", "resource"],
      ["principal is User", 'resource == File::"a"'],
      ['principal == User::"\\u{e9} \\"x\\" ::"', "resource is File"],
      ['principal in Group::"g"', 'resource in File::"a"'],
      ['principal is User in Group::"g"', 'resource is File in File::"a*b"'],
    ])("a scope is given back in one way: %s, %s", async (principal, resource) => {
      const loose = resource.replaceAll("::", " :: // ,\n");
      const spaced = `permit ( ${principal} , action,${loose});`;
      const { shapes } = valueOf(await decider.check({ p: spaced }, SCHEMA, signal));
      expect(shapes["p"]).toMatchObject({ principal, resource });
    });

    test("places in a policy are bytes of UTF-8", async () => {
      const text = 'permit (principal, action, resource) when { "é😀" == context.nope };';
      const { problems } = valueOf(await decider.check({ p: text }, SCHEMA, signal));
      const [start = 0, end = 0] = problems[0]?.bytes ?? [];
      expect(Buffer.from(text).subarray(start, end).toString()).toBe("context.nope");
    });

    test("an aborted question rejects with an AbortError", async () => {
      await load(set("abort", {}));
      const controller = new AbortController();
      controller.abort();
      await expect(decider.decide(request(), ["abort"], controller.signal)).rejects.toMatchObject({
        name: "AbortError",
      });
      await expect(decider.load([], controller.signal)).rejects.toMatchObject({ name: "AbortError" });
      await expect(decider.check({}, SCHEMA, controller.signal)).rejects.toMatchObject({
        name: "AbortError",
      });
    });

    test("questions asked together are each answered", async () => {
      await load(
        set("even", {
          p: "permit (principal, action, resource) when { [0, 2, 4, 6, 8].contains(context.n) };",
        }),
      );
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, index) => decide(["even"], request({ n: index % 10 }))),
      );
      expect(answers.map(([answer]) => answer?.allowed)).toEqual(
        Array.from({ length: 300 }, (_, index) => index % 2 === 0),
      );
    });

    test("a closed decider answers nothing, and closes twice", async () => {
      const other = await create();
      await other.close();
      await other.close();
      expect(codeOf(await other.load([set("x", {})], signal))).toBe("DECIDER_LOST");
      expect(codeOf(await other.check({}, SCHEMA, signal))).toBe("DECIDER_LOST");
      expect(codeOf(await other.decide(request(), [], signal))).toBe("DECIDER_LOST");
    });
  });
};
