import { visibleJson } from "#kernel/visible-text.ts";
import type { Command } from "./command.ts";
import { POLICY_OPTIONS, POLICY_USAGE, askPolicies, exitCodeOf } from "./policy-ask.ts";
import type { PolicyCommandDeps } from "./policy-deps.ts";
import { layerLines, suggestionLines, verdictLines } from "./policy-text.ts";

export const createPolicyExplain = (deps: PolicyCommandDeps): Command => ({
  name: "policy explain",
  summary: "Says what every layer of rules thinks of an action, and what would permit it.",
  usage: POLICY_USAGE,
  options: POLICY_OPTIONS,
  examples: [
    {
      line: `echo '{ "tool": "shell", "arguments": { "command": "ls" } }' | writ policy explain - --agent-file agents/notes.symbi`,
      what: "Why may the agent not run a command, and what to write if it should?",
    },
    {
      line: "writ policy explain request.json --agent-file review.symbi --json",
      what: "The same for programs, each rule with the condition that failed.",
    },
  ],
  run: (invocation) =>
    askPolicies(deps, invocation, "policy explain", async (policies, request) => {
      const { terminal, switches, signal } = invocation;
      const explanation = await policies.explain(request, signal);
      if (switches.has("json")) {
        terminal.out(visibleJson(JSON.stringify(explanation, null, 2)));
      } else {
        for (const line of verdictLines(explanation.decision, terminal)) terminal.out(line);
        for (const line of layerLines(explanation, terminal)) terminal.out(line);
        for (const line of suggestionLines(explanation, terminal)) terminal.out(line);
      }
      return exitCodeOf(explanation.decision);
    }),
});
