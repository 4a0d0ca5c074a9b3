import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Decider } from "#ports/decider.ts";
import type { Decision } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, cedarSource, loadPolicies } from "#test/kit/policy-engine.ts";
import { READER, calling } from "#test/kit/policy-requests.ts";
import { verifies } from "#test/kit/verifies.ts";
import type { AbstractPolicy } from "./reference-model.ts";
import { decideChainOnPaper, decideOnPaper } from "./reference-model.ts";

// Each run loads policies of its own into real Cedar.

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

/** Two tools are enough to be about the one that is called, or about another. */
const tools = BUILTIN_TOOLS.filter(({ name }) => name === "read_file" || name === "shell");
const request = calling("read_file", { path: "docs/a.md" });

/** Ways of writing what a policy comes to for that request. */
const ACTIONS = {
  covers: [
    "action",
    'action == Action::"tool_call::read_file"',
    'action in Action::"tool_call"',
    'action in [Action::"respond", Action::"tool_call"]',
  ],
  not: ['action == Action::"tool_call::shell"', 'action in [Action::"respond", Action::"tool_call::shell"]'],
} as const;
const OUTCOMES = {
  holds: [
    ["principal", ""],
    [`principal == Agent::"${READER}"`, ""],
    ['principal in AgentFolder::"."', "when { context.iteration == 1 }"],
    ["principal is Agent", 'when { context.sandbox_tier like "wa*" }'],
    ["principal", 'unless { context.labels.contains("pii") }'],
    ["principal", 'when { principal.name == "reader" } unless { context.on_behalf_of.kind == "webhook" }'],
  ],
  fails: [
    ['principal == Agent::"agents/other.symbi#other"', ""],
    ['principal in AgentName::"other"', "when { context.iteration + 9223372036854775807 > 0 }"],
    ["principal is User", ""],
    ["principal", 'when { context.labels.contains("pii") }'],
    ["principal", 'when { context.sandbox_tier == "docker" }'],
    ["principal", "unless { context.iteration == 1 }"],
  ],
  errs: [
    ["principal", "when { context.iteration + 9223372036854775807 > 0 }"],
    [
      "principal is Agent",
      "when { context.depth == 0 } when { 9223372036854775807 * 2 > context.iteration }",
    ],
    ["principal", "unless { context.iteration - 9223372036854775807 - 9223372036854775807 > 0 }"],
  ],
} as const;

interface Drawn extends AbstractPolicy {
  readonly text: string;
}

const drawn: fc.Arbitrary<Omit<Drawn, "id">> = fc
  .record({
    layer: fc.constantFrom("machine", "user", "workspace", "file"),
    kind: fc.constantFrom("permit", "permit", "permit", "forbid", "require"),
    covers: fc.constantFrom(true, true, true, false),
    outcome: fc.constantFrom("holds", "holds", "holds", "fails", "errs"),
    action: fc.nat(),
    shape: fc.nat(),
  })
  .map(({ layer, kind, covers, outcome, action, shape }) => {
    const actions = ACTIONS[covers ? "covers" : "not"];
    const shapes = OUTCOMES[outcome];
    const [principal, conditions] = shapes[shape % shapes.length] ?? ["principal", ""];
    const effect = kind === "require" ? `@require("timeout:${(shape % 90) + 1}s") permit` : kind;
    const scope = `(${principal}, ${actions[action % actions.length] ?? "action"}, resource)`;
    return { layer, kind, covers, outcome, text: `${effect} ${scope} ${conditions};` } as const;
  });
const policies: fc.Arbitrary<readonly Drawn[]> = fc
  .array(drawn, { maxLength: 10 })
  .map((all) => all.map((policy, index) => ({ ...policy, id: `p${index}#1` })));

/** Each policy is a file of its own, so that its id does not depend on where it stands. */
const decide = async (all: readonly Drawn[]): Promise<Decision> => {
  const sources = all.map(({ id, layer, text }) => {
    const file = id.slice(0, -2);
    return layer === "file"
      ? { ...cedarSource("file", text, file, tools), agent: READER }
      : cedarSource(layer, text, file, tools);
  });
  const loaded = await loadPolicies(decider, [...sources, agentFile("", READER, tools)], tools);
  const decision = await loaded.decide(request, signal);
  loaded.close();
  return decision;
};

