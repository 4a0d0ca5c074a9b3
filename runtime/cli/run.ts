import { resolve } from "node:path";

import { utf8Text } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { TIER_NAMES, tierNamed } from "#host/choose-tier.ts";
import { newWorkspaceId } from "#host/compose/ids.ts";
import { openLowering } from "#host/compose/lowering.ts";
import { digest, openPolicyEngine } from "#host/compose/policies.ts";
import { openModel } from "#host/compose/models.ts";
import { openRunLedger, policyFolders, runAdapters, sandboxProviders } from "#host/compose/run.ts";
import type { PlanRefusal, RunOrder } from "#host/plan-run.ts";
import { planRun } from "#host/plan-run.ts";
import { gatherPolicySources } from "#host/policy-sources.ts";
import type { RunRefusal } from "#host/run-agent.ts";
import { runPlanned } from "#host/run-agent.ts";
import { readSourceFile } from "#host/source-file.ts";
import type { Workspace } from "#host/workspace.ts";
import { findWorkspace, findWorkspaceOfFolder, workspacePath } from "#host/workspace.ts";
import { identifyWorkspace, reclaimingHelp, unclaimedLedgers } from "#host/workspace-identity.ts";
import type { LanguageModel } from "#ports/language-model.ts";

import { homeFolder } from "./account.ts";
import type { Closer } from "./closing.ts";
import { closeAll, closing } from "./closing.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { createConsentPrompt } from "./consent-prompt.ts";
import type { Audience } from "./fault-output.ts";
import { printFault } from "./fault-output.ts";
import { printFileProblems, printPolicyWarnings } from "./file-problems.ts";
import { runDetached } from "./run-detached.ts";
import { createRunJson } from "./run-json.ts";
import { createRunView } from "./run-view.ts";
import { tellInterrupted } from "./tell-interrupted.ts";
import { tellNewWorkspace } from "./tell-unclaimed.ts";
import { createTerminalApprover } from "./terminal-approver.ts";
import { VERSION } from "./version.ts";
import { wrap } from "./width.ts";

export const runCommand: Command = {
  name: "run",
  summary: "Runs an agent: asks for consent, shows every step, asks a person where a rule says so.",
  usage:
    "<file> --model <model> [--agent <name>] [--input <name=value>] [--sandbox <tier>] [--consent <digest>] [--detach] [--json]",
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
      summary: "agree to the powers of this digest, as `writ check --powers` prints it",
    },
    { name: "workspace", value: "<dir>", summary: "the folder that the file belongs to" },
    { name: "dir", value: "<dir>", summary: "where the ledger lies, instead of this user's state folder" },
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
  ],
  actsUnheard: true,
  run: (invocation) => run(invocation),
};

/** What ends a command before its work is done, with what to print. */
interface Stop {
  readonly code: ExitCode;
  readonly fault: Fault<string>;
}

const run = async (invocation: Invocation): Promise<ExitCode> => {
  const { signal } = invocation;
  const order = await readOrder(invocation);
  if (!order.ok) return stop(invocation, order.fault);
  if (invocation.switches.has("detach")) {
    const { texts } = order.value;
    return runDetached(invocation, order.value, (refusal) => refusePlan(refusal, texts, invocation));
  }

  const closers: Closer[] = [];
  const told = new Set<Fault<string>>();
  let unclosed: readonly Fault<string>[] = [];
  let code: ExitCode;
  try {
    code = await runOrder(invocation, order.value, { closers, told }, signal);
  } finally {
    unclosed = await closeAll(closers);
  }
  // A ledger that could not end as it should leaves less behind to verify against.
  for (const reason of unclosed) if (!told.has(reason)) printFault(invocation, reason);
  return code === 0 && unclosed.length > 0 ? 3 : code;
};

/** What a run leaves to do behind it. */
interface Behind {
  /** Ends what was opened. */
  readonly closers: Closer[];
  /** Faults that were said already. */
  readonly told: Set<Fault<string>>;
}

