import { resolve } from "node:path";

import type { TestRunOf, TestRunPeople, TestRunRefusal, TestTarget } from "#host/compose/api-test-run.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";

import { homeFolder } from "./account.ts";
import { plural } from "./audit-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { faultDocument, printFault, refuseUsage } from "./fault-output.ts";
import { printFileProblems, printPolicyWarnings } from "./file-problems.ts";
import { tellInterrupted } from "./tell-interrupted.ts";
import { tellNewWorkspace } from "./tell-unclaimed.ts";
import { tellUnrecorded } from "./tell-unrecorded.ts";
import { createTerminalApprover } from "./terminal-approver.ts";
import {
  type AskedTests,
  askTests,
  documentProblem,
  numberIn,
  readAsked,
  SEED_OPTIONS,
  tellNoOperation,
} from "./test-ask.ts";
import type { TestCommandDeps } from "./test-deps.ts";
import { recordLines, reportLines } from "./test-report-text.ts";
import { verdictOf } from "./test-verdict.ts";
import { VERSION } from "./version.ts";
import { tell } from "./tell.ts";

const REQUESTS_MAX_DEFAULT = 5_000;
const REQUESTS_MAX_MOST = 1_000_000;
const RATE_MOST = 100_000;

export const createTestRun = (deps: TestCommandDeps): Command => ({
  name: "test run",
  summary: "Sends tests made of an OpenAPI document to a server and says where it contradicts the document.",
  usage:
    "<document> --origin <origin> [--credential <scheme=VARIABLE>] [--seed <number>] [--requests-max <number>] [--rate <number>] [--dir <dir>] [--json]",
  options: [
    {
      name: "origin",
      value: "<origin>",
      summary: "the one server that is sent requests, such as http://127.0.0.1:8080; data on it will change",
    },
    {
      name: "requests-max",
      value: "<number>",
      summary: `most requests of the run; ${REQUESTS_MAX_DEFAULT} if not given`,
    },
    {
      name: "rate",
      value: "<number>",
      summary: "most requests of one second; as fast as answers come if not given",
    },
    { name: "dir", value: "<dir>", summary: "where the ledger lies, instead of this user's state folder" },
    ...SEED_OPTIONS,
  ],
  examples: [
    {
      line: "writ test run openapi.yaml --origin http://127.0.0.1:8080",
      what: "Tries every operation, also those that delete: use a server that is there for tests.",
    },
    {
      line: "writ test run openapi.yaml --origin http://127.0.0.1:8080 --seed 7 --requests-max 500 --json",
      what: "Other values, fewer requests, one JSON document.",
    },
    {
      line: "writ test run openapi.yaml --origin https://test.example.com --credential api_key=ORDERS_KEY",
      what: "With the key in the variable ORDERS_KEY, for the scheme that the document calls `api_key`.",
    },
  ],
  actsUnheard: true,
  state: "writes",
  run: async (invocation) => {
    const { values, environment } = invocation;
    const origin = values.get("origin")?.[0];
    if (origin === undefined) {
      const help = "a document's `servers` are suggestions; --origin says that this server is meant";
      return refuseUsage(invocation, "which server? nothing is sent without --origin", help);
    }
    const requestsMax = numberIn(
      values.get("requests-max")?.[0] ?? String(REQUESTS_MAX_DEFAULT),
      1,
      REQUESTS_MAX_MOST,
    );
    const rate = values.has("rate") ? numberIn(values.get("rate")?.[0] ?? "", 1, RATE_MOST) : null;
    if (requestsMax === undefined || rate === undefined) {
      return refuseUsage(invocation, "--requests-max and --rate take whole numbers above zero");
    }
    const asked = readAsked(invocation);
    if (!asked.ok) return refuseUsage(invocation, asked.fault.message, asked.fault.help);
    const { credentials } = asked.value;
    const target = await deps.openTarget({ origin, credentials, variables: environment.variables });
    if (!target.ok) return refuseRun(invocation, target.fault);
    try {
      const limits = { requestsMax, requestsPerSecondMax: rate };
      return await askTests(deps, invocation, asked.value, (tests) =>
        run(deps, invocation, tests, target.value, limits),
      );
    } finally {
      await target.value.transport.close();
    }
  },
});

const run = async (
  deps: TestCommandDeps,
  invocation: Invocation,
  { tests, plan, seed }: AskedTests,
  target: TestTarget,
  limits: Pick<TestRunOf, "requestsMax" | "requestsPerSecondMax">,
): Promise<ExitCode> => {
  const { terminal, switches, values, environment, signal } = invocation;
  if (plan.cases.length === 0) {
    tellNoOperation(terminal);
    return 1;
  }
  const folder = values.get("dir")?.[0] ?? environment.variables["SYMBI_AUDIT_STORAGE"] ?? "";
  const of: TestRunOf = {
    ...limits,
    seed,
    stateDirectory: environment.stateDirectory,
    ledgerFolder: folder === "" ? null : resolve(environment.cwd, folder),
    variables: environment.variables,
    home: homeFolder(),
    user: environment.user,
    software: `writ ${VERSION}`,
  };
  if (!switches.has("json")) {
    const what = `${plural(plan.cases.length, "case")} for ${visibleText(target.transport.origin)}`;
    tell(terminal, what);
  }
  const ran = await deps.run(tests, plan, target, of, peopleAt(invocation), signal);
  if (!ran.ok) return refuseRun(invocation, ran.fault);
  const { report, run: id, refusal } = ran.value;
  const how = invocation.howInterrupted();
  const verdict = verdictOf(report);
  if (switches.has("json")) {
    const problems = tests.problems.map(documentProblem);
    const reason = refusal === null ? null : faultDocument(refusal);
    const document = { v: 1, document: tests.file, run: id, problems, fault: reason, verdict, ...report };
    terminal.out(visibleJson(JSON.stringify(document, null, 2)));
  } else {
    for (const line of reportLines(report, tests.problems, how, terminal)) terminal.out(line);
    for (const line of recordLines(id, report, terminal)) terminal.out(line);
  }
  if (refusal !== null) {
    printFault(invocation, refusal);
    if (report.ended === "unrecorded" && !switches.has("json")) tellUnrecorded(terminal);
    return 3;
  }
  if (report.ended === "interrupted") return 130;
  return verdict === "sound" ? 0 : 1;
};

/** The person at this terminal. */
const peopleAt = (invocation: Invocation): TestRunPeople => ({
  approver: createTerminalApprover({ terminal: invocation.terminal, user: invocation.environment.user }),
  onNewWorkspace: (unclaimed, help) => tellNewWorkspace(unclaimed, help, invocation),
  // Programs find it in the ledger.
  onInterrupted: (runs) => {
    if (!invocation.switches.has("json")) tellInterrupted(runs, invocation.terminal);
  },
  onPolicyWarnings: (warnings, texts) => printPolicyWarnings(invocation, warnings, texts),
  howInterrupted: invocation.howInterrupted,
});

const refuseRun = (invocation: Invocation, refusal: TestRunRefusal): ExitCode => {
  switch (refusal.k) {
    case "problems":
      printFileProblems(invocation, refusal.problems, refusal.texts);
      return 1;
    case "usage":
      printFault(invocation, refusal.fault);
      return 2;
    case "unavailable":
      printFault(invocation, refusal.fault);
      return 3;
  }
};
