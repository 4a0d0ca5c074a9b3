import { invariant } from "#kernel/invariant.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { namedFile } from "#tools/index.ts";
import type { RunInput } from "./input.ts";
import { joinLabels, NO_LABELS } from "./labels.ts";
import type { Labels } from "./labels.ts";
import type { Moved } from "./move.ts";
import { endWith, moved, WAIT } from "./move.ts";
import type { Program } from "./program.ts";
import type { CallOutcome, Command, Effect, PendingCall, ProposedByRun, RunState } from "./state.ts";

/** Gives calls to the gate; the run goes on when every one of them is settled. */
export const propose = (
  program: Program,
  state: RunState,
  calls: readonly ProposedByRun[],
  phase: "policy-check" | "publishing",
): { readonly state: RunState; readonly commands: readonly Command[] } => {
  const { iterations } = state.usage;
  const iteration = state.loop === null ? 0 : iterations;
  return {
    state: { ...state, phase, calls: calls.map((call) => pendingOf(program, call)), outcomes: [] },
    commands: [
      { k: "enter", phase: "policy-check", iteration: iterations },
      { k: "perform", calls, iteration },
    ],
  };
};

/** A call outside of loops: by the body, or by the run at its end. */
export const outsideCall = (
  state: RunState,
  number: number,
  call: Pick<ProposedByRun, "tool" | "arguments" | "labels">,
): ProposedByRun => {
  const ordinal = state.callsOutside + number;
  return { reference: `0.${ordinal}`, ordinal, ...call };
};

const pendingOf = (program: Program, { reference, tool, arguments: given }: ProposedByRun): PendingCall => {
  const descriptor = program.tools.find((known) => known.name === tool);
  if (descriptor?.action !== "publish_file") return { reference, tool, publishes: null };
  const reading = given.k === "value" ? { ok: true as const, value: given.value } : readJson(given.text);
  const path = reading.ok && isJsonObject(reading.value) ? ownValue(reading.value, "path") : null;
  const file = typeof path === "string" ? namedFile(path) : null;
  return { reference, tool, publishes: file?.ok === true ? file.value : null };
};

/** Notes what became of one call. `next` is to wait until the last one is settled. */
export const settleCall = (
  state: RunState,
  input: Extract<RunInput, { k: "call-settled" }>,
): { readonly state: RunState; readonly isLast: boolean } => {
  const { reference, status, text, value, labels } = input;
  const call = state.calls.find((pending) => pending.reference === reference);
  const isNew = state.outcomes.every((outcome) => outcome.reference !== reference);
  invariant(call !== undefined && isNew, "each proposed call settles once");
  const outcomes = [...state.outcomes, { reference, status, text, value, labels }];
  const wasExecuted = status === "done" || status === "failed" || status === "unknown";
  return {
    state: {
      ...state,
      phase: wasExecuted && state.phase === "policy-check" ? "tool-dispatching" : state.phase,
      outcomes,
      unpublished: unpublishedAfter(state.unpublished, call, input),
    },
    isLast: outcomes.length === state.calls.length,
  };
};

/** Notes that only a person can say what became of one call. */
export const loseCall = (
  state: RunState,
  { reference, callId, labels }: Extract<RunInput, { k: "effect-lost" }>,
): RunState => {
  invariant(
    openCalls(state).some((call) => call.reference === reference),
    "a call is lost that was not settled",
  );
  const calls = state.calls.map((call) =>
    call.reference === reference ? { ...call, lost: { callId, labels } } : call,
  );
  return { ...state, calls };
};

/** A person said what became of a lost call: it settles, or is to be done again. */
export const tellLost = (
  state: RunState,
  { callId, happened }: Extract<RunInput, { k: "effect-told" }>,
): ReturnType<typeof settleCall> => {
  const told = state.calls.find((call) => call.lost?.callId === callId);
  invariant(told?.lost !== undefined, "a person speaks of a call that was lost");
  const { lost, ...found } = told;
  const calls = state.calls.map((call) => (call === told ? found : call));
  const known: RunState = { ...state, calls };
  if (!happened) return { state: known, isLast: false };
  const { reference } = told;
  const { labels } = lost;
  return settleCall(known, {
    k: "call-settled",
    reference,
    status: "done",
    text: TOLD_TEXT,
    value: null,
    labels,
    changes: [],
  });
};

const TOLD_TEXT = "Done, as a person says who looked. What it answered is not known.";

/** The calls that still have to be done: neither settled nor lost. */
export const openCalls = ({ calls, outcomes }: RunState): readonly PendingCall[] =>
  calls.filter(
    ({ reference, lost }) =>
      lost === undefined && outcomes.every((outcome) => outcome.reference !== reference),
  );

/** The calls of which only a person can say what became of them. */
export const lostCalls = ({ calls }: RunState): readonly LostCall[] =>
  calls.flatMap(({ tool, lost }) => (lost === undefined ? [] : [{ callId: lost.callId, tool }]));

export interface LostCall {
  readonly callId: string;
  readonly tool: string;
}

/** The last thing that takes time among what transitions asked for, narrowed to what is not done yet; null when nothing is left. */
export const stillToDo = (state: RunState, asked: Effect | null): Effect | null => {
  if (asked?.k !== "perform") return asked;
  const open = new Set(openCalls(state).map(({ reference }) => reference));
  const calls = asked.calls.filter(({ reference }) => open.has(reference));
  return calls.length === 0 ? null : { ...asked, calls };
};

export const effectOf = (commands: readonly Command[]): Effect | null =>
  commands.findLast((command): command is Effect => !SHOWN.has(command.k)) ?? null;

const SHOWN: ReadonlySet<Command["k"]> = new Set(["enter", "print", "end"]);

/** A file that was proposed, whatever became of that, is not proposed again unless it changes again. */
const unpublishedAfter = (
  before: RunState["unpublished"],
  { publishes }: PendingCall,
  { changes, labels }: Extract<RunInput, { k: "call-settled" }>,
): RunState["unpublished"] => {
  const files = new Map<string, Labels>(Object.entries(before));
  if (publishes !== null) {
    files.delete(publishes);
    return Object.fromEntries(files);
  }
  for (const { path, kind } of changes) {
    if (kind === "removed") files.delete(path);
    else files.set(path, joinLabels(files.get(path) ?? NO_LABELS, labels));
  }
  return changes.length === 0 ? before : Object.fromEntries(files);
};

/** The outcomes in the order in which the calls were proposed. */
export const outcomesInOrder = (state: RunState): readonly CallOutcome[] =>
  state.calls.flatMap(
    ({ reference }) => state.outcomes.find((outcome) => outcome.reference === reference) ?? [],
  );

/** Ends the run when nobody can say what became of one of its calls; else the state without its calls. */
export const closeCalls = (state: RunState): Moved => {
  const unknown = state.outcomes.find((outcome) => outcome.status === "unknown");
  const closed: RunState = { ...state, calls: [], outcomes: [] };
  if (unknown === undefined) return moved(closed, WAIT);
  const tool = state.calls.find((call) => call.reference === unknown.reference)?.tool ?? "a tool";
  return moved(closed, endWith("EFFECT_UNKNOWN", `${tool}: ${unknown.text}`, { labels: unknown.labels }));
};