/** The command line with everything read that it names. */
interface ReadOrder {
  readonly order: RunOrder;
  readonly workspace: Workspace;
  readonly model: LanguageModel;
  readonly inputs: ReadonlyMap<string, string>;
  /** Texts by the name under which problems show them. */
  readonly texts: ReadonlyMap<string, string>;
}

const readOrder = async (invocation: Invocation): Promise<Result<ReadOrder, Stop>> => {
  const { positionals, values, environment } = invocation;
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
  if (!model.ok) return failed({ code: MODEL_USAGE.includes(model.fault.code) ? 2 : 3, fault: model.fault });

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
    model: model.value,
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

  const folder = values.get("dir")?.[0] ?? environment.variables["SYMBI_AUDIT_STORAGE"] ?? "";
  const place = {
    stateDirectory: environment.stateDirectory,
    workspace: workspace.id,
    folder: folder === "" ? null : resolve(environment.cwd, folder),
  };
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
  const report = ran.value;
  if (report.bug !== null && environment.variables["WRIT_DEBUG"] === "1") throw report.bug;
  if (report.fault !== null) {
    told.add(report.fault);
    printFault(invocation, report.fault);
  }
  if (!report.isRecorded) {
    terminal.err("  how this run ended is not on record; the next run will note that it was interrupted");
  }
  if (!asJson) {
    terminal.out("");
    const here = await findWorkspaceOfFolder(environment.cwd);
    const place = here.ok && here.value === workspace.folder ? "" : ` (in ${visibleText(workspace.folder)})`;
    const hint = `\`writ audit show ${report.run}\`${place} shows what was recorded`;
    for (const text of wrap(hint, terminal.columns)) {
      terminal.out(terminal.style.dim(text));
    }
  }
  return endCode(report, signal);
};

const endCode = (
  report: { readonly end: { readonly outcome: string; readonly reason: string }; readonly fault: unknown },
  signal: AbortSignal,
): ExitCode => {
  if (report.end.outcome === "completed") return 0;
  if (report.end.outcome === "cancelled" || signal.aborted) return 130;
  return report.fault !== null || MISSING.has(report.end.reason) ? 3 : 1;
};

/** Why there is no model when the command line is to blame, and not this machine or its settings. */
const MODEL_USAGE: readonly string[] = ["HOST_NO_MODEL", "SCRIPT_UNREADABLE", "SCRIPT_INVALID"];

/** Reasons that say that something a run stands on was missing or refused. */
const MISSING: ReadonlySet<string> = new Set([
  "MODEL_UNAVAILABLE",
  "MODEL_REFUSED",
  "MODEL_TIMEOUT",
  "SESSION_UNAVAILABLE",
  "LEDGER_REFUSED",
]);

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

const NOT_AGREED = fault("CLI_CONSENT_REFUSED", "nothing was run: its powers were not agreed to");

/** Why nothing was run when `--consent` was given another digest than that of this run's powers. */
const otherPowers = (powers: Sha256): Fault<"CLI_CONSENT_REFUSED"> =>
  fault("CLI_CONSENT_REFUSED", "nothing was run: --consent names other powers than this run's", {
    help: `the powers of this run are ${powers}; \`writ check --powers\` says what they allow`,
  });

const refuseRun = (refusal: RunRefusal, notAgreed: Fault<string>, invocation: Audience): ExitCode => {
  switch (refusal.k) {
    case "usage":
      return stop(invocation, { code: 2, fault: refusal.fault });
    case "unavailable":
      return stop(invocation, { code: 3, fault: refusal.fault });
    case "consent-refused":
      return stop(invocation, { code: 1, fault: notAgreed });
    case "consent-unavailable": {
      const message = "nobody here can be asked whether the agent may have its powers";
      return stop(invocation, {
        code: 2,
        fault: fault("CLI_CONSENT_UNAVAILABLE", message, { help: refusal.help }),
      });
    }
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
