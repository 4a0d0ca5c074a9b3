import type { Sha256 } from "#kernel/digest.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { RunRefusal, RunReport } from "#host/run-agent.ts";
import type { Workspace } from "#host/workspace.ts";
import { findWorkspaceOfFolder } from "#host/workspace.ts";

import { showCommand } from "./audit-text.ts";
import type { Closer } from "./closing.ts";
import { closeAll } from "./closing.ts";
import type { ExitCode, Invocation } from "./command.ts";
import type { Audience } from "./fault-output.ts";
import { isUsage, printFault } from "./fault-output.ts";
import { tellUnrecorded } from "./tell-unrecorded.ts";
import { wrapWhole } from "./width.ts";

/** What a run leaves to do behind it. */
export interface Behind {
  /** Ends what was opened. */
  readonly closers: Closer[];
  /** Faults that were said already. */
  readonly told: Set<Fault<string>>;
}

/** Does something that opens much, and closes all of it whatever becomes of it. */
export const withBehind = async (
  audience: Audience,
  act: (behind: Behind) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const closers: Closer[] = [];
  const told = new Set<Fault<string>>();
  let unclosed: readonly Fault<string>[] = [];
  let code: ExitCode;
  try {
    code = await act({ closers, told });
  } finally {
    unclosed = await closeAll(closers);
  }
  // A ledger that could not end as it should leaves less behind to verify against.
  for (const reason of unclosed) if (!told.has(reason)) printFault(audience, reason);
  return code === 0 && unclosed.length > 0 ? 3 : code;
};

/** Says how a run ended beyond what its view showed, and the exit code of that. */
export const tellEnd = async (
  invocation: Invocation,
  report: RunReport,
  workspace: Workspace,
  told: Behind["told"],
): Promise<ExitCode> => {
  const { environment, signal, switches, terminal } = invocation;
  if (report.bug !== null && environment.variables["WRIT_DEBUG"] === "1") throw report.bug;
  if (report.fault !== null) {
    told.add(report.fault);
    printFault(invocation, report.fault);
  }
  if (!report.isRecorded) tellUnrecorded(terminal);
  if (!switches.has("json")) {
    terminal.out("");
    const here = await findWorkspaceOfFolder(environment.cwd);
    const place = here.ok && here.value === workspace.folder ? "" : ` (in ${visibleText(workspace.folder)})`;
    const hint = `${showCommand(report.run, terminal.columns)}${place} shows what was recorded`;
    for (const text of wrapWhole(hint, terminal.columns)) terminal.out(terminal.style.dim(text));
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

/** Reasons that say that something a run stands on was missing or refused. */
const MISSING: ReadonlySet<string> = new Set([
  "MODEL_UNAVAILABLE",
  "MODEL_REFUSED",
  "MODEL_BAD_ANSWER",
  "MODEL_TIMEOUT",
  "SESSION_UNAVAILABLE",
  "SANDBOX_LOST",
  "LEDGER_REFUSED",
]);

export const NOT_AGREED = fault("CLI_CONSENT_REFUSED", "nothing was run: its powers were not agreed to");

/** Why nothing was run when `--consent` was given another digest than that of this run's powers. */
export const otherPowers = (powers: Sha256): Fault<"CLI_CONSENT_REFUSED"> =>
  fault("CLI_CONSENT_REFUSED", "nothing was run: --consent names other powers than this run's", {
    help: `the powers of this run are ${powers}; \`writ check --powers\` says what they allow`,
  });

/** Says why nothing was run. */
export const refuseRun = (refusal: RunRefusal, notAgreed: Fault<string>, audience: Audience): ExitCode => {
  const refuse = (code: ExitCode, reason: Fault<string>): ExitCode => {
    printFault(audience, reason);
    return code;
  };
  switch (refusal.k) {
    case "usage":
      return refuse(2, refusal.fault);
    case "unavailable":
      return refuse(isUsage(refusal.fault.code) ? 2 : 3, refusal.fault);
    case "consent-refused":
      return refuse(1, notAgreed);
    case "consent-unavailable": {
      const message =
        "nobody here can be asked whether the agent may have its powers, and no --consent names them";
      return refuse(2, fault("CLI_CONSENT_UNAVAILABLE", message, { help: refusal.help }));
    }
  }
};
