import { resolve } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import { invariant } from "#kernel/invariant.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { TIER_NAMES, tierNamed } from "#host/choose-tier.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import { openLowering } from "#host/compose/lowering.ts";
import { digest, openPolicyEngine } from "#host/compose/policies.ts";
import { openModel } from "#host/compose/models.ts";
import { openRunLedger, policyFolders, runAdapters, sandboxProviders } from "#host/compose/run.ts";
import type { PlanRefusal, RunOrder } from "#host/plan-run.ts";
import { planRun } from "#host/plan-run.ts";
import { gatherPolicySources } from "#host/policy-sources.ts";
import { runPlanned } from "#host/run-agent.ts";
import { readSourceFile } from "#host/source-file.ts";
import type { Workspace } from "#host/workspace.ts";
import { findWorkspace, workspacePath } from "#host/workspace.ts";
import { identifyWorkspace, reclaimingHelp, unclaimedLedgers } from "#host/workspace-identity.ts";
import type { LanguageModel } from "#ports/language-model.ts";

import { homeFolder } from "./account.ts";
import { closing } from "./closing.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { createConsentPrompt } from "./consent-prompt.ts";
import type { Audience } from "./fault-output.ts";
import { isUsage, printFault, refuseUsage } from "./fault-output.ts";
import { printFileProblems, printPolicyWarnings } from "./file-problems.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import { runDetached } from "./run-detached.ts";
import type { Behind } from "./run-end.ts";
import { NOT_AGREED, otherPowers, refuseRun, tellEnd, withBehind } from "./run-end.ts";
import { createRunJson } from "./run-json.ts";
import { runResumed } from "./run-resumed.ts";
import { createRunView } from "./run-view.ts";
import { tellInterrupted } from "./tell-interrupted.ts";
import { tellNewWorkspace } from "./tell-unclaimed.ts";
import { createTerminalApprover } from "./terminal-approver.ts";
import { VERSION } from "./version.ts";

export const runCommand: Command = {
  name: "run",
  summary: "Runs an agent: asks for consent, shows every step, asks a person where a rule says so.",
  usage:
    "<file> --model <model> [--agent <name>] [--input <name=value>] [--sandbox <tier>] [--consent <digest>] [--detach] [--json]; or --resume <run> [--happened <call>] [--absent <call>] [--detach] [--json]",
  options: [
    {
      name: "model",
      value: "<model>",
      summary: "the model that drives the agent: `openai:<model>`, `<endpoint>:<model>` or `scripted:<file>`",
    },
    {
      name: "agent",
      value: "<name>",
      summary: "which agent of the file; else its only one, or of several the one named like the file",
    },
    {
      name: "input",
      value: "<name=value>",
      summary: "an input of the agent; may be given several times",
      multiple: true,
    },
    {
      name: "sandbox",
      value: "<tier>",
      summary: "auto, wasm, docker or gvisor; a floor in the file still holds",
    },
    {
      name: "consent",
      value: "<digest>",
      summary:
        "agree to the powers of this digest, as `writ check --powers` prints it: at least its first 12 digits, with --detach all 64",
    },
    { name: "workspace", value: "<dir>", summary: "the folder that the file belongs to" },
    { name: "dir", value: "<dir>", summary: "where the ledger lies, instead of this user's state folder" },
    {
      name: "resume",
      value: "<run>",
      summary: "go on with a run that was interrupted, as `writ ps` lists it, instead of starting one",
    },
    {
      name: "happened",
      value: "<call>",
      summary: "with --resume: this call, of which nobody saw the end, did happen",
      multiple: true,
    },
    {
      name: "absent",
      value: "<call>",
      summary: "with --resume: this call did not happen, and is done again",
      multiple: true,
    },
    {
      name: "detach",
      summary: "start it in the workspace's host and return at once: it outlives this terminal",
    },
    { name: "json", summary: "every event as one line of JSON" },
  ],
  examples: [
    {
      line: "writ run agents/notes.symbi --input topic=tides --model scripted:model.json",
      what: "Runs the file's agent with one input.",
    },
    {
      line: "WRIT_MODEL_URL=http://127.0.0.1:11434/v1 writ run review.symbi --model openai:llama3.2",
      what: "Runs it on a model of this machine.",
    },
    {
      line: "writ run review.symbi --model scripted:m.json --consent 3f9a04b1c2d3",
      what: "The same where nobody can be asked.",
    },
    {
      line: "writ run --resume 3f9a04b1",
      what: "Goes on with the run whose id ends so, where its killed host left it.",
    },
  ],
  actsUnheard: true,
  state: "writes",
  run: (invocation) => run(invocation),
};

