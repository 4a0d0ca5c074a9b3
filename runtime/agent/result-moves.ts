import { byCodeUnits } from "#kernel/canonical-json.ts";
import { outsideCall, propose } from "./calls.ts";
import { NO_LABELS } from "./labels.ts";
import type { Ending, Moved } from "./move.ts";
import { endWith, moved, WAIT } from "./move.ts";
import type { Program } from "./program.ts";
import { RUN_REASONS } from "./reasons.ts";
import type { Answer, RunEnd, RunState } from "./state.ts";

/** Asks the gate whether the result may be given to whoever started the run. */
export const respond = (state: RunState, answer: Answer): Moved =>
  moved({ ...state, phase: "responding", answer }, WAIT, {
    k: "respond",
    value: answer.value,
    iteration: state.usage.iterations,
    labels: answer.labels,
  });

/** Proposes every file of the run that changed and was not proposed since, each on its own. */
export const publish = (program: Program, state: RunState): Moved => {
  const publisher = program.tools.find((tool) => tool.action === "publish_file")?.name;
  const paths = Object.keys(state.unpublished).sort(byCodeUnits).slice(0, program.limits.proposalsMax);
  if (publisher === undefined || paths.length === 0) return complete(state);
  const calls = paths.map((path, index) =>
    outsideCall(state, index, {
      tool: publisher,
      arguments: { k: "value", value: { path } },
      labels: state.unpublished[path] ?? NO_LABELS,
    }),
  );
  const outside = { ...state, loop: null, callsOutside: state.callsOutside + calls.length };
  return { ...propose(program, outside, calls, "publishing"), next: WAIT };
};

/** The run did what it was for. A file that may not leave the sandbox does not change that. */
export const complete = (state: RunState): Moved => {
  const { value, labels } = state.answer ?? { value: null, labels: NO_LABELS };
  const left = Object.keys(state.unpublished).length;
  const explanation =
    left === 0
      ? null
      : `${RUN_REASONS.COMPLETED[1]}; ${left} changed ${left === 1 ? "file was" : "files were"} not proposed for the workspace`;
  return moved(state, endWith("COMPLETED", explanation, { result: value, labels }));
};

export const endRun = (state: RunState, ending: Ending): Moved => {
  const [outcome, sentence] = RUN_REASONS[ending.reason];
  const end: RunEnd = {
    outcome,
    reason: ending.reason,
    explanation: ending.explanation ?? sentence,
    span: ending.span ?? null,
    result: ending.result ?? null,
    labels: ending.labels ?? NO_LABELS,
  };
  return moved({ ...state, phase: "ended", end }, WAIT, { k: "end", end });
};
