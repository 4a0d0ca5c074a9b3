import { readFileSync } from "node:fs";
import { initSync, preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/web";
import { digest } from "#host/compose/policies.ts";
import { BUILTIN_LAYER } from "#policy/builtin-layer.ts";
import type { CompiledSource } from "#policy/compiled-policy.ts";
import { readRequest } from "#policy/cedar-request.ts";
import { planPolicies } from "#policy/policy-plan.ts";
import type { PolicyRequest } from "#protocol/policy-vocabulary.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { cedarFiles } from "#test/kit/cedar-files.ts";

let started = false;

/**
 * The calls of Cedar that a decision cannot do without, in this thread and with everything prepared:
 * the smallest request, put to the smallest sets.
 */
export const bareCedar = (source: CompiledSource, request: PolicyRequest): (() => void) => {
  if (!started) initSync({ module: new WebAssembly.Module(readFileSync(cedarFiles.wasm)) });
  started = true;
  const plans = planPolicies([BUILTIN_LAYER, source], BUILTIN_TOOLS, digest);
  const reading = readRequest(request, { tools: BUILTIN_TOOLS, inputsOf: () => source.inputs }, digest);
  if (!reading.ok) throw new Error(reading.why);
  const plan = plans.plan(request.principal, reading.value.action);
  if (plan === undefined) throw new Error("the request is of no agent of this source");
  const cedar = reading.value.forPrincipal(0, plan.reads);
  for (const { name, policies } of plans.sets) {
    if (plan.sets.includes(name)) preparsePolicySet(name, { staticPolicies: policies });
  }
  type Call = Parameters<typeof statefulIsAuthorized>[0];
  const calls = plan.sets.map((set) => ({ ...cedar, preparsedPolicySetId: set }) as Call);
  return () => {
    for (const call of calls) {
      if (statefulIsAuthorized(call).type !== "success") throw new Error("Cedar refuses the request");
    }
  };
};
