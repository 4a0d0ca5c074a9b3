import { invariant } from "#kernel/invariant.ts";
import { isJsonObject, ownValue, readJson } from "#kernel/json.ts";
import { namedFile } from "#tools/index.ts";
import type { RunInput } from "./input.ts";
import { joinLabels, NO_LABELS } from "./labels.ts";
import type { Labels } from "./labels.ts";
import type { Moved } from "./move.ts";
import { endWith, moved, WAIT } from "./move.ts";
import type { Program } from "./program.ts";
import type { CallOutcome, Command, PendingCall, ProposedByRun, RunState } from "./state.ts";

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
