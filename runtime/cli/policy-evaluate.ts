import { visibleJson } from "#kernel/visible-text.ts";
import type { Command } from "./command.ts";
import { POLICY_OPTIONS, POLICY_USAGE, askPolicies, exitCodeOf } from "./policy-ask.ts";
import type { PolicyCommandDeps } from "./policy-deps.ts";
import { groundsLines, hintLines, verdictLines } from "./policy-text.ts";

export const createPolicyEvaluate = (deps: PolicyCommandDeps): Command => ({
  name: "policy evaluate",
  summary: "Says whether an agent may do something, and which rule says so. 0 is allowed, 1 is not.",
  usage: POLICY_USAGE,
  options: POLICY_OPTIONS,
  examples: [
    {
      line: `echo '{ "tool": "read_file", "arguments": { "path": "a.md" } }' | writ policy evaluate - --agent-file agents/notes.symbi`,
      what: "May the agent of this file read a.md?",
    },
    {
      line: "writ policy evaluate request.json --agent-file review.symbi --agent reviewer --json",
      what: "The decision as JSON, with everything that a run would put on record.",
    },
    {
      line: "writ policy evaluate request.json --agent-file review.symbi --policies proposed/",
      what: "The same with other workspace policies, before they are put in place.",
    },
  ],
  actsUnheard: true,
  run: (invocation) =>
    askPolicies(deps, invocation, "policy evaluate", async (policies, request) => {
      const { terminal, switches, signal } = invocation;
      const decision = await policies.decide(request, signal);
      if (switches.has("json")) {
        terminal.out(visibleJson(JSON.stringify(decision, null, 2)));
      } else {
        for (const line of verdictLines(decision, terminal)) terminal.out(line);
        for (const line of groundsLines(decision, terminal)) terminal.out(line);
        for (const line of hintLines(decision, terminal)) terminal.out(line);
      }
      return exitCodeOf(decision);
    }),
});
