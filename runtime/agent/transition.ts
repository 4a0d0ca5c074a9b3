import { invariant, unreachable } from "#kernel/invariant.ts";
import { startMachine } from "./body/state.ts";
import { advanceBody, bodyCallSettled, failure, pauseBody, resumeBody } from "./body-moves.ts";
import { closeCalls, loseCall, settleCall, tellLost } from "./calls.ts";
import type { RunInput } from "./input.ts";
import { labelsOf } from "./labels.ts";
import {
  answerUndelivered,
  askModel,
  callsObserved,
  closeLoop,
  modelAnswered,
  openLoop,
} from "./loop-moves.ts";
import type { Move, Moved } from "./move.ts";
import { endWith, moved, WAIT } from "./move.ts";
import type { Program } from "./program.ts";
import { inputsMessage, systemMessage } from "./prompt.ts";
import { isRunReason } from "./reasons.ts";
import { complete, endRun, publish, respond } from "./result-moves.ts";
import type { Command, RunState, Step } from "./state.ts";

type Started = Extract<RunInput, { k: "started" }>;

/** Moves in one transition after which a body is paused: one that never waits lets others in between. */
const MOVES_MAX = 16;

/** The first state of a run, and what to do in it. */
export const begin = (program: Program, { inputs }: Started): Step => {
  const state: RunState = {
    v: 1,
    phase: "body",
    usage: { iterations: 0, inputTokens: 0, outputTokens: 0 },
    body: null,
    loop: null,
    calls: [],
    outcomes: [],
    callsOutside: 0,
    answer: null,
    unpublished: {},
    end: null,
  };
  if (program.code === null) {
    const labels = labelsOf(program.agent.parameters.flatMap((parameter) => parameter.labels));
    const messages = [systemMessage(program.instructions, null), inputsMessage(inputs)];
    return follow(program, moved({ ...state, loop: openLoop("run", messages, labels) }, { k: "ask-model" }));
  }
  const body = startMachine(program.code, inputs, program.limits.body);
  return follow(
    program,
    body.ok
      ? moved({ ...state, body: body.value }, { k: "advance-body" })
      : moved(state, failure(body.fault, {})),
  );
};

/**
 * The next state of a run, and what to do in it. Depends on nothing but its arguments, so a run is
 * its inputs: the same ones lead through the same states. An input that cannot come in this state
 * is a mistake of ours (or of whoever changed a journal); one that comes after the end changes
 * nothing, because what was under way settles then.
 */
export const transition = (program: Program, state: RunState, input: RunInput): Step =>
  state.phase === "ended" ? { state, commands: [] } : follow(program, taken(program, state, input));

const taken = (program: Program, state: RunState, input: RunInput): Moved => {
  switch (input.k) {
    case "started":
      return invariant(false, "a run starts once") as never;
    case "model-answered":
      invariant(state.phase === "reasoning", "a model answers when it was asked");
      return modelAnswered(program, state, input);
    case "model-failed": {
      invariant(state.phase === "reasoning", "a model fails when it was asked");
      const reason = isRunReason(input.code) ? input.code : "MODEL_BAD_ANSWER";
      return moved(state, endWith(reason, input.explanation));
    }
    case "model-denied":
      invariant(state.phase === "reasoning", "a model call is denied when it was proposed");
      return moved(state, endWith("MODEL_DENIED", input.text));
    case "call-settled":
      return callSettled(program, settleCall(state, input));
    case "sandbox-lost":
      return moved(state, endWith("SANDBOX_LOST", input.text));
    case "lost":
      return moved(state, WAIT);
    case "effect-lost":
      return moved(loseCall(state, input), WAIT);
    case "effect-told":
      return callSettled(program, tellLost(state, input));
    case "response-settled":
      invariant(state.phase === "responding", "a response settles when it was given");
      if (input.status === "done") return moved(state, { k: "publish" });
      return state.loop === null
        ? moved(state, endWith("RESPONSE_DENIED", input.text))
        : answerUndelivered(state, input.text);
    case "body-advanced":
      invariant(state.phase === "body", "a body advances when it was paused");
      return moved(state, { k: "advance-body" });
    case "limit-reached":
      return moved(state, endWith(input.limit));
    case "cancelled":
      return moved(state, endWith("CANCELLED"));
    default:
      return unreachable(input);
  }
};

const callSettled = (program: Program, { state, isLast }: ReturnType<typeof settleCall>): Moved =>
  isLast ? allSettled(program, state) : moved(state, WAIT);

const allSettled = (program: Program, state: RunState): Moved => {
  const closed = closeCalls(state);
  if (closed.next.k === "end") return closed;
  if (state.phase === "publishing") return complete(closed.state);
  if (state.loop !== null) return callsObserved(state, closed.state);
  const [call] = state.calls;
  const [outcome] = state.outcomes;
  invariant(call !== undefined && outcome !== undefined, "a body proposes one call at a time");
  return bodyCallSettled(program, closed.state, outcome, call.tool);
};

/** Makes moves until there is nothing to do but wait. */
const follow = (program: Program, first: Moved): Step => {
  const commands: Command[] = [...first.commands];
  let { state, next } = first;
  for (let moves = 0; next.k !== "wait"; moves += 1) {
    const then = make(program, state, next, moves);
    commands.push(...then.commands);
    ({ state, next } = then);
  }
  return { state, commands };
};

const make = (
  program: Program,
  state: RunState,
  move: Exclude<Move, { k: "wait" }>,
  moves: number,
): Moved => {
  switch (move.k) {
    case "advance-body":
      return moves < MOVES_MAX ? advanceBody(program, state) : pauseBody(program, state);
    case "resume-body":
      return resumeBody(program, state, move.value, move.labels);
    case "ask-model":
      return askModel(program, state);
    case "close-loop":
      return closeLoop(program, state, move.how, move.text);
    case "respond":
      return respond(state, move.answer);
    case "publish":
      return publish(program, state);
    case "end":
      return endRun(state, move.ending);
    default:
      return unreachable(move);
  }
};
