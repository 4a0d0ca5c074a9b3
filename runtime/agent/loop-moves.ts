import { invariant } from "#kernel/invariant.ts";
import type { ModelMessage, ModelToolCall } from "#ports/language-model.ts";
import { outcomesInOrder, propose } from "./calls.ts";
import type { RunInput } from "./input.ts";
import type { Labels } from "./labels.ts";
import { joinLabels } from "./labels.ts";
import type { LoopEnd } from "./loop-ends.ts";
import { LOOP_END_FIELD, REASON_OF } from "./loop-ends.ts";
import type { Move, Moved } from "./move.ts";
import { endWith, moved, WAIT } from "./move.ts";
import type { Program } from "./program.ts";
import { conversationLength, estimatedTokens, undeliveredMessage } from "./prompt.ts";
import type { Command, Loop, ProposedByRun, RunState } from "./state.ts";

export const openLoop = (purpose: Loop["for"], messages: readonly ModelMessage[], labels: Labels): Loop => ({
  for: purpose,
  messages,
  labels,
  iterations: 0,
  tokens: 0,
  iterationsMax: null,
  tokensMax: null,
  repeats: 0,
});

/** The loop of a state that has one open. */
const openedLoop = (state: RunState): Loop => {
  invariant(state.loop !== null, "a model is asked within a loop only");
  return state.loop;
};

/** Reasoning: asks the model, unless that would go beyond a bound. */
export const askModel = (program: Program, state: RunState): Moved => {
  const loop = openedLoop(state);
  const estimate = estimatedTokens(loop.messages);
  const roomOfRun = program.limits.tokensMax - tokensOf(state) - estimate;
  const roomOfLoop = (loop.tokensMax ?? Infinity) - loop.tokens - estimate;
  const bound = boundBeforeAsking(program, state, loop, { roomOfRun, roomOfLoop });
  if (bound !== null) return moved(state, bound);
  const iteration = state.usage.iterations + 1;
  return moved(
    { ...state, phase: "reasoning" },
    WAIT,
    { k: "enter", phase: "reasoning", iteration },
    {
      k: "call-model",
      messages: loop.messages,
      tools: program.tools,
      tokensMax: Math.min(roomOfRun, roomOfLoop),
      iteration,
      labels: loop.labels,
    },
  );
};

const tokensOf = ({ usage }: RunState): number => usage.inputTokens + usage.outputTokens;

const boundBeforeAsking = (
  { limits }: Program,
  { usage }: RunState,
  loop: Loop,
  { roomOfRun, roomOfLoop }: { readonly roomOfRun: number; readonly roomOfLoop: number },
): Move | null => {
  if (usage.iterations >= limits.iterationsMax) return endWith("ITERATIONS");
  if (loop.iterations >= (loop.iterationsMax ?? Infinity)) return closeWith("max_iterations");
  if (roomOfRun <= 0) return endWith("TOKENS");
  if (roomOfLoop <= 0) return closeWith("max_tokens");
  if (conversationLength(loop.messages) > limits.conversationLengthMax) return endWith("CONVERSATION");
  return null;
};

const closeWith = (how: LoopEnd, text = ""): Move => ({ k: "close-loop", how, text });

/** The model answered: what it proposes goes to the gate, what it says ends the loop. */
export const modelAnswered = (
  program: Program,
  before: RunState,
  answer: Extract<RunInput, { k: "model-answered" }>,
): Moved => {
  const asked = openedLoop(before);
  const { finish, text, toolCalls, inputTokens, outputTokens } = answer;
  const usage = {
    iterations: before.usage.iterations + 1,
    inputTokens: before.usage.inputTokens + inputTokens,
    outputTokens: before.usage.outputTokens + outputTokens,
  };
  const loop: Loop = {
    ...asked,
    iterations: asked.iterations + 1,
    tokens: asked.tokens + inputTokens + outputTokens,
  };
  const state: RunState = { ...before, usage, loop };
  if (tokensOf(state) > program.limits.tokensMax) return moved(state, endWith("TOKENS"));
  if (loop.tokens > (loop.tokensMax ?? Infinity)) return moved(state, closeWith("max_tokens", text));
  if (finish === "refused") return moved(state, closeWith("refused", text));
  // What was cut off may be half of a call or half of a sentence: neither is acted on.
  if (finish === "length") return moved(state, closeWith("cut", text));
  if (toolCalls.length > 0) return callsProposed(program, state, loop, text, toolCalls);
  if (text.trim() === "") return moved(state, closeWith("empty"));
  const messages: readonly ModelMessage[] = [...loop.messages, { role: "assistant", text, toolCalls: [] }];
  return moved({ ...state, loop: { ...loop, messages } }, closeWith("completed", text));
};

