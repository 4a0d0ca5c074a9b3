import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Decider } from "#ports/decider.ts";
import type { PolicyLayer, PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, cedarSource, loadPolicies } from "#test/kit/policy-engine.ts";
import { verifies } from "#test/kit/verifies.ts";

interface DecisionVectors {
  readonly cases: readonly {
    readonly what: string;
    readonly layers: Partial<Record<PolicyLayer, string>>;
    readonly request: PolicyRequest;
    readonly expected: {
      readonly outcome: string;
      readonly denyReason: string | null;
      readonly rules: readonly string[];
      readonly obligations?: readonly object[];
    };
  }[];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../vectors/policy/decisions.json", import.meta.url), "utf8"),
) as DecisionVectors;

const { signal } = new AbortController();
let decider: Decider;
beforeAll(() => {
  decider = inProcessCedar();
});
afterAll(() => decider.close());

test.each(cases)("$what", async ({ layers, request, expected }) => {
  verifies("policy.decision.allow-deny", "policy.cedar");
  const sources = Object.entries(layers).map(([layer, text]) =>
    layer === "file"
      ? { ...agentFile(text), policies: agentFile(text).policies.map(namedLikeLayer) }
      : cedarSource(layer as PolicyLayer, text, layer),
  );
  if (!("file" in layers)) sources.push(agentFile(""));
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

function namedLikeLayer<P extends { readonly id: string; readonly citation: object }>(policy: P): P {
  const id = `file${policy.id.slice(policy.id.lastIndexOf("#"))}`;
  return { ...policy, id, citation: { ...policy.citation, rule: id } };
}
