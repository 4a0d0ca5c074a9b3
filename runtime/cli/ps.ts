import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import { readRuns } from "#host/compose/runs.ts";
import type { Answer } from "#host/rpc/peer.ts";
import type { TestRunSummary } from "#host/tests/test-run-history.ts";

import { plural, shortId } from "./audit-text.ts";
import type { Command, ExitCode, Invocation, Terminal } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { allPages, attach, withHost, WORKSPACE_OPTION, workspaceHere } from "./host-connection.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import { testRunsHere } from "./test-runs.ts";
import { fit, wrap } from "./width.ts";

type RunSummary = Answer<"run/get">;

export const psCommand: Command = {
  name: "ps",
  summary: "Lists the runs of this workspace, of agents and of tests, that go on, wait or were interrupted.",
  usage: "[--all] [--workspace <dir>] [--json]",
  options: [
    { name: "all", summary: "also runs that are over, and tests that were interrupted" },
    WORKSPACE_OPTION,
    { name: "json", summary: "one JSON line a run instead of text" },
  ],
  examples: [
    { line: "writ ps", what: "What goes on here." },
    { line: "writ ps --all --json", what: "Every run that is on record, for programs." },
  ],
  run: (invocation) => list(invocation),
};

const list = async (invocation: Invocation): Promise<ExitCode> => {
  const { positionals, switches, terminal } = invocation;
  if (positionals.length > 0) return refuseUsage(invocation, "`ps` takes no names");
  const found = await allRunsHere(invocation);
  if (!found.ok) {
    printFault(invocation, found.fault);
    return 3;
  }
  const runs = switches.has("all") ? found.value : found.value.filter((run) => !isOver(run));
  if (switches.has("json")) for (const run of runs) terminal.out(visibleJson(JSON.stringify(run)));
  else print(terminal, runs);
  return 0;
};

export type ListedRun = ({ readonly of: "agent" } & RunSummary) | ({ readonly of: "tests" } & TestRunSummary);

/** The runs of agents and of tests, newest first. Starts no host. */
export const allRunsHere = async (
  invocation: Invocation,
): Promise<Result<readonly ListedRun[], Fault<string>>> => {
  const agents = await runsHere(invocation);
  if (!agents.ok) return agents;
  const tests = await testRunsHere(invocation);
  if (!tests.ok) return tests;
  const runs: readonly ListedRun[] = [
    ...agents.value.map((run) => ({ of: "agent" as const, ...run })),
    ...tests.value.map((run) => ({ of: "tests" as const, ...run })),
  ];
  return ok(runs.toSorted((left, right) => right.startedMs - left.startedMs));
};

/** Nobody goes on with tests that were interrupted, so nothing of them waits for anybody. */
const isOver = ({ of, state }: ListedRun): boolean =>
  OVER.has(state) || (of === "tests" && state === "interrupted");

/** The runs of agents of the workspace, newest first: as its host knows them, else as the ledger does. Starts no host. */
const runsHere = async (invocation: Invocation): Promise<Result<readonly RunSummary[], Fault<string>>> => {
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) return workspace;
  const host = await attach(invocation, workspace.value, false);
  if (!host.ok) return host;
  const { signal } = invocation;
  if (host.value === null) {
    const read = await readRuns(ledgerPlaceOf(invocation, workspace.value), signal);
    return read.ok ? ok(read.value.toReversed()) : failed(read.fault);
  }
  return withHost(host.value, (peer) =>
    allPages(async (after) => {
      const page = await peer.call("run/list", { states: null, after }, { signal });
      return page.ok ? ok({ items: page.value.runs, more: page.value.more }) : page;
    }),
  );
};

const OVER: ReadonlySet<ListedRun["state"]> = new Set([
  "refused",
  "completed",
  "failed",
  "cancelled",
  "limited",
]);

const STATE_COLUMNS = 20;

const print = (terminal: Terminal, runs: readonly ListedRun[]): void => {
  const { style } = terminal;
  if (runs.length === 0) {
    terminal.out("No run goes on here.");
    return;
  }
  for (const listed of runs) {
    const { run, state, startedMs } = listed;
    const when = new Date(startedMs).toISOString().slice(0, 19).replace("T", " ");
    const [what, more] = wordsOf(listed);
    const waiting = more === "" ? "" : `  ${more}`;
    const room = terminal.columns - shortId(run).length - STATE_COLUMNS - when.length - waiting.length - 6;
    const shown = fit(visibleText(what), Math.max(10, room));
    const coloured = state === "interrupted" ? style.yellow : style.bold;
    terminal.out(
      `${shortId(run)}  ${coloured(state.padEnd(STATE_COLUMNS))}${style.dim(when)}  ${shown}${waiting}`,
    );
  }
  const interrupted = runs.filter(({ of, state }) => of === "agent" && state === "interrupted");
  const [only] = interrupted;
  if (only === undefined) return;
  const which = interrupted.length === 1 ? shortId(only.run) : "<run>";
  const hint = `\`writ run --resume ${which}\` goes on with ${interrupted.length === 1 ? "what" : "one that"} was interrupted`;
  for (const line of wrap(hint, terminal.columns)) terminal.err(line);
};

/** What runs, and how many things of it want a look. */
const wordsOf = (listed: ListedRun): readonly [what: string, more: string] => {
  if (listed.of === "tests") {
    const { document, failures } = listed;
    return [`tests of ${document}`, (failures ?? 0) > 0 ? plural(failures ?? 0, "failure") : ""];
  }
  const { agent, approvalsWaiting } = listed;
  return [agent, approvalsWaiting > 0 ? plural(approvalsWaiting, "question") : ""];
};
