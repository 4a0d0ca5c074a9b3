import type { Fault, Result } from "#kernel/result.ts";
import { fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { readTestRuns } from "#host/compose/runs.ts";
import type { TestRunSummary } from "#host/tests/test-run-history.ts";

import { shortId } from "./audit-text.ts";
import type { Invocation } from "./command.ts";
import { workspaceHere } from "./host-connection.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";

/** The runs of `writ test run` in the workspace, newest first, as the ledger has them. */
export const testRunsHere = async (
  invocation: Invocation,
): Promise<Result<readonly TestRunSummary[], Fault<string>>> => {
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) return workspace;
  const read = await readTestRuns(ledgerPlaceOf(invocation, workspace.value), invocation.signal);
  return read.ok ? ok(read.value.toReversed()) : read;
};

/** Why a run of tests that goes on is not ended from here. */
export const testsElsewhere = ({ document }: TestRunSummary): Fault<"RUN_ELSEWHERE"> =>
  fault(
    "RUN_ELSEWHERE",
    `the tests of \`${visibleText(document)}\` are sent by the command that started them`,
    {
      help: "Ctrl-C in its terminal ends it, or SIGTERM to its process",
    },
  );

/** Why nobody goes on with a run of tests. */
export const testsBegunAnew = ({ run, document, state }: TestRunSummary): Fault<"RESUME_NOT_AN_AGENT"> => {
  const anew = `\`writ test run ${visibleText(document)} --origin <origin>\` sends all of them again`;
  const sent = `\`writ audit show ${shortId(run)}\` shows what this run sent`;
  return fault("RESUME_NOT_AN_AGENT", "this is a run of tests, which are begun anew and not gone on with", {
    help: state === "running" ? "it goes on in the terminal that started it" : `${anew}; ${sent}`,
  });
};
