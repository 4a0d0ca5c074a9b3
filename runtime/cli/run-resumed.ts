import type { RunId } from "#kernel/ids.ts";
import type { Fault } from "#kernel/result.ts";
import { openHostReader } from "#host/compose/host.ts";
import { resumeRun } from "#host/compose/resume.ts";
import { openRunLedger } from "#host/compose/run.ts";
import { readRuns } from "#host/compose/runs.ts";
import type { RunPeople } from "#host/run-agent.ts";
import type { EffectAsker, ResumeRefusal } from "#host/resume-run.ts";
import type { Workspace } from "#host/workspace.ts";

import { homeFolder } from "./account.ts";
import { isIdEnding } from "./audit-list.ts";
import type { ExitCode, Invocation } from "./command.ts";
import { createConsentPrompt } from "./consent-prompt.ts";
import { effectPromptOf } from "./effect-prompt.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { named, refuseUnnamed, workspaceHere } from "./host-connection.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import type { Behind } from "./run-end.ts";
import { NOT_AGREED, otherPowers, refuseRun, tellEnd, withBehind } from "./run-end.ts";
import { resumeDetached } from "./resume-detached.ts";
import { createRunJson } from "./run-json.ts";
import { createRunView } from "./run-view.ts";
import { tellInterrupted } from "./tell-interrupted.ts";
import { createTerminalApprover } from "./terminal-approver.ts";
import { testRunsHere, testsBegunAnew } from "./test-runs.ts";
import { VERSION } from "./version.ts";

/** `writ run --resume <run>`: goes on with an interrupted run in this process. */
export const runResumed = async (invocation: Invocation): Promise<ExitCode> => {
  const { positionals, values } = invocation;
  const misplaced = ["model", "agent", "input", "sandbox"].find((name) => values.has(name));
  if (positionals.length > 0 || misplaced !== undefined) {
    return refuseUsage(invocation, "a run goes on with what it began with: name no file, model or input");
  }
  const endings = ["resume", "happened", "absent"].flatMap((name) => values.get(name) ?? []);
  if (!endings.every((text) => isIdEnding(text.toLowerCase()))) {
    return refuseUsage(
      invocation,
      "a run or call is named by its id, or by at least its last 6 characters",
      "`writ ps` lists what was interrupted",
    );
  }
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) {
    printFault(invocation, workspace.fault);
    return 2;
  }
  return withBehind(invocation, (behind) => resumeHere(invocation, workspace.value, behind));
};

const resumeHere = async (
  invocation: Invocation,
  workspace: Workspace,
  { closers, told }: Behind,
): Promise<ExitCode> => {
  const { terminal, environment, switches, values, signal } = invocation;
  const place = ledgerPlaceOf(invocation, workspace);
  const unavailable = (reason: Fault<string>): ExitCode => {
    printFault(invocation, reason);
    return 3;
  };
  const reader = await openHostReader(place);
  if (!reader.ok) return unavailable(reader.fault);
  const runs = await readRuns(place, signal);
  if (!runs.ok) return unavailable(runs.fault);
  const tests = await testRunsHere(invocation);
  if (!tests.ok) return unavailable(tests.fault);
  const text = values.get("resume")?.[0] ?? "";
  const found = named([...runs.value, ...tests.value], text, (one) => one.run);
  if (found === undefined) return refuseUnnamed(invocation, [...runs.value, ...tests.value], text);
  const test = tests.value.find((one) => one.run === found.run);
  if (test !== undefined) {
    printFault(invocation, testsBegunAnew(test));
    return 2;
  }
  const run = found.run as RunId;
  if (switches.has("detach")) return resumeDetached(invocation, workspace, reader.value, run);
  const ledger = await openRunLedger(place, `writ ${VERSION}`);
  if (!ledger.ok) return unavailable(ledger.fault);
  const { writable, interrupted } = ledger.value;
  closers.push(() => writable.close());
  const others = interrupted.filter((one) => one.run !== run);
  if (!switches.has("json")) tellInterrupted(others, terminal);

  let notAgreed: Fault<string> = NOT_AGREED;
  const people = peopleHere(invocation, (powers) => void (notAgreed = otherPowers(powers)));
  const { variables, cwd, user } = environment;
  const deps = { workspace, place, ledger: writable, variables, home: homeFolder(), user };
  const ran = await resumeRun(
    { ...deps, reader: reader.value, product: `writ ${VERSION}`, cwd },
    run,
    { planned: () => people },
    signal,
  );
  if (ran.ok) return tellEnd(invocation, ran.value, workspace, told);
  if ("fault" in ran.fault) told.add(ran.fault.fault);
  return refuseResume(ran.fault, notAgreed, invocation);
};

/** The person at this terminal. */
const peopleHere = (
  invocation: Invocation,
  onOtherPowers: Parameters<typeof createConsentPrompt>[0]["onOtherPowers"],
): RunPeople & { readonly effects: EffectAsker } => {
  const { terminal, environment, values, switches, howInterrupted } = invocation;
  const { user } = environment;
  const flag = values.get("consent")?.[0] ?? null;
  return {
    user,
    surface: "terminal",
    consent: createConsentPrompt({ terminal, user, flag, onOtherPowers }),
    isConsentNamed: flag !== null,
    approver: createTerminalApprover({ terminal, user }),
    effects: effectPromptOf(invocation),
    howCancelled: howInterrupted,
    observer: switches.has("json") ? createRunJson(terminal) : createRunView(terminal),
  };
};

const refuseResume = (refusal: ResumeRefusal, notAgreed: Fault<string>, invocation: Invocation): ExitCode => {
  switch (refusal.k) {
    case "refused":
      printFault(invocation, refusal.fault);
      return 1;
    case "unanswered":
      printFault(invocation, refusal.fault);
      return 2;
    default:
      return refuseRun(refusal, notAgreed, invocation);
  }
};