const ids = (citations: Decision["rules"]): readonly string[] => citations.map(({ rule }) => rule).toSorted();

const RUNS = { numRuns: caseCount(40) };

describe("the engine and the model on paper", () => {
  test("agree on every decision, its rules and its obligations", async () => {
    verifies("policy.cedar", "policy.beyond.layers-intersect");
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(policies, async (all) => {
        const decision = await decide(all);
        const expected = decideOnPaper(all);
        seen.add(decision.denyReason ?? decision.outcome);
        expect(decision.denyReason).toBe(expected.reason);
        expect(ids(decision.rules)).toEqual(expected.rules.toSorted());
        expect(ids(decision.obligations.map(({ rule }) => rule))).toEqual(expected.requirements.toSorted());
        expect(decision.outcome).toBe(
          expected.reason === null
            ? expected.requirements.length > 0
              ? "allow-with-conditions"
              : "allow"
            : "deny",
        );
      }),
      { numRuns: caseCount(150) },
    );
    // A comparison that never met one of these would prove less than it says.
    expect([...seen].toSorted()).toEqual(
      [
        "allow",
        "allow-with-conditions",
        "forbidden",
        "no-permit",
        "not-permitted",
        "policy-error",
      ].toSorted(),
    );
  });
});

describe("principals above", () => {
  const BOSS = "agents/boss.symbi#boss";
  /** What comes to the same for every agent that is asked, with one above it. */
  const CONDITIONS = {
    holds: ["", "when { context.iteration == 1 && context.depth == 1 }"],
    fails: ['when { context.labels.contains("pii") }', 'when { context.on_behalf_of.kind == "user" }'],
    errs: ["when { context.depth + 9223372036854775807 > 0 }"],
  } as const;
  const policy = fc
    .record({
      // The two files bind one of them each, the workspace both.
      of: fc.constantFrom<"reader" | "boss" | "workspace">("reader", "boss", "workspace"),
      kind: fc.constantFrom<AbstractPolicy["kind"]>("permit", "permit", "permit", "forbid", "require"),
      outcome: fc.constantFrom<AbstractPolicy["outcome"]>(
        "holds",
        "holds",
        "holds",
        "holds",
        "fails",
        "errs",
      ),
      shape: fc.nat(),
    })
    .map(({ of, kind, outcome, shape }) => {
      const conditions = CONDITIONS[outcome];
      const effect = kind === "require" ? `@require("timeout:${(shape % 90) + 1}s") permit` : kind;
      const text = `${effect} (principal, action, resource) ${conditions[shape % conditions.length] ?? ""};`;
      return { of, kind, outcome, text };
    });
  const permitted = {
    kind: "permit",
    outcome: "holds",
    text: "permit (principal, action, resource);",
  } as const;

  test("are decided one after the other, as on paper", async () => {
    verifies("policy.beyond.layers-intersect");
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(policy, { maxLength: 6 }),
        fc.subarray(["reader", "boss"] as const),
        async (drawnOnes, also) => {
          const all = [...drawnOnes, ...also.map((of) => ({ of, ...permitted }))].map((one, index) => ({
            ...one,
            id: `p${index}#1`,
            covers: true,
            layer: one.of === "workspace" ? ("workspace" as const) : ("file" as const),
          }));
          const sources = all.map(({ id, of, text }) => {
            const file = id.slice(0, -2);
            return of === "workspace"
              ? cedarSource("workspace", text, file, tools)
              : { ...cedarSource("file", text, file, tools), agent: of === "reader" ? READER : BOSS };
          });
          const none = [agentFile("", READER, tools), agentFile("", BOSS, tools)];
          const loaded = await loadPolicies(decider, [...sources, ...none], tools);
          const decision = await loaded.decide(
            { ...request, ancestors: [{ type: "Agent", id: BOSS }], onBehalfOf: { kind: "agent", id: BOSS } },
            signal,
          );
          loaded.close();
          const binding = (agent: string): readonly AbstractPolicy[] =>
            all.filter(({ of }) => of === "workspace" || of === agent);
          const expected = decideChainOnPaper([binding("reader"), binding("boss")]);
          seen.add(decision.denyReason ?? decision.outcome);
          expect(decision.denyReason).toBe(expected.reason);
          expect(ids(decision.rules)).toEqual(expected.rules.toSorted());
          expect(ids(decision.obligations.map(({ rule }) => rule))).toEqual(expected.requirements.toSorted());
        },
      ),
      { numRuns: caseCount(150) },
    );
    expect([...seen].toSorted()).toEqual(
      [
        "allow",
        "allow-with-conditions",
        "forbidden",
        "no-permit",
        "not-permitted",
        "policy-error",
      ].toSorted(),
    );
  });

  test("rules are cited in the order of their files, whoever gathered those", async () => {
    const sources = ["b", "a/c", "a"].map((file) =>
      cedarSource("workspace", "permit (principal, action, resource);", file, tools),
    );
    const file = agentFile("", READER, tools);
    const [one, other] = await Promise.all(
      [
        [...sources, file],
        [file, ...sources.toReversed()],
      ].map((all) => loadPolicies(decider, all, tools)),
    );
    expect(one?.policies).toBe(other?.policies);
    const decision = await one?.decide(request, signal);
    expect(decision?.rules.map(({ rule }) => rule)).toEqual(["a#1", "a/c#1", "b#1"]);
  });
});

