import { fault, ok } from "#kernel/result.ts";
import { visibleJson } from "#kernel/visible-text.ts";

import { isIdEnding } from "./audit-list.ts";
import { shortId } from "./audit-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { attach, codeOf, named, withHost, WORKSPACE_OPTION, workspaceHere } from "./host-connection.ts";
import { allRunsHere } from "./ps.ts";
import { testsElsewhere } from "./test-runs.ts";

export const stopCommand: Command = {
  name: "stop",
  summary: "Cancels a run of the workspace's host, and waits until everything of it is gone.",
  usage: "<run> [--workspace <dir>] [--json]",
  options: [WORKSPACE_OPTION, { name: "json", summary: "the run's state as one line of JSON" }],
  examples: [
    { line: "writ stop 3f9a04b1", what: "Cancels the run whose id ends so, as `writ ps` shows it." },
  ],
  actsUnheard: true,
  run: (invocation) => stop(invocation),
};

const stop = async (invocation: Invocation): Promise<ExitCode> => {
  const { positionals, signal, switches, terminal } = invocation;
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0 || !isIdEnding(text.toLowerCase())) {
    return refuseUsage(invocation, "name one run by its id, or by at least its last 6 characters");
  }
  const runs = await allRunsHere(invocation);
  if (!runs.ok) {
    printFault(invocation, runs.fault);
    return 3;
  }
  const found = named(runs.value, text, ({ run }) => run);
  if (found === undefined)
    return refuseUsage(invocation, "no run here has that id, or more than one", "see `writ ps --all`");
  const tell = (state: string): ExitCode => {
    if (switches.has("json")) terminal.out(visibleJson(JSON.stringify({ run: found.run, state })));
    else terminal.out(`${shortId(found.run)}  ${state}`);
    return 0;
  };
  if (found.of === "tests") {
    if (found.state !== "running") return tell(found.state);
    printFault(invocation, testsElsewhere(found));
    return 3;
  }
  const workspace = await workspaceHere(invocation);
  const host = workspace.ok ? await attach(invocation, workspace.value, false) : workspace;
  if (!host.ok) {
    printFault(invocation, host.fault);
    return 3;
  }
  const { run } = found;
  const cancelled =
    host.value === null
      ? found.state === "running"
        ? ELSEWHERE
        : ok({ state: found.state })
      : await withHost(host.value, (peer) =>
          peer.call("run/cancel", { run, reason: "writ stop" }, { signal }),
        );
  if (!cancelled.ok) {
    printFault(invocation, cancelled.fault);
    return codeOf(cancelled.fault);
  }
  return tell(cancelled.value.state);
};

const ELSEWHERE = {
  ok: false,
  fault: {
    ...fault("RUN_ELSEWHERE", "the run belongs to another process than a host", {
      help: "it was started in a terminal without --detach: Ctrl-C there cancels it",
    }),
    error: "unavailable",
  },
} as const;
