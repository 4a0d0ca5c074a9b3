import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byCodeUnits } from "#kernel/canonical-json.ts";
import { readRequest } from "#policy/cedar-request.ts";
import { planPolicies } from "#policy/policy-plan.ts";
import type { PolicyReads } from "#policy/policy-reads.ts";
import type { CedarRequest, Decider, SetAnswer } from "#ports/decider.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { caseCount } from "#test/kit/cases.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { cedarSource } from "#test/kit/policy-engine.ts";
import { READER, calling, onRun, publishing, sha256 } from "#test/kit/policy-requests.ts";

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

const REQUESTS: readonly PolicyRequest[] = [
  calling("read_file", { path: "docs/a.md" }),
  calling("write_file", { path: "docs/a.md", content: "b" }),
  calling("read_file", { path: "docs/a.md" }, { principal: { type: "User", id: "alice" } }),
  onRun("respond"),
  publishing("docs/a.md"),
];

const ACTIONS = [
  "action",
  'action == Action::"respond"',
  'action == Action::"tool_call::read_file"',
  'action in Action::"tool_call"',
  'action in Action::"publish_file"',
  'action in [Action::"tool_call::read_file"]',
  'action in [Action::"tool_call", Action::"tool_call::read_file"]',
  'action in [ Action :: "respond", // and\n Action::"publish_f\\x69le" , ]',
  "action in []",
] as const;
const PRINCIPALS = [
  "principal",
  "principal is User",
  "principal is Agent",
  `principal == Agent::"${READER}"`,
  'principal in AgentFolder::"agents"',
] as const;
const CONDITIONS = [
  "",
  'when { context.args has path && context.args.path like "docs/*" }',
  'when { action in [Action::"tool_call::read_file", Action::"respond"] }',
  'when { action in Action::"tool_call" } unless { principal in AgentName::"reader" }',
  "unless { context.iteration == 1 }",
  "when { context.args.nope == 1 }",
  "when { context.iteration + 9223372036854775807 > 0 }",
  'when { principal has path && principal.path like "agents/*" }',
] as const;

const policy = fc
  .tuple(
    fc.constantFrom("", '@id("action in [x]")\n'),
    fc.constantFrom("permit", "permit", "forbid"),
    fc.constantFrom(...PRINCIPALS),
    fc.constantFrom(...ACTIONS),
    fc.constantFrom(...CONDITIONS),
  )
  .map(
    ([annotation, effect, principal, action, condition]) =>
      `${annotation}${effect} (${principal}, ${action}, resource) ${condition};`,
  );

const EVERYTHING: PolicyReads = { sees: () => true, reaches: () => true, seesMember: () => true };

test("the set of an action answers what all policies answer", async () => {
  const seen = { allowed: 0, forbidden: 0, erred: 0, lessAsked: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(policy, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(...REQUESTS),
      async (texts, request) => {
        const source = cedarSource("workspace", texts.join("\n"), "policies/a.cedar");
        expect(source.policies).toHaveLength(texts.length);
        const reading = readRequest(request, { tools: BUILTIN_TOOLS, inputsOf: () => [] }, sha256);
        if (!reading.ok) throw new Error(reading.why);
        const readable = reading.value;
        const plans = planPolicies(
          [source, { ...cedarSource("file", "", "none"), agent: READER }],
          BUILTIN_TOOLS,
          sha256,
        );
        const plan = plans.plan(request.principal, readable.action);
        if (plan === undefined) throw new Error("there is no plan");
        const whole = Object.fromEntries(source.policies.map(({ id, cedar }) => [id, cedar]));
        const sets = plans.sets.filter(({ name }) => plan.sets.includes(name));
        expect(await decider.load([...sets, { name: "whole", policies: whole }], signal)).toEqual({
          ok: true,
          value: [],
        });
        const all = await answers(readable.forPrincipal(0, EVERYTHING), ["whole"]);
        const planned = await answers(readable.forPrincipal(0, plan.reads), plan.sets);
        expect(planned).toEqual(all);
        if (all.allowed) seen.allowed += 1;
        else if (all.determining.length > 0) seen.forbidden += 1;
        if (all.errors.length > 0) seen.erred += 1;
        if (plan.layers.flatMap(({ rules }) => rules).length < texts.length) seen.lessAsked += 1;
      },
    ),
    { numRuns: caseCount(600) },
  );
  for (const times of Object.values(seen)) expect(times).toBeGreaterThan(30);
});

/** Of the one set that a layer without requirements has, or of none. */
const answers = async (
  request: CedarRequest,
  sets: readonly string[],
): Promise<{ allowed: boolean; determining: readonly string[]; errors: readonly string[] }> => {
  const none: SetAnswer = { set: "", allowed: false, determining: [], errors: [] };
  expect(sets.length).toBeLessThanOrEqual(1);
  const answered = sets.length === 0 ? null : await decider.decide(request, sets, signal);
  if (answered?.ok === false) throw new Error(answered.fault.message);
  const [{ allowed, determining, errors } = none] = answered?.value ?? [];
  return {
    allowed,
    determining: determining.toSorted(byCodeUnits),
    errors: errors.map(({ policyId }) => policyId).toSorted(byCodeUnits),
  };
};

test("a list of actions becomes the one that is asked for, and nothing else of the text changes", () => {
  const source = cedarSource(
    "workspace",
    `@note("action in [Action::\\"respond\\"]")
permit (principal, action in [Action::"terminate", Action::"respond"], resource)
when { action in [Action::"respond", Action::"terminate"] };
forbid (principal, action in Action::"tool_call", resource);`,
    "policies/a.cedar",
  );
  const plans = planPolicies([source], BUILTIN_TOOLS, sha256);
  const texts = (action: string): readonly string[] => {
    const sets = plans.plan({ type: "User", id: "alice" }, action)?.sets ?? [];
    return plans.sets
      .filter(({ name }) => sets.includes(name))
      .flatMap(({ policies }) => Object.values(policies));
  };
  expect(texts("respond")).toEqual([
    `@note("action in [Action::\\"respond\\"]")
permit (principal, action == Action::"respond", resource)
when { action in [Action::"respond", Action::"terminate"] };`,
  ]);
  expect(texts("terminate").join()).toContain('(principal, action == Action::"terminate", resource)');
  expect(texts("tool_call::read_file")).toEqual([
    'forbid (principal, action in Action::"tool_call", resource);',
  ]);
});