/** What ends a command before its work is done, with what to print. */
interface Stop {
  readonly code: ExitCode;
  readonly fault: Fault<string>;
}

const run = async (invocation: Invocation): Promise<ExitCode> => {
  const { signal, values } = invocation;
  if (values.has("resume")) return runResumed(invocation);
  const misplaced = ["happened", "absent"].find((name) => values.has(name));
  if (misplaced !== undefined) {
    return refuseUsage(invocation, `--${misplaced} says something of a run that goes on, with --resume`);
  }
  const order = await readOrder(invocation);
  if (!order.ok) return stop(invocation, order.fault);
  if (invocation.switches.has("detach")) {
    const { texts } = order.value;
    return runDetached(invocation, order.value, (refusal) => refusePlan(refusal, texts, invocation));
  }

  return withBehind(invocation, (behind) => runOrder(invocation, order.value, behind, signal));
};

/** The command line with everything read that it names. */
interface ReadOrder {
  readonly order: RunOrder;
  readonly workspace: Workspace;
  /** Null for one that only a host can ask. */
  readonly model: LanguageModel | null;
  readonly inputs: ReadonlyMap<string, string>;
  /** Texts by the name under which problems show them. */
  readonly texts: ReadonlyMap<string, string>;
}

const readOrder = async (invocation: Invocation): Promise<Result<ReadOrder, Stop>> => {
  const { positionals, values, switches, environment } = invocation;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) return usage("CLI_USAGE", "name one agent file");
  const sandbox = tierNamed(values.get("sandbox")?.[0] ?? null);
  if (sandbox === undefined) return usage("CLI_USAGE", TIER_NAMES);
  const inputs = inputTexts(values.get("input") ?? []);
  if (inputs === undefined) return usage("CLI_USAGE", "--input is <name>=<value>, each name once");

  const absolute = resolve(environment.cwd, file);
  const bytes = await readSourceFile(absolute);
  if (!bytes.ok) return failed({ code: 2, fault: bytes.fault });
  const chosen = values.get("workspace")?.[0];
  const folder = await findWorkspace(
    absolute,
    chosen === undefined ? null : resolve(environment.cwd, chosen),
  );
  if (!folder.ok) return failed({ code: 2, fault: folder.fault });
  const path = await workspacePath(folder.value, absolute);
  if (path === null) return usage("CLI_OUTSIDE_WORKSPACE", "the file lies outside the workspace");
  const model = await openModel(values.get("model")?.[0] ?? null, { ...environment, home: homeFolder() });
  const isForHost = !model.ok && model.fault.code === "HOST_MODEL_OF_CLIENT" && switches.has("detach");
  if (!model.ok && !isForHost) {
    return failed({ code: isUsage(model.fault.code) ? 2 : 3, fault: model.fault });
  }

  const sources = await gatherPolicySources(policyFolders(folder.value, environment.variables, homeFolder()));
  if (!sources.ok) return failed({ code: 3, fault: sources.fault });
  const state = environment.stateDirectory;
  const workspace = await identifyWorkspace(folder.value, state, newWorkspaceId);
  if (!workspace.ok) return failed({ code: 3, fault: workspace.fault });
  if (workspace.value.isNew) {
    const unclaimed = await unclaimedLedgers(state);
    tellNewWorkspace(unclaimed, reclaimingHelp(folder.value, state, unclaimed), invocation);
  }
  return ok({
    order: {
      bytes: bytes.value,
      path,
      agent: values.get("agent")?.[0] ?? null,
      sandbox,
      policySources: sources.value,
    },
    workspace: workspace.value,
    model: model.ok ? model.value : null,
    inputs,
    texts: new Map([
      [path, utf8Text(bytes.value) ?? ""],
      ...sources.value.map((source) => [source.file, source.text] as const),
    ]),
  });
};