describe("theorems", () => {
  test("without a permit that holds nothing is allowed", async () => {
    await fc.assert(
      fc.asyncProperty(policies, async (all) => {
        const without = all.filter(({ kind, outcome }) => kind !== "permit" || outcome !== "holds");
        expect((await decide(without)).outcome).toBe("deny");
      }),
      RUNS,
    );
  });

  test("a forbid that holds denies whatever stands beside it", async () => {
    await fc.assert(
      fc.asyncProperty(policies, drawn, async (all, one) => {
        const forbid: Drawn = {
          ...one,
          id: "forbid#1",
          kind: "forbid",
          covers: true,
          outcome: "holds",
          text: "forbid (principal, action, resource);",
        };
        expect(await decide([...all, forbid])).toMatchObject({ outcome: "deny", denyReason: "forbidden" });
      }),
      RUNS,
    );
  });

  test("the order of sources decides nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        policies.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length })),
        ),
        async ([all, shuffled]) => {
          const [one, other] = [await decide(all), await decide(shuffled)];
          expect(other.outcome).toBe(one.outcome);
          expect(other.denyReason).toBe(one.denyReason);
          expect(ids(other.rules)).toEqual(ids(one.rules));
          expect(ids(other.obligations.map(({ rule }) => rule))).toEqual(
            ids(one.obligations.map(({ rule }) => rule)),
          );
        },
      ),
      RUNS,
    );
  });

  test("a permit more widens nothing that another layer denies", async () => {
    verifies("policy.beyond.layers-intersect");
    await fc.assert(
      fc.asyncProperty(policies, drawn, async (all, one) => {
        const before = await decide(all);
        const permit: Drawn = {
          ...one,
          id: "more#1",
          kind: "permit",
          text: "permit (principal, action, resource);",
        };
        const after = await decide([...all, permit]);
        const deniedElsewhere =
          before.denyReason === "forbidden" ||
          before.denyReason === "policy-error" ||
          before.missing.some(({ layer }) => layer !== permit.layer);
        if (deniedElsewhere) expect(after.outcome).toBe("deny");
      }),
      RUNS,
    );
  });

  test("a permit more removes no obligation, and a rule more only forbids", async () => {
    await fc.assert(
      fc.asyncProperty(policies, drawn, async (all, one) => {
        const before = await decide(all);
        const after = await decide([...all, { ...one, id: "more#1" }]);
        if (before.outcome !== "deny" && after.outcome !== "deny") {
          const still = ids(after.obligations.map(({ rule }) => rule));
          for (const obligation of ids(before.obligations.map(({ rule }) => rule)))
            expect(still).toContain(obligation);
        }
        if (before.outcome === "deny" && one.kind !== "permit") expect(after.outcome).toBe("deny");
      }),
      RUNS,
    );
  });
});
