import { createCedarDecider } from "#adapters/cedar/cedar-decider.ts";
import type { Decider } from "#ports/decider.ts";
import { policyDeciderContract } from "#test/contracts/policy-decider.ts";
import { cedarFiles } from "#test/kit/cedar-files.ts";
import { inProcessCedar } from "#test/kit/in-process-cedar.ts";
import { agentFile, loadPolicies } from "#test/kit/policy-engine.ts";

const RULES = `
  permit (principal, action == Action::"tool_call::read_file", resource);
  forbid (principal, action == Action::"tool_call::shell", resource);
`;

const contractOn = (name: string, open: () => Promise<Decider>): void =>
  policyDeciderContract(name, async () => {
    const decider = await open();
    return { decider: await loadPolicies(decider, [agentFile(RULES)]), close: () => decider.close() };
  });

contractOn("the loaded policies, in Cedar's own thread,", async () => {
  const created = await createCedarDecider(cedarFiles);
  if (!created.ok) throw new Error(created.fault.message);
  return created.value;
});

contractOn("the loaded policies, in the test's thread,", async () => inProcessCedar());
