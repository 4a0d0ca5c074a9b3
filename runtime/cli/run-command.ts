import { isAbort } from "#kernel/abort.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { checkStateFolder } from "#host/state-exposure.ts";

import type { Command, ExitCode, Invocation, Terminal } from "./command.ts";
import { printFault } from "./fault-output.ts";
import { tell } from "./tell.ts";

/** Runs a command; one that was interrupted where it had nothing to tidy up says so and ends with 130. */
export const runCommand = async (command: Command, invocation: Invocation): Promise<ExitCode> => {
  try {
    if (command.state !== undefined) {
      const own = await checkStateFolder(invocation.environment.stateDirectory);
      if (!own.ok && command.state === "writes") {
        printFault(invocation, own.fault);
        return 3;
      }
      if (!own.ok && !invocation.switches.has("json")) warn(invocation.terminal, own.fault);
    }
    return await command.run(invocation);
  } catch (error) {
    if (!isAbort(error)) throw error;
    printFault(invocation, fault("CLI_CANCELLED", "cancelled", { retryable: true }));
    return 130;
  }
};

/** What keeps a command from writing is worth a word to whoever only looks. */
const warn = (terminal: Terminal, { message, help = "" }: Fault<string>): void => {
  tell(terminal, message, { lead: "warning: " });
  tell(terminal, help, { lead: "  " });
};