const runOrder = async (
  invocation: Invocation,
  { order, workspace, model, inputs, texts }: ReadOrder,
  { closers, told }: Behind,
  signal: AbortSignal,
): Promise<ExitCode> => {
  const { terminal, environment, values, switches } = invocation;
  invariant(model !== null, "only a detached run has a model that this process cannot ask");
  const lowering = openLowering();
  closers.push(closing(() => lowering.close()));
  const policies = await openPolicyEngine();
  if (!policies.ok) return stop(invocation, { code: 3, fault: policies.fault });
  const { engine, decider } = policies.value;
  closers.push(closing(() => decider.close()));

  const plan = await planRun(
    { lowering, engine, providers: sandboxProviders(environment), model, digest },
    order,
    signal,
  );
  if (!plan.ok) return refusePlan(plan.fault, texts, invocation);
  closers.push(closing(() => plan.value.policies.close()));
  printPolicyWarnings(invocation, plan.value.warnings, texts);

  const place = ledgerPlaceOf(invocation, workspace);
  const ledger = await openRunLedger(place, `writ ${VERSION}`);
  if (!ledger.ok) return stop(invocation, { code: 3, fault: ledger.fault });
  const { writable, interrupted } = ledger.value;
  closers.push(() => writable.close());

  const { user } = environment;
  const asJson = switches.has("json");
  // Programs find it in the ledger; an event for them would have to belong to the run that is to come.
  if (!asJson) tellInterrupted(interrupted, terminal);
  const consentFlag = values.get("consent")?.[0] ?? null;
  let notAgreed = NOT_AGREED;
  const ran = await runPlanned(
    {
      ...runAdapters(workspace, place, environment.variables),
      plan: plan.value,
      ledger: writable,
      model,
    },
    { k: "texts", texts: inputs },
    {
      user,
      surface: "terminal",
      consent: createConsentPrompt({
        terminal,
        user,
        flag: consentFlag,
        onOtherPowers: (powers) => void (notAgreed = otherPowers(powers)),
      }),
      isConsentNamed: consentFlag !== null,
      approver: createTerminalApprover({ terminal, user }),
      howCancelled: invocation.howInterrupted,
      observer: asJson ? createRunJson(terminal) : createRunView(terminal),
    },
    signal,
  );
  if (!ran.ok) {
    if ("fault" in ran.fault) told.add(ran.fault.fault);
    return refuseRun(ran.fault, notAgreed, invocation);
  }
  return tellEnd(invocation, ran.value, workspace, told);
};

const refusePlan = (
  refusal: PlanRefusal,
  texts: ReadonlyMap<string, string>,
  invocation: Audience,
): ExitCode => {
  switch (refusal.k) {
    case "problems":
      printFileProblems(invocation, refusal.problems, texts);
      return 1;
    case "usage":
      return stop(invocation, { code: 2, fault: refusal.fault });
    case "unavailable":
      return stop(invocation, { code: 3, fault: refusal.fault });
  }
};

const usage = (code: string, message: string): Result<never, Stop> =>
  failed({ code: 2, fault: fault(code, message, { help: "`writ run --help` shows options and examples" }) });

const stop = (audience: Audience, { code, fault: reason }: Stop): ExitCode => {
  printFault(audience, reason);
  return code;
};

const inputTexts = (given: readonly string[]): ReadonlyMap<string, string> | undefined => {
  const inputs = new Map<string, string>();
  for (const text of given) {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(0, equals));
    if (name === "" || inputs.has(name)) return undefined;
    inputs.set(name, text.slice(equals + 1));
  }
  return inputs;
};
