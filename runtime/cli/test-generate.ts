import { resolve } from "node:path";

import { visibleJson, visibleText } from "#kernel/visible-text.ts";

import { plural } from "./audit-text.ts";
import type { Command, ExitCode, Invocation } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import {
  type AskedTests,
  askTests,
  documentProblem,
  readAsked,
  SEED_OPTIONS,
  tellNoOperation,
} from "./test-ask.ts";
import type { TestCommandDeps } from "./test-deps.ts";
import { untested } from "./test-report-text.ts";
import { wrap } from "./width.ts";

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

const generate = async (
  deps: TestCommandDeps,
  { terminal, switches, values, environment }: Invocation,
  { tests, plan, document, seed }: AskedTests,
): Promise<ExitCode> => {
  const out = values.get("out")?.[0];
  if (out !== undefined) {
    const path = resolve(environment.cwd, out);
    const written = await deps.writeSuite(path, deps.suiteText(plan, document, seed));
    if (!written.ok) {
      printFault({ terminal, switches }, written.fault);
      return written.fault.code === "CLI_NOT_OURS" ? 2 : 3;
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
