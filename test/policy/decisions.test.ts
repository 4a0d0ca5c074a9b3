import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUILTIN_TEXT } from "#policy/builtin-layer.ts";
import type { CompiledSource, InputType } from "#policy/compiled-policy.ts";
import type { Decider } from "#ports/decider.ts";
import type { PolicyLayer, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, cedarSource, loadPolicies } from "#test/kit/policy-engine.ts";
import { verifies } from "#test/kit/verifies.ts";

interface DecisionVectors {
  readonly tools: readonly { readonly name: string }[];
  readonly agents: Readonly<Record<string, Readonly<Record<string, InputType["type"]>>>>;
  readonly builtin: string;
  readonly cases: readonly {
    readonly what: string;
    readonly layers: Partial<Record<PolicyLayer | "boss", string>>;
    readonly request: PolicyRequest;
    readonly expected: {
      readonly outcome: string;
      readonly denyReason: string | null;
      readonly rules: readonly string[];
      readonly obligations?: readonly object[];
    };
  }[];
}

const { tools, agents, builtin, cases } = JSON.parse(
  readFileSync(new URL("../vectors/policy/decisions.json", import.meta.url), "utf8"),
) as DecisionVectors;

test("the vectors hold the tools and the built-in layer of this build", () => {
  expect(builtin).toBe(BUILTIN_TEXT);
  expect(tools.map(({ name }) => name)).toEqual(BUILTIN_TOOLS.map(({ name }) => name));
  for (const [index, tool] of tools.entries()) expect(BUILTIN_TOOLS[index]).toMatchObject(tool);
});

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

test.each(cases)("$what", async ({ layers, request, expected }) => {
  verifies("policy.decision.allow-deny", "policy.cedar");
  const sources = Object.entries(layers).flatMap(([layer, text]) =>
    layer === "file" || layer === "boss" ? [] : cedarSource(layer as PolicyLayer, text, layer),
  );
  for (const [index, [agent, inputs]] of Object.entries(agents).entries()) {
    const name = index === 0 ? "file" : "boss";
    sources.push({ ...namedLikeLayer(agentFile(layers[name] ?? "", agent), name), inputs: inputsOf(inputs) });
  }
  const policies = await loadPolicies(decider, sources);
  const decision = await policies.decide(request, signal);
  expect({
    outcome: decision.outcome,
    denyReason: decision.denyReason,
    rules: decision.rules.map(({ rule }) => rule),
  }).toEqual({ outcome: expected.outcome, denyReason: expected.denyReason, rules: expected.rules });
  expect(decision.obligations.map(({ rule, ...rest }) => ({ ...rest, rule: rule.rule }))).toEqual(
    expected.obligations ?? [],
  );
  expect(decision.v).toBe(1);
  expect(decision.policies).toBe(policies.policies);
});

const inputsOf = (types: Readonly<Record<string, InputType["type"]>>): readonly InputType[] =>
  Object.entries(types).map(([name, type]) => ({ name, type }));

const namedLikeLayer = (source: CompiledSource, name: string): CompiledSource => ({
  ...source,
  policies: source.policies.map((policy) => {
    const rule = `${name}${policy.id.slice(policy.id.lastIndexOf("#"))}`;
    return { ...policy, id: rule, citation: { ...policy.citation, rule } };
  }),
});
