import { setTimeout as sleep } from "node:timers/promises";

import type { RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleJson } from "#kernel/visible-text.ts";
import { giveUpInterrupted } from "#host/compose/give-up.ts";
import { openHostReader } from "#host/compose/host.ts";
import { openRunLedger } from "#host/compose/run.ts";
import type { Workspace } from "#host/workspace.ts";

import { isIdEnding } from "./audit-list.ts";
import { shortId } from "./audit-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import {
  attach,
  codeOf,
  named,
  refuseUnnamed,
  withHost,
  WORKSPACE_OPTION,
  workspaceHere,
} from "./host-connection.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import type { ListedRun } from "./ps.ts";
import { allRunsHere } from "./ps.ts";
import { testsElsewhere } from "./test-runs.ts";
import { UNSEEN_HOST } from "./unseen-host.ts";
import { VERSION } from "./version.ts";

export const stopCommand: Command = {
  name: "stop",
  summary:
    "Cancels a run of the workspace's host, and waits until everything of it is gone; ends an interrupted run for good.",
  usage: "<run> [--workspace <dir>] [--json]",
  options: [WORKSPACE_OPTION, { name: "json", summary: "the run's state as one line of JSON" }],
  examples: [
    { line: "writ stop 3f9a04b1", what: "Cancels the run whose id ends so, as `writ ps` shows it." },
  ],
  actsUnheard: true,
  state: "writes",
  run: (invocation) => stop(invocation),
};

const LISTED = "`writ ps` lists the runs that go on or were interrupted";

const stop = async (invocation: Invocation): Promise<ExitCode> => {
  const [text, ...more] = invocation.positionals;
  if (text === undefined || more.length > 0 || !isIdEnding(text.toLowerCase())) {
    return refuseUsage(invocation, "name one run by its id, or by at least its last 6 characters", LISTED);
  }
  for (let triesLeft = RACE_TRIES_MAX; ; triesLeft -= 1) {
    const code = await stopAsItStands(invocation, text, triesLeft === 0);
    if (code !== "raced") return code;
    await sleep(RACE_WAIT_MS, undefined, { signal: invocation.signal });
  }
};

/** How often, and behind what wait, it is looked again where another process was faster. */
const RACE_TRIES_MAX = 20;
const RACE_WAIT_MS = 250;

/** That another process ended the run or took it up at the same moment, or is about to. */
const RACED: ReadonlySet<string> = new Set(["RUN_SUPERSEDED", "RUN_NOT_INTERRUPTED"]);

const stopAsItStands = async (
  invocation: Invocation,
  text: string,
  isLast: boolean,
): Promise<ExitCode | "raced"> => {
  const { signal, switches, terminal } = invocation;
  const runs = await allRunsHere(invocation);
  if (!runs.ok) {
    printFault(invocation, runs.fault);
    return 3;
  }
  const found = named(runs.value, text, ({ run }) => run);
  if (found === undefined) return refuseUnnamed(invocation, runs.value, text);
  const say = (state: string): ExitCode => {
    if (switches.has("json")) terminal.out(visibleJson(JSON.stringify({ run: found.run, state })));
    else terminal.out(`${shortId(found.run)}  ${state}`);
    return 0;
  };
  if (found.of === "tests") {
    if (found.state !== "running") return say(found.state);
    printFault(invocation, testsElsewhere(found));
    return 3;
  }
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) {
    printFault(invocation, workspace.fault);
    return 3;
  }
  const host = await attach(invocation, workspace.value, false);
  if (!host.ok) {
    printFault(invocation, host.fault);
    return 3;
  }
  const { run } = found;
  const cancelled =
    host.value === null
      ? await stopHere(invocation, workspace.value, found)
      : await withHost(host.value, (peer) =>
          peer.call("run/cancel", { run, reason: "writ stop" }, { signal }),
        );
  if (!cancelled.ok) {
    if (RACED.has(cancelled.fault.code) && !isLast) return "raced";
    printFault(invocation, cancelled.fault);
    return codeOf(cancelled.fault);
  }
  return say(cancelled.value.state);
};

type Stopped = Result<{ readonly state: ListedRun["state"] }, Fault<string> & { readonly error: string }>;

/** What can be done about a run that no host has: one that was interrupted is ended for good. */
const stopHere = async (
  invocation: Invocation,
  workspace: Workspace,
  { run, state }: Pick<ListedRun, "run" | "state">,
): Promise<Stopped> => {
  if (state === "running") return failed(ELSEWHERE);
  if (state !== "interrupted") return ok({ state });
  const unavailable = (reason: Fault<string>): Stopped => failed({ ...reason, error: "unavailable" });
  const { environment, signal } = invocation;
  const { user, variables } = environment;
  const place = ledgerPlaceOf(invocation, workspace);
  const product = `writ ${VERSION}`;
  const reader = await openHostReader(place);
  if (!reader.ok) return unavailable(reader.fault);
  const ledger = await openRunLedger(place, product);
  if (!ledger.ok) return unavailable(ledger.fault);
  const { writable } = ledger.value;
  let closed: Result<void, Fault<string>>;
  let ended: Awaited<ReturnType<typeof giveUpInterrupted>>;
  try {
    ended = await giveUpInterrupted(
      { workspace, place, variables, product, reader: reader.value, ledger: writable },
      run as RunId,
      { user, surface: "terminal", how: "writ stop" },
      signal,
    );
  } finally {
    closed = await writable.close();
  }
  if (!ended.ok) return unavailable(ended.fault.fault);
  return closed.ok ? ok({ state: ended.value }) : unavailable(closed.fault);
};

const ELSEWHERE = {
  ...fault("RUN_ELSEWHERE", "the run belongs to another process than a host", {
    help: `where it was started in a terminal without --detach, Ctrl-C there cancels it; ${UNSEEN_HOST}`,
  }),
  error: "unavailable",
};
