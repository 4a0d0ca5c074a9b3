import type { Fault } from "#kernel/result.ts";
import type { Decision, PolicyRequest } from "#protocol/policy-vocabulary.ts";

import type { CommandOption, ExitCode, Invocation } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { printFileProblems, printPolicyWarnings } from "./file-problems.ts";
import type { OpenedPolicies, PolicyCommandDeps } from "./policy-deps.ts";
import { readRequestDocument } from "./policy-request-document.ts";

/** What `policy evaluate` and `policy explain` have in common: reading the question and opening the rules. */

export const POLICY_USAGE =
  "<request.json|-> --agent-file <file> [--agent <name>] [--policies <dir>] [--json]";

export const POLICY_OPTIONS: readonly CommandOption[] = [
  { name: "agent-file", value: "<file>", summary: "the agent file whose rules are asked" },
  {
    name: "agent",
    value: "<name>",
    summary: "which agent of the file; not needed where there is one, or one is named like the file",
  },
  {
    name: "policies",
    value: "<dir>",
    summary: "a folder of .cedar files instead of the workspace's policies/",
  },
  { name: "json", summary: "the answer as one JSON document" },
];

/** Runs `answer` on what was asked, with everything closed behind it. */
export const askPolicies = async (
  deps: PolicyCommandDeps,
  invocation: Invocation,
  name: string,
  answer: (opened: OpenedPolicies, request: PolicyRequest) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const { positionals, values, environment, signal } = invocation;
  const [named, ...more] = positionals;
  const agentFile = values.get("agent-file")?.[0];
  if (named === undefined || more.length > 0) {
    return refuseUsage(
      invocation,
      "name one request, or `-` for standard input",
      `\`writ ${name} --help\` shows how`,
    );
  }
  if (agentFile === undefined) return refuseUsage(invocation, "name the agent file with --agent-file");
  const text = await deps.readText(named, environment);
  if (!text.ok) return refuse(invocation, 2, text.fault);
  const question = {
    agentFile,
    agent: values.get("agent")?.[0] ?? null,
    policies: values.get("policies")?.[0] ?? null,
    environment,
  };
  const opened = await deps.open(question, signal);
  if (!opened.ok) {
    switch (opened.fault.k) {
      case "problems":
        printFileProblems(invocation, opened.fault.problems, opened.fault.texts);
        return 1;
      case "usage":
        return refuse(invocation, 2, opened.fault.fault);
      case "unavailable":
        return refuse(invocation, 3, opened.fault.fault);
    }
  }
  const policies = opened.value;
  try {
    const document = readRequestDocument(text.value, {
      principal: policies.principal,
      tier: policies.tier,
      user: environment.user,
      readArguments: deps.readArguments,
    });
    if (!document.ok) return refuseUsage(invocation, document.message, document.help);
    printPolicyWarnings(invocation, policies.warnings, policies.texts);
    return await answer(policies, document.request);
  } finally {
    await policies.close();
  }
};

/**
 * 0 where the action is done as it stands; 1 where it is denied, and also where a person has to
 * agree first, because a script that goes on without one must not read that as a yes.
 */
export const exitCodeOf = ({ outcome }: Decision): ExitCode =>
  outcome === "allow" || outcome === "allow-with-conditions" ? 0 : 1;

const refuse = (invocation: Invocation, code: ExitCode, reason: Fault<string>): ExitCode => {
  printFault(invocation, reason);
  return code;
};
