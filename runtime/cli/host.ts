import { visibleText } from "#kernel/visible-text.ts";
import { runHost } from "#host/compose/host.ts";

import { homeFolder } from "./account.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault } from "./fault-output.ts";
import { WORKSPACE_OPTION, workspaceHere } from "./host-connection.ts";
import { tell } from "./tell.ts";
import { VERSION } from "./version.ts";

export const hostCommand: Command = {
  name: "host",
  summary:
    "Is the host of a workspace that was run in, until nobody needs it any more; clients start it by themselves.",
  usage: "[--workspace <dir>]",
  options: [WORKSPACE_OPTION],
  examples: [],
  hidden: true,
  actsUnheard: true,
  state: "writes",
  run: (invocation) => host(invocation),
};

/** Lines that one host says of its runs: its output is a file that nobody may ever look at. */
const NOTICES_MAX = 500;

const host = async (invocation: Invocation): Promise<ExitCode> => {
  const { environment, signal, terminal } = invocation;
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) {
    printFault(invocation, workspace.fault);
    return 3;
  }
  const { stateDirectory, variables, user } = environment;
  let notices = 0;
  const ended = await runHost(
    {
      workspace: workspace.value,
      stateDirectory,
      variables,
      home: homeFolder(),
      user,
      product: `writ ${VERSION}`,
    },
    (run, text) => {
      notices += 1;
      if (notices <= NOTICES_MAX) tell(terminal, `run ${run}: ${visibleText(text)}`);
    },
    signal,
  );
  if (ended.ok) return 0;
  printFault(invocation, ended.fault);
  return 3;
};
