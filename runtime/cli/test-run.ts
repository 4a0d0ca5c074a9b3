import { visibleJson, visibleText } from "#kernel/visible-text.ts";

import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { type AskedTests, askTests, documentProblem, numberIn, SEED_OPTIONS } from "./test-ask.ts";
import type { TestCommandDeps } from "./test-deps.ts";
import { reportLines } from "./test-report-text.ts";

const REQUESTS_MAX_DEFAULT = 5_000;
const REQUESTS_MAX_MOST = 1_000_000;
const RATE_MOST = 100_000;

export const createTestRun = (deps: TestCommandDeps): Command => ({
  name: "test run",
  summary: "Sends tests made of an OpenAPI document to a server and says where it contradicts the document.",
  usage:
    "<document> --origin <origin> [--seed <number>] [--requests-max <number>] [--rate <number>] [--json]",
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
  ],
  run: (invocation) => {
    const { values } = invocation;
    const origin = values.get("origin")?.[0];
    if (origin === undefined) {
      const help = "a document's `servers` are suggestions; --origin says that this server is meant";
      return Promise.resolve(refuseUsage(invocation, "which server? nothing is sent without --origin", help));
    }
    const requestsMax = numberIn(
      values.get("requests-max")?.[0] ?? String(REQUESTS_MAX_DEFAULT),
      1,
      REQUESTS_MAX_MOST,
    );
    const rate = values.has("rate") ? numberIn(values.get("rate")?.[0] ?? "", 1, RATE_MOST) : null;
    if (requestsMax === undefined || rate === undefined) {
      return Promise.resolve(
        refuseUsage(invocation, "--requests-max and --rate take whole numbers above zero"),
      );
    }
    const target = { origin, requestsMax, requestsPerSecondMax: rate };
    return askTests(deps, invocation, (asked) => run(invocation, asked, target));
  },
});

type Target = Parameters<AskedTests["tests"]["run"]>[0];

const run = async (
  invocation: Invocation,
  { tests, plan }: AskedTests,
  target: Target,
): Promise<ExitCode> => {
  const { terminal, switches, signal } = invocation;
  if (plan.cases.length === 0) {
    terminal.err("the document has no operation that tests can be made of");
    return 1;
  }
  if (!switches.has("json")) terminal.err(`${plan.cases.length} cases for ${visibleText(target.origin)}`);
  const report = await tests.run(target, signal);
  if (!report.ok) {
    printFault(invocation, report.fault);
    return report.fault.code === "HTTP_ORIGIN_REFUSED" ? 2 : 3;
  }
  if (switches.has("json")) {
    const problems = tests.problems.map(documentProblem);
    const document = { v: 1, document: tests.file, problems, ...report.value };
    terminal.out(visibleJson(JSON.stringify(document, null, 2)));
  } else for (const line of reportLines(report.value, terminal)) terminal.out(line);
  return report.value.failures.length === 0 && report.value.ended !== "silent" ? 0 : 1;
};
