import { resolve } from "node:path";

import type { ApiTests } from "#host/compose/api-tests.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import type { ApiTestPlan } from "#protocol/api-test.ts";

import { plural } from "./audit-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import {
  type AskedTests,
  askTests,
  documentProblem,
  hasErrors,
  readAsked,
  SEED_OPTIONS,
  tellNoOperation,
} from "./test-ask.ts";
import type { TestCommandDeps } from "./test-deps.ts";
import { untested } from "./test-report-text.ts";
import { wrap } from "./width.ts";
import type { SuiteFault } from "./write-suite.ts";

export const createTestGenerate = (deps: TestCommandDeps): Command => ({
  name: "test generate",
  summary: "Writes tests of an HTTP interface from its OpenAPI document, as a vitest suite.",
  usage:
    "<document> [--out <file>] [--credential <scheme=VARIABLE>] [--seed <number>] [--workspace <dir>] [--json]",
  options: [
    { name: "out", value: "<file>", summary: "where the suite is written; standard output if not given" },
    ...SEED_OPTIONS,
  ],
  examples: [
    {
      line: "writ test generate openapi.yaml --out test/api.test.ts",
      what: "Then `API_BASE_URL=http://127.0.0.1:8080 npx vitest run test/api.test.ts` runs it.",
    },
    {
      line: "writ test generate openapi.yaml --json",
      what: "The cases as data, with the line of each rule.",
    },
  ],
  run: async (invocation) => {
    const asked = readAsked(invocation);
    if (!asked.ok) return refuseUsage(invocation, asked.fault.message, asked.fault.help);
    return askTests(deps, invocation, asked.value, (tests) => generate(deps, invocation, tests));
  },
});

/** Why the suite may not take an earlier one's place: nobody would see that tests are gone. */
const whyKept = (tests: ApiTests, plan: ApiTestPlan): string | null => {
  if (hasErrors(tests)) return "the document has errors, and a new suite would lack what they hide";
  return plan.cases.length === 0 ? "a new one would have no test" : null;
};

const CODES: Readonly<Record<SuiteFault["code"], ExitCode>> = {
  CLI_NOT_OURS: 2,
  CLI_NO_PLACE: 2,
  CLI_SUITE_KEPT: 1,
  CLI_UNWRITABLE: 3,
};

const generate = async (
  deps: TestCommandDeps,
  { terminal, switches, values, environment }: Invocation,
  { tests, plan, document, seed }: AskedTests,
): Promise<ExitCode> => {
  const out = values.get("out")?.[0];
  if (out !== undefined) {
    const path = resolve(environment.cwd, out);
    const text = deps.suiteText(plan, document, seed);
    const written = await deps.writeSuite(path, text, whyKept(tests, plan));
    if (!written.ok) {
      printFault({ terminal, switches }, written.fault);
      return CODES[written.fault.code];
    }
  }
  if (switches.has("json")) {
    const listed = {
      v: 1,
      document: tests.file,
      seed,
      problems: tests.problems.map(documentProblem),
      ...plan,
    };
    terminal.out(visibleJson(JSON.stringify(listed, null, 2)));
  } else if (out === undefined) {
    terminal.out(deps.suiteText(plan, document, seed).trimEnd());
  } else {
    const tested = new Set(plan.cases.map(({ method, path }) => `${method} ${path}`)).size;
    const written = `${plural(plan.cases.length, "case")} of ${plural(tested, "operation")} written to ${visibleText(out)}`;
    const text = [written, ...untested(plan.leftOut, tests.problems)].join("; ");
    for (const line of wrap(text, terminal.columns)) terminal.out(line);
  }
  if (plan.cases.length > 0) return 0;
  tellNoOperation(terminal);
  return 1;
};
