import { describe, expect, test } from "vitest";
import { REMEMBERED_CHARACTERS_MAX } from "#gate/supposed-calls.ts";
import type { JsonObject } from "#kernel/json.ts";
import { ok } from "#kernel/result.ts";
import type { PrepareOptions, SupposedCall } from "#ports/executor.ts";
import type { Decision, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import {
  allow,
  allowIf,
  approvalBy,
  deny,
  digestOf,
  other,
  stepUp,
  tierFloor,
  timeoutOf,
} from "#test/kit/decisions.ts";
import type { Deciding, PolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import { createPolicyDeciderFake } from "#test/kit/policy-decider-fake.ts";
import { plainCall } from "#test/kit/tool-fake.ts";
import type { Rig, RigPlan } from "./rig.ts";
import { call, calm, createRig } from "./rig.ts";

/* What executors may ask about calls that nobody makes: here `look` asks about calls of `read`. */

const supposed = (argumentsGiven: JsonObject = {}, tool = "read"): SupposedCall => {
  const { arguments: args, resource } = plainCall(tool, argumentsGiven);
  return { tool, arguments: args, resource };
};

/** Another version of the policies, which decides like this about `read`. */
const newer = (read: Decision): PolicyDeciderFake => {
  const policies = digestOf("b");
  return createPolicyDeciderFake({ look: { ...allow(), policies }, read: { ...read, policies } }, policies);
};

interface Looking {
  readonly rig: Rig;
  /** What `look` was told, a list for each time it asked. */
  readonly told: (readonly boolean[])[];
  readonly look: (changes?: Parameters<typeof call>[2]) => Promise<void>;
}

/** A rig whose tool `look` asks about `calls` whenever it is prepared. */
const looking = (
  calls: readonly SupposedCall[],
  read: Deciding,
  { labels = [], ...plan }: RigPlan & { readonly labels?: readonly string[] } = {},
): Looking => {
  const told: (readonly boolean[])[] = [];
  const rig = createRig({
    ...plan,
    tools: {
      read: {},
      look: {
        async prepare(given, { wouldAllow, signal }: PrepareOptions) {
          told.push(await wouldAllow(calls, { labels, signal }));
          return ok({ ...plainCall("look", given), labels });
        },
      },
    },
    decisions: { look: allow(), read },
  });
  return {
    rig,
    told,
    look: async (changes) => {
      const outcome = await rig.clock.drive(rig.gate.perform(call("look", {}, changes), calm()));
      if (!outcome.ok) throw new Error(outcome.fault.message);
    },
  };
};

const answerTo = async (read: Deciding, plan: RigPlan = {}): Promise<boolean | undefined> => {
  const { look, told } = looking([supposed()], read, plan);
  await look();
  return told[0]?.[0];
};

describe("a call that nobody makes would be allowed", () => {
  test.each<[string, Deciding, RigPlan]>([
    ["where it is permitted", allow(), {}],
    ["where the run has the tier that is asked for", allowIf(tierFloor("docker")), { tier: "gvisor" }],
    ["where it would have a time limit of its own", allowIf(timeoutOf(1)), {}],
    ["where the run was not offered its tool", allow(), { offered: ["look"] }],
  ])("%s", async (_, read, plan) => {
    expect(await answerTo(read, plan)).toBe(true);
  });
});

describe("a call that nobody makes would not be allowed", () => {
  const nothing = undefined as never;
  test.each<[string, Deciding]>([
    ["forbidden", deny("forbidden")],
    ["no layer permits it", deny("no-permit")],
    ["a layer lacks a permit", deny("not-permitted")],
    ["a policy errs", deny("policy-error")],
    ["not decidable", deny("not-decidable")],
    ["unknown", deny("unknown")],
    ["a person would have to agree", stepUp(approvalBy())],
    ["a person would have to agree, for no rule's sake", stepUp()],
    ["a stronger tier is asked for", allowIf(tierFloor("docker"))],
    ["a time limit that is none", allowIf(timeoutOf(0))],
    ["with other arguments", other("modify")],
    ["later", other("defer")],
    ["an obligation nobody knows", allowIf({ k: "pray" } as never)],
    ["an approval beside a bare allow", { ...allow(), obligations: [approvalBy()] }],
    ["a decision of other policies", { ...allow(), policies: digestOf("b") }],
    ["nothing at all", () => nothing],
    ["an exception", "throws"],
    ["silence", "silent"],
  ])("%s", async (_, read) => {
    expect(await answerTo(read)).toBe(false);
  });

  test("a tool that this build does not have", async () => {
    const { look, told, rig } = looking([supposed({}, "fly")], allow());
    await look();
    expect(told).toEqual([[false]]);
    expect(rig.decider.requests.map(({ tool }) => tool)).toEqual(["look"]);
  });
});

describe("asking", () => {
  const paths = (count: number): readonly SupposedCall[] =>
    Array.from({ length: count }, (_, path) => supposed({ path }));
  const even = ({ arguments: { path } }: PolicyRequest) => (Number(path) % 2 === 0 ? allow() : deny());

  test("puts to the policies what they would see of the call itself", async () => {
    const plan = { labels: ["own"], inputs: { topic: "x" } };
    const { look, rig } = looking([supposed({ path: "a" })], allow(), plan);
    const changes = { labels: ["given"], iteration: 7 };
    await look(changes);
    const asked = rig.decider.requests.find(({ tool }) => tool === "read");
    await rig.gate.perform(call("read", { path: "a" }, { ...changes, labels: ["own", "given"] }), calm());
    expect(asked).toEqual(rig.decider.requests.at(-1));
    expect(asked?.context).toMatchObject({ labels: ["given", "own"], iteration: 7 });
  });

  test("answers in the order of the calls, however many", async () => {
    const { look, told } = looking(paths(1_500), even);
    await look();
    expect(told).toEqual([paths(1_500).map((_, index) => index % 2 === 0)]);
  });

  test("answers an empty question", async () => {
    const { look, told } = looking([], allow());
    await look();
    expect(told).toEqual([[]]);
  });

  test("puts many questions to the policies at once, and never all", async () => {
    let open = 0;
    let most = 0;
    const { look } = looking(paths(2_000), async () => {
      open += 1;
      most = Math.max(most, open);
      await Promise.resolve();
      open -= 1;
      return allow();
    });
    await look();
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThanOrEqual(512);
  });

  test("one question that breaks takes no other along", async () => {
    const { look, told } = looking(paths(3), ({ arguments: { path } }) => {
      if (path === 1) throw new Error("broke");
      return allow();
    });
    await look();
    expect(told).toEqual([[true, false, true]]);
  });

  test("records nothing, asks nobody and executes nothing", async () => {
    const { look, rig } = looking(paths(3), stepUp());
    await look();
    expect(rig.recorder.entries.map(({ type }) => type)).toEqual([
      "action.decided",
      "action.intended",
      "action.completed",
    ]);
    expect(rig.approver.questions).toEqual([]);
    expect(rig.tools["read"]?.executed).toEqual([]);
  });

  test("is not a call: it does not count towards the run's calls", async () => {
    const { look, told } = looking(paths(5), allow(), { limits: { callsMax: 2 } });
    await look();
    await look();
    expect(told).toHaveLength(2);
  });

  test("waits as long as for one decision, and what is not answered by then is a no", async () => {
    const silentFrom = (from: number) => (request: PolicyRequest) =>
      Number(request.arguments["path"]) < from ? allow() : new Promise<never>(() => undefined);
    const { look, told, rig } = looking(paths(2_000), silentFrom(512), { limits: { decideMsMax: 10 } });
    await look();
    expect(told).toEqual([paths(2_000).map((_, index) => index < 512)]);
    expect(rig.clock.monotonicMs()).toBe(10);
  });

  test("ends with the run", async () => {
    const cancel = new AbortController();
    const { rig, told } = looking(paths(1), () => {
      cancel.abort();
      return allow();
    });
    const cancelled = rig.gate.perform(call("look"), cancel.signal);
    await expect(cancelled).rejects.toMatchObject({ name: "AbortError" });
    expect(told).toEqual([]);
  });
});

describe("an executor that executes", () => {
  const executing = (read: Deciding) => {
    const told: (readonly boolean[])[] = [];
    const rig: Rig = createRig({
      tools: {
        read: {},
        look: {
          act: {
            k: "does",
            async what(authorized, spend, { wouldAllow, signal }) {
              const right = await spend(authorized, "look");
              if (!right.ok) throw new Error(right.fault.code);
              told.push(await wouldAllow([supposed()], { labels: right.value.labels, signal }));
              return ok({ text: "", value: null, labels: [], changes: [] });
            },
          },
        },
      },
      decisions: { look: allow(), read },
    });
    return { rig, told };
  };

  test("is answered as well, with the labels of its call", async () => {
    const { rig, told } = executing(({ context }) => (context.labels.includes("x") ? allow() : deny()));
    await rig.gate.perform(call("look", {}, { labels: ["x"] }), calm());
    await rig.gate.perform(call("look", {}, { labels: ["y"] }), calm());
    expect(told).toEqual([[true], [false]]);
  });

  test("is answered by the policies that decided its call, also when there are newer ones", async () => {
    const { rig, told } = executing(allow());
    rig.recorder.beforeRecord = async ({ type }) => {
      if (type === "action.decided") rig.useDecider(newer(deny()));
    };
    await rig.gate.perform(call("look"), calm());
    rig.recorder.beforeRecord = null;
    await rig.gate.perform(call("look"), calm());
    expect(told).toEqual([[true], [false]]);
  });
});

describe("an answer", () => {
  const asks = ({ rig }: Looking): number =>
    rig.decider.requests.filter(({ tool }) => tool === "read").length;

  const twice = async (
    read: Deciding,
    first: Parameters<typeof call>[2],
    second: Parameters<typeof call>[2],
    supposedCall = supposed({ path: "a" }),
  ): Promise<number> => {
    const rig = looking([supposedCall], read);
    await rig.look(first);
    await rig.look(second);
    expect(rig.told[0]).toEqual(rig.told[1]);
    return asks(rig);
  };

  test.each<[string, Deciding]>([
    ["that allows", allow()],
    ["that denies", deny()],
  ])("%s is remembered within a turn", async (_, read) => {
    expect(await twice(read, {}, {})).toBe(1);
    expect(await twice(read, { labels: ["x", "y"] }, { labels: ["y", "x"] })).toBe(1);
  });

  test("is not for another turn or other labels", async () => {
    expect(await twice(allow(), { iteration: 1 }, { iteration: 2 })).toBe(2);
    expect(await twice(allow(), { labels: ["x"] }, {})).toBe(2);
  });

  test("is not for other arguments", async () => {
    const rig = looking([supposed({ path: "a" }), supposed({ path: "b" })], allow());
    await rig.look();
    expect(asks(rig)).toBe(2);
  });

  test("is not for other policies", async () => {
    const { look, told, rig } = looking([supposed()], deny());
    await look();
    rig.useDecider(newer(allow()));
    await look();
    expect(told).toEqual([[false], [true]]);
  });

  test("is not remembered where there was none", async () => {
    expect(await twice(deny("not-decidable"), {}, {})).toBe(2);
    expect(await twice("throws", {}, {})).toBe(2);
  });

  test("is remembered as long as all that is remembered together has no more than so many characters", async () => {
    const characters = 4_000;
    const count = Math.ceil((REMEMBERED_CHARACTERS_MAX * 1.1) / characters);
    const long = Array.from({ length: count }, (_, index) =>
      supposed({ path: `${index}/`.padEnd(characters, "x") }),
    );
    const rig = looking(long, allow());
    await rig.look();
    await rig.look();
    expect(rig.told[0]).toEqual(rig.told[1]);
    const remembered = 2 * count - asks(rig);
    expect(remembered * characters).toBeLessThanOrEqual(REMEMBERED_CHARACTERS_MAX);
    expect(remembered * characters).toBeGreaterThan(REMEMBERED_CHARACTERS_MAX * 0.9);
  });

  test("is not remembered of a long question", async () => {
    expect(await twice(allow(), {}, {}, supposed({ content: "x".repeat(5_000) }))).toBe(2);
  });
});
