import type { ApiTests } from "#host/compose/api-tests.ts";
import type { FileProblem } from "#host/plan-run.ts";
import { visibleText } from "#kernel/visible-text.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ApiCredentialChoice, ApiTestPlan } from "#protocol/api-test.ts";

import type { CommandOption, ExitCode, Invocation, Terminal } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { linesOf, problemLines } from "./problem-view.ts";
import type { TestCommandDeps } from "./test-deps.ts";
import { tell } from "./tell.ts";

export const SEED_OPTIONS: readonly CommandOption[] = [
  {
    name: "credential",
    value: "<scheme=VARIABLE>",
    summary:
      "the variable of the environment that has the credential of a security scheme; one for each scheme",
    multiple: true,
  },
  { name: "seed", value: "<number>", summary: "the same seed makes the same tests; 1 if not given" },
  { name: "workspace", value: "<dir>", summary: "the folder that the document and its `$ref`s belong to" },
  { name: "json", summary: "one JSON document instead of text" },
];

/** A document's tests, with the seed that they were made from. */
export interface AskedTests {
  readonly tests: ApiTests;
  readonly plan: ApiTestPlan;
  readonly document: string;
  readonly seed: number;
}

/** What a command line says of the tests to be made. */
export interface TestsAsked {
  readonly document: string;
  readonly seed: number;
  readonly credentials: readonly ApiCredentialChoice[];
}

/** Looks at nothing but the command line. */
export const readAsked = ({ positionals, values }: Invocation): Result<TestsAsked, Fault<"CLI_USAGE">> => {
  const [document, ...others] = positionals;
  if (document === undefined || others.length > 0) {
    return failed(fault("CLI_USAGE", "which document?", { help: "name one OpenAPI file" }));
  }
  const seed = numberIn(values.get("seed")?.[0] ?? "1", 0, 2 ** 32 - 1);
  if (seed === undefined) return failed(fault("CLI_USAGE", "--seed takes a whole number of 32 bits"));
  const credentials = credentialsIn(values.get("credential") ?? []);
  return credentials === undefined ? failed(NO_CREDENTIAL) : ok({ document, seed, credentials });
};

/** Undefined where one is not of the form, or a scheme has two. */
const credentialsIn = (texts: readonly string[]): readonly ApiCredentialChoice[] | undefined => {
  const choices = texts.map((text) => /^([A-Za-z0-9._-]{1,64})=([A-Z_][A-Z0-9_]{0,127})$/.exec(text));
  const read = choices.flatMap((match) =>
    match === null ? [] : [{ scheme: match[1] ?? "", variable: match[2] ?? "" }],
  );
  const isClear =
    read.length === texts.length && new Set(read.map(({ scheme }) => scheme)).size === read.length;
  return isClear ? read : undefined;
};

/** Repeats nothing of the line: somebody may have written the credential itself. */
const NO_CREDENTIAL = fault(
  "CLI_USAGE",
  "--credential takes a security scheme and the name of a variable, each scheme once",
  {
    help: "`--credential api_key=ORDERS_KEY`, in capitals: the credential itself never stands on a command line",
  },
);

/**
 * Makes the tests of the one document of a command line and does something with them. Says what is wrong with
 * the document; what of it is an error makes the exit code 1 even if the rest of it went well.
 */
export const askTests = async (
  deps: TestCommandDeps,
  invocation: Invocation,
  { document, seed, credentials }: TestsAsked,
  use: (asked: AskedTests) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const { values, environment, signal } = invocation;
  const workspace = values.get("workspace")?.[0] ?? null;
  const opened = await deps.open({ document, workspace, cwd: environment.cwd, seed, credentials }, signal);
  if (!opened.ok) {
    printFault(invocation, opened.fault.fault);
    return opened.fault.k === "usage" ? 2 : 3;
  }
  const tests = opened.value;
  try {
    printDocumentProblems(invocation, tests);
    const { plan } = tests;
    if (plan === null) return 1;
    const used = new Set(
      plan.cases.flatMap(({ request }) => (request.credentials ?? []).map(({ scheme }) => scheme)),
    );
    const unused = credentials.find(({ scheme }) => !used.has(scheme));
    if (unused !== undefined) {
      const help = "it takes the name of one of its `components.securitySchemes`, of the type apiKey or http";
      return refuseUsage(
        invocation,
        `no operation of the document takes a credential for \`${unused.scheme}\``,
        help,
      );
    }
    const code = await use({ tests, plan, document, seed });
    return code === 0 && hasErrors(tests) ? 1 : code;
  } finally {
    await tests.close();
  }
};

/** Whether something of the document is wrong, so that what it says is not all tested. */
export const hasErrors = ({ problems }: ApiTests): boolean =>
  problems.some(({ problem }) => problem.severity === "error");

/** Undefined for anything but a whole number within the bounds. */
export const numberIn = (text: string, least: number, most: number): number | undefined => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= least && value <= most ? value : undefined;
};

const SHOWN_MAX = 20;

/** With `--json` they are in the document; without a plan there is none. */
const printDocumentProblems = (invocation: Invocation, tests: ApiTests): void => {
  const { terminal, switches } = invocation;
  if (switches.has("json") && tests.plan !== null) return;
  if (switches.has("json")) {
    terminal.err(JSON.stringify({ problems: tests.problems.map(documentProblem) }));
    return;
  }
  const view = { columns: terminal.errColumns, style: terminal.style };
  const worth = tests.problems.filter(
    ({ problem }) => problem.severity === "error" || problem.severity === "warning",
  );
  for (const { file, problem } of worth.slice(0, SHOWN_MAX)) {
    const text = { path: file, lines: linesOf(tests.texts.get(file) ?? ""), masked: [] };
    for (const line of problemLines(problem, text, view)) terminal.err(line);
    terminal.err("");
  }
  if (worth.length > SHOWN_MAX) tell(terminal, `and ${worth.length - SHOWN_MAX} more, which --json lists`);
  const rest = tests.problems.filter((each) => !worth.includes(each));
  for (const { file, problem } of rest.slice(0, SHOWN_MAX)) {
    const place = linkTo({ file, range: problem.range });
    const text = `not tested: ${place} ${visibleText(problem.message)} (${problem.code})`;
    tell(terminal, text, { paint: terminal.style.dim });
  }
  if (rest.length > SHOWN_MAX) {
    tell(terminal, `and ${rest.length - SHOWN_MAX} more parts that are not tested`);
  }
};

export const tellNoOperation = (terminal: Terminal): void =>
  tell(terminal, "the document has no operation that tests can be made of");

export const documentProblem = ({ file, problem }: FileProblem) => ({ file, ...problem });

/** `orders.yaml:35`, which editors and terminals make a link of. */
export const linkTo = ({
  file,
  range,
}: {
  readonly file: string;
  readonly range: { readonly line: number; readonly column: number };
}): string => `${visibleText(file)}:${range.line}:${range.column}`;
