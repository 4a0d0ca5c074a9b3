import type { JsonObject } from "#kernel/json.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";

import type { ExitCode, Invocation } from "./command.ts";
import { tell } from "./tell.ts";

/** What of an invocation decides how a fault is said. */
export type Audience = Pick<Invocation, "terminal" | "switches">;

/**
 * Says on standard error why a command did not do its work, and what to do. With `--json` it is one
 * line, `{"fault": {"code", "message", "help", "retryable"}}`, so that a program never has to read prose.
 * At a terminal the lines are wrapped, but for what a person copies: commands, paths, digests.
 */
export const printFault = ({ terminal, switches }: Audience, reason: Fault<string>): void => {
  if (switches.has("json")) {
    terminal.err(visibleJson(JSON.stringify({ fault: faultDocument(reason) })));
    return;
  }
  tell(terminal, visibleText(reason.message), { lead: "writ: " });
  if (reason.help !== undefined) tell(terminal, visibleText(reason.help), { lead: "  " });
};

export const faultDocument = ({ code, message, help, retryable }: Fault<string>): JsonObject => ({
  code,
  message,
  help: help ?? null,
  retryable,
});

/** A command line that asks for what cannot be done. */
export const refuseUsage = (audience: Audience, message: string, help?: string): ExitCode => {
  printFault(audience, fault("CLI_USAGE", message, help === undefined ? {} : { help }));
  return 2;
};

/**
 * Whether a fault is the command line's, wherever it was found: what it names is not there, cannot be
 * read or is over already, or it lacks what nobody could be asked for.
 */
export const isUsage = (code: string): boolean => USAGE.has(code);

const USAGE: ReadonlySet<string> = new Set([
  "HOST_NO_MODEL",
  "HOST_MODEL_OF_CLIENT",
  "SCRIPT_UNREADABLE",
  "SCRIPT_INVALID",
  "RUN_UNKNOWN",
  "RUN_NOT_INTERRUPTED",
  "RESUME_SUPERSEDED",
  "RUN_CONSENT_UNAVAILABLE",
]);
