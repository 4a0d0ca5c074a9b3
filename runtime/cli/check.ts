import { visibleJson } from "#kernel/visible-text.ts";
import { mayRun } from "#protocol/problem.ts";

import { type CheckDeps, checkFile, type CheckedFile } from "./check-files.ts";
import { checkDocument } from "./check-json.ts";
import { printCounts, printFile } from "./check-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { refuseUsage } from "./fault-output.ts";

export const createCheckCommand = (deps: CheckDeps): Command => ({
  name: "check",
  summary: "Says what is wrong with agent files, and what of them would not be enforced.",
  usage:
    "<file...> [--json] [--powers] [--agent <name>] [--model <model>] [--sandbox <tier>] [--workspace <dir>]",
  options: [
    { name: "json", summary: "one JSON document instead of text" },
    { name: "powers", summary: "also what a run may do, and the digest that `writ run --consent` takes" },
    {
      name: "agent",
      value: "<name>",
      summary: "show the powers of this agent only, not of every agent of the file",
    },
    { name: "model", value: "<model>", summary: "the model of the run whose powers are shown" },
    { name: "sandbox", value: "<tier>", summary: "the sandbox of the run whose powers are shown" },
    { name: "workspace", value: "<dir>", summary: "the folder that the files belong to" },
  ],
  examples: [
    { line: "writ check agents/*.symbi", what: "Lists problems with their place, and how to mend them." },
    { line: "writ check --powers review.symbi", what: "Shows what the agent may do before it is ever run." },
    { line: "writ check --json review.symbi", what: "The same for programs." },
  ],
  actsUnheard: true,
  run: (invocation) => check(deps, invocation),
});

const check = async (deps: CheckDeps, invocation: Invocation): Promise<ExitCode> => {
  const { positionals, terminal, switches } = invocation;
  if (positionals.length === 0) {
    return refuseUsage(invocation, "which file?", "`writ check --help` shows how");
  }
  const lowering = deps.openLowering();
  try {
    const files: CheckedFile[] = [];
    for (const path of positionals) {
      const file = await checkFile(deps, lowering, invocation, path);
      files.push(file);
      if (!switches.has("json")) printFile(file, invocation);
    }
    if (switches.has("json")) terminal.out(visibleJson(JSON.stringify(checkDocument(files), null, 2)));
    else printCounts(files, terminal);
    return exitCode(files);
  } finally {
    await lowering.close();
  }
};

const exitCode = (files: readonly CheckedFile[]): ExitCode => {
  const outcomes = files.map(({ outcome }) => outcome);
  const refused = outcomes
    .flatMap((outcome) => (outcome.k === "checked" ? outcome.powers : []))
    .flatMap(({ result }) => (result.ok ? [] : [result.fault.code]));
  if (outcomes.some(({ k }) => k === "usage") || refused.some((code) => USAGE.includes(code))) return 2;
  if (outcomes.some((outcome) => outcome.k !== "checked" || !mayRun(outcome.checked.problems))) return 1;
  return refused.length > 0 ? 3 : 0;
};

/** Why powers cannot be shown when the command line is to blame and not this machine. */
const USAGE: readonly string[] = ["HOST_NO_MODEL", "HOST_USAGE"];
