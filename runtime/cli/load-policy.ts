import { openRules, readCallArguments, readNamedText } from "#host/compose/policy-question.ts";
import { ok } from "#kernel/result.ts";

import { homeFolder } from "./account.ts";
import { createPolicyCommands } from "./policy.ts";

/** `writ policy evaluate` and `explain` over the rules that a run would have. */
export const policyCommands = createPolicyCommands({
  readText: (named, { cwd }) => readNamedText(named, cwd),
  readArguments: readCallArguments,
  async open({ agentFile, agent, policies, environment }, signal) {
    const { cwd, variables } = environment;
    const opened = await openRules(
      { agentFile, agent, policies, cwd, variables, home: homeFolder() },
      signal,
    );
    if (!opened.ok) return opened;
    const bound = opened.value;
    const { principal, tier, warnings, texts, policies: rules } = bound;
    return ok({
      principal,
      tier,
      warnings,
      texts,
      decide: (request, aborted) => rules.decide(request, aborted),
      explain: (request, aborted) => rules.explain(request, aborted),
      close: async () => {
        rules.close();
        await bound.close();
      },
    });
  },
});