/** PolicyCheck: the gate decides what becomes of the calls. */
const callsProposed = (
  program: Program,
  state: RunState,
  loop: Loop,
  text: string,
  toolCalls: readonly ModelToolCall[],
): Moved => {
  const repeats = repeatsBefore(loop, toolCalls) ? loop.repeats + 1 : 0;
  if (repeats >= program.limits.repeatsMax) return moved(state, closeWith("repeated_calls", text));
  const calls = toolCalls.map(({ tool, argumentsText }, ordinal): ProposedByRun => {
    const reference = `${state.usage.iterations}.${ordinal}`;
    return { reference, ordinal, tool, arguments: { k: "text", text: argumentsText }, labels: loop.labels };
  });
  // The provider's own ids, which may be anything and stand twice, end here.
  const named = calls.map(({ reference, tool }, index) => ({
    callId: reference,
    tool,
    argumentsText: toolCalls[index]?.argumentsText ?? "",
  }));
  const messages: readonly ModelMessage[] = [...loop.messages, { role: "assistant", text, toolCalls: named }];
  const proposed = propose(
    program,
    { ...state, loop: { ...loop, messages, repeats } },
    calls,
    "policy-check",
  );
  return { ...proposed, next: WAIT };
};

/** Whether these are the calls of the turn before, one by one. */
const repeatsBefore = (loop: Loop, toolCalls: readonly ModelToolCall[]): boolean => {
  const last = loop.messages.findLast((message) => message.role === "assistant");
  if (last?.role !== "assistant" || last.toolCalls.length !== toolCalls.length) return false;
  return last.toolCalls.every(
    ({ tool, argumentsText }, index) =>
      tool === toolCalls[index]?.tool && argumentsText === toolCalls[index].argumentsText,
  );
};

/** Observing: what became of the calls, also that they were denied, is what the model sees next. */
export const callsObserved = (settled: RunState, closed: RunState): Moved => {
  const loop = openedLoop(closed);
  const outcomes = outcomesInOrder(settled);
  const messages = outcomes.map(({ reference, text }): ModelMessage => ({
    role: "tool",
    callId: reference,
    text,
  }));
  const labels = outcomes.reduce<Labels>((all, outcome) => joinLabels(all, outcome.labels), loop.labels);
  const enter: Command = { k: "enter", phase: "observing", iteration: closed.usage.iterations };
  return moved(
    { ...closed, loop: { ...loop, labels, messages: [...loop.messages, ...messages] } },
    { k: "ask-model" },
    enter,
  );
};

/** The result of a loop is the value that a body waits for, or the run's own. */
export const closeLoop = (program: Program, state: RunState, how: LoopEnd, text: string): Moved => {
  const loop = openedLoop(state);
  if (loop.for === "body") {
    const value = {
      response: text,
      iterations: loop.iterations,
      total_tokens: loop.tokens,
      [LOOP_END_FIELD]: how,
    };
    const closed: RunState = { ...state, loop: null };
    const isUnseen = how !== "completed" && !program.looksAtLoopEnds && state.shortfall === undefined;
    const next = isUnseen ? { ...closed, shortfall: how } : closed;
    return moved(next, { k: "resume-body", value, labels: loop.labels });
  }
  // The loop stays open: a result that may not be given out goes back to the model.
  if (how === "completed")
    return moved(state, { k: "respond", answer: { value: text, labels: loop.labels } });
  return moved(state, endWith(REASON_OF[how], null, { labels: loop.labels }));
};

/** The rules keep the answer back: the model is told and may give another one. */
export const answerUndelivered = (state: RunState, why: string): Moved => {
  const loop = openedLoop(state);
  const messages = [...loop.messages, undeliveredMessage(why)];
  return moved({ ...state, answer: null, loop: { ...loop, messages } }, { k: "ask-model" });
};
