import { isAbort } from "#kernel/abort.ts";
import { fault } from "#kernel/result.ts";

import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault } from "./fault-output.ts";

/** Runs a command; one that was interrupted where it had nothing to tidy up says so and ends with 130. */
export const runCommand = async (command: Command, invocation: Invocation): Promise<ExitCode> => {
  try {
    return await command.run(invocation);
  } catch (error) {
    if (!isAbort(error)) throw error;
    printFault(invocation, fault("CLI_CANCELLED", "cancelled", { retryable: true }));
    return 130;
  }
};
