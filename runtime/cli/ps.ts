import type { Fault, Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import { visibleJson, visibleText } from "#kernel/visible-text.ts";
import type { Unresumable } from "#host/compose/runs.ts";
import { readRuns, unresumableRuns } from "#host/compose/runs.ts";
import type { Answer } from "#host/rpc/peer.ts";
import type { TestRunSummary } from "#host/tests/test-run-history.ts";

import { plural, shortId } from "./audit-text.ts";
import type { Command, ExitCode, Invocation, Terminal } from "./command.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { allPages, attach, withHost, WORKSPACE_OPTION, workspaceHere } from "./host-connection.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import { testRunsHere } from "./test-runs.ts";
import { tell } from "./tell.ts";
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
  state: "reads",
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
  const unresumable = await unresumableHere(invocation, runs.filter(isInterrupted));
  if (!unresumable.ok) {
    printFault(invocation, unresumable.fault);
    return 3;
  }
  if (!switches.has("json")) {
    print(terminal, runs, unresumable.value);
    return 0;
  }
  for (const run of runs) {
    const known = isInterrupted(run) ? { ...run, resumable: !unresumable.value.has(run.run) } : run;
    terminal.out(visibleJson(JSON.stringify(known)));
  }
  return 0;
};

const isInterrupted = ({ of, state }: ListedRun): boolean => of === "agent" && state === "interrupted";

/** Those of the runs that cannot go on, with why. */
const unresumableHere = async (
  invocation: Invocation,
  interrupted: readonly ListedRun[],
): Promise<Result<ReadonlyMap<string, Unresumable>, Fault<string>>> => {
  if (interrupted.length === 0) return ok(new Map());
  const workspace = await workspaceHere(invocation);
  if (!workspace.ok) return workspace;
  const place = ledgerPlaceOf(invocation, workspace.value);
  return unresumableRuns(
    place,
    interrupted.map(({ run }) => run),
    invocation.signal,
  );
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

const print = (
  terminal: Terminal,
  runs: readonly ListedRun[],
  unresumable: ReadonlyMap<string, Unresumable>,
): void => {
  if (runs.length === 0) {
    terminal.out("No run goes on here.");
    return;
  }
  for (const run of runs) {
    for (const line of rowOf(terminal, run, unresumable.get(run.run))) terminal.out(line);
  }
  const interrupted = runs.filter(isInterrupted);
  const thatAre = (why: Unresumable | undefined): readonly ListedRun[] =>
    interrupted.filter(({ run }) => unresumable.get(run) === why);
  hint(terminal, thatAre(undefined), "go on with what was interrupted, or end it for good:", [
    "writ run --resume",
    "writ stop",
  ]);
  hint(terminal, thatAre("erased"), "what was erased cannot go on any more; end it for good:", ["writ stop"]);
  if (thatAre("damaged").length === 0) return;
  tell(terminal, DAMAGED);
  terminal.err("  writ audit verify");
};

const DAMAGED =
  "a log was changed in which an interrupted run stands, so that the run can neither go on nor be ended; what was changed says:";

/** What can be done, with the commands for it, which are not wrapped, so that they can be copied. */
const hint = (
  terminal: Terminal,
  runs: readonly ListedRun[],
  words: string,
  commands: readonly string[],
): void => {
  const [only] = runs;
  if (only === undefined) return;
  tell(terminal, words);
  const which = runs.length === 1 ? shortId(only.run) : "<run>";
  for (const command of commands) terminal.err(`  ${command} ${which}`);
};

const STATE_COLUMNS = 20;
/** Where less is left for the agent's name, each fact stands on a line of its own. */
const AGENT_COLUMNS_MIN = 12;

const rowOf = (
  { columns, style }: Terminal,
  listed: ListedRun,
  why: Unresumable | undefined,
): readonly string[] => {
  const { run, state, startedMs } = listed;
  const id = shortId(run);
  const when = new Date(startedMs).toISOString().slice(0, 16).replace("T", " ");
  const [what, more] = wordsOf(listed);
  const standing = why === undefined ? state : `${state}, ${why}`;
  const paint = state === "interrupted" ? style.yellow : style.bold;
  const tail = more === "" ? "" : `  ${more}`;
  const room = columns - id.length - STATE_COLUMNS - when.length - tail.length - 6;
  if (room >= AGENT_COLUMNS_MIN) {
    const shown = fit(visibleText(what), room);
    return [`${id}  ${paint(standing.padEnd(STATE_COLUMNS))}  ${style.dim(when)}  ${shown}${tail}`];
  }
  const isShort = id.length + 2 + standing.length <= columns;
  const below = [...(isShort ? [] : [standing]), visibleText(what), when, more];
  return [
    isShort ? `${id}  ${paint(standing)}` : id,
    ...below
      .filter((text) => text !== "")
      .flatMap((text) => wrap(text, columns - 2))
      .map((text) => `  ${text}`),
  ];
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
