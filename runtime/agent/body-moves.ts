import { invariant, unreachable } from "#kernel/invariant.ts";
import type { JsonValue } from "#kernel/json.ts";
import { statementOffset } from "./body/instructions.ts";
import type { BodyEvent } from "./body/event.ts";
import type { BodyFault } from "./body/failure.ts";
import { advance } from "./body/machine.ts";
import { resumeMachine } from "./body/state.ts";
import { outsideCall, propose } from "./calls.ts";
import type { Labels } from "./labels.ts";
import { REASON_OF, unseenBy } from "./loop-ends.ts";
import { openLoop } from "./loop-moves.ts";
import type { Ending, Move, Moved } from "./move.ts";
import { endWith, moved, WAIT } from "./move.ts";
import type { Program } from "./program.ts";
import { systemMessage } from "./prompt.ts";
import type { CallOutcome, Command, RunState } from "./state.ts";

/** Runs the body until it waits for something, is over, or its slice of steps is used up. */
export const advanceBody = (program: Program, state: RunState): Moved => {
  const { code, limits } = program;
  invariant(code !== null && state.body !== null, "only an agent with a body advances it");
  const commands: Command[] = [];
  const stepsEnd = state.body.steps + limits.sliceSteps;
  let body = state.body;
  for (;;) {
    const step = advance(code, body, limits.body, stepsEnd - body.steps);
    body = step.state;
    const { event } = step;
    if (event.k === "printed") {
      commands.push({ k: "print", ...event.printed });
      if (body.steps < stepsEnd) continue;
    }
    const then = following(program, { ...state, phase: "body", body }, event);
    return { ...then, commands: [...commands, ...then.commands] };
  }
};

const following = (program: Program, state: RunState, event: BodyEvent): Moved => {
  switch (event.k) {
    case "paused":
    case "printed":
      return pauseBody(program, state);
    case "tool-wanted": {
      const { tool, arguments: value, labels } = event;
      const call = outsideCall(state, 0, { tool, arguments: { k: "value", value }, labels });
      const proposed = propose(
        program,
        { ...state, callsOutside: state.callsOutside + 1 },
        [call],
        "policy-check",
      );
      return { ...proposed, next: WAIT };
    }
    case "reason-wanted": {
      const { system, user, iterationsMax, tokensMax } = event.reason;
      const messages = [systemMessage(program.instructions, system), { role: "user" as const, text: user }];
      const loop = openLoop("body", messages, event.labels);
      return moved({ ...state, loop: { ...loop, iterationsMax, tokensMax } }, { k: "ask-model" });
    }
    case "returned": {
      const { shortfall } = state;
      // What was made of half an answer is not given out, and no file of it is proposed.
      if (shortfall !== undefined) return moved(state, endWith(REASON_OF[shortfall], unseenBy(shortfall)));
      return moved(state, { k: "respond", answer: { value: event.value, labels: event.labels } });
    }
    case "failed":
      return moved(state, failure(event.fault, { span: event.span, labels: event.labels }));
    default:
      return unreachable(event);
  }
};

/** Lets everything else have its turn before the body goes on. */
export const pauseBody = (program: Program, state: RunState): Moved => {
  invariant(program.code !== null && state.body !== null, "only an agent with a body pauses it");
  const { pc, steps } = state.body;
  return moved({ ...state, phase: "body" }, WAIT, {
    k: "advance-body",
    statement: statementOffset(program.code, pc),
    steps,
  });
};

export const resumeBody = (program: Program, state: RunState, value: JsonValue, labels: Labels): Moved => {
  invariant(program.code !== null && state.body !== null, "only an agent with a body resumes it");
  const resumed = resumeMachine(state.body, value, labels, program.limits.body);
  if (resumed.ok) return moved({ ...state, body: resumed.value }, { k: "advance-body" });
  return moved(state, failure(resumed.fault, { ...placeOf(program, state), labels }));
};

/** A body cannot go on with a value it did not get. */
export const bodyCallSettled = (
  program: Program,
  state: RunState,
  outcome: CallOutcome,
  tool: string,
): Moved => {
  const { status, value, text, labels } = outcome;
  if (status === "done") return moved(state, { k: "resume-body", value, labels });
  return moved(state, endWith("CALL_NOT_DONE", `${tool}: ${text}`, { ...placeOf(program, state), labels }));
};

export const failure = (fault: BodyFault, more: Omit<Ending, "reason" | "explanation">): Move =>
  endWith(fault.code, fault.message, more);

/** Where the body stands: at the call whose value it waits for. */
const placeOf = ({ code }: Program, { body }: RunState): Pick<Ending, "span"> => {
  const span = code?.spans[(body?.pc ?? 0) - 1];
  return span === undefined ? {} : { span };
};
