import type { EntryId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ModelFault } from "#ports/language-model.ts";
import type { GateFault, ModelAnswer, ModelOutcome } from "../contract.ts";
import type { Stopping } from "../deadline.ts";
import { untilStopped } from "../deadline.ts";
import { asJson } from "../frozen-json.ts";
import { createOutputRelay } from "../output-relay.ts";
import { readStream } from "../model-stream.ts";
import type { Identity } from "../subject.ts";
import type { World } from "../world.ts";
import { elapsedMs, record } from "../world.ts";
import { Phase } from "./phase.ts";
import type { Requested } from "./requested.ts";

export interface AnsweredContent {
  readonly identity: Identity;
  /** `model.requested`. */
  readonly cause: EntryId;
  readonly answer: Result<ModelAnswer, ModelFault>;
  /** The run was cancelled before there was an answer. */
  readonly cancelled: boolean;
  readonly wallMs: number;
}

/** The model answered, or did not; in any case its stream is over. */
export class Answered extends Phase<AnsweredContent> {
  protected readonly name = "answered";

  private constructor(content: AnsweredContent) {
    super(content);
  }

  /** Asks the model. Never rejects. */
  static async ask(world: World, requested: Requested, signal: AbortSignal): Promise<Answered> {
    const { subject, how, timeoutMs, entry } = requested.consume();
    const { identity } = subject;
    const startedAtMs = world.clock.monotonicMs();
    const { limits } = world.run;
    const relay = createOutputRelay(world.recorder, "model.delta", limits.answerCharactersMax);
    const onDelta = (text: string): void => relay.send(text, { callId: identity.callId });
    const run: Stopping<Result<ModelAnswer, ModelFault>> = signal.aborted
      ? { k: "late", stopped: "cancelled" }
      : await untilStopped(world.clock, { timeoutMs, settleMs: limits.settleMsMax }, signal, (inner) =>
          readStream(how.model.stream(how.request, { signal: inner }), limits, onDelta),
        );
    relay.close();
    const answer = answerOf(run);
    return new Answered({
      identity,
      cause: entry,
      answer,
      cancelled: run.stopped === "cancelled" && !answer.ok,
      wallMs: elapsedMs(world, startedAtMs),
    });
  }
}

const answerOf = (run: Stopping<Result<ModelAnswer, ModelFault>>): Result<ModelAnswer, ModelFault> => {
  if (run.k === "settled" && (run.value.ok || run.stopped === null)) return run.value;
  if (run.stopped !== null) {
    return failed(fault("MODEL_TIMEOUT", "the model did not answer in time", { retryable: true }));
  }
  return failed(fault("MODEL_BAD_ANSWER", "the model's adapter broke down"));
};

/** Records what became of a model call. `cancelled` when there is no answer because the run was cancelled. */
export const completeAnswered = async (
  world: World,
  answered: Answered,
): Promise<Result<{ readonly outcome: ModelOutcome; readonly cancelled: boolean }, GateFault>> => {
  const { identity, cause, answer, cancelled, wallMs } = answered.consume();
  const { callId, labels } = identity;
  if (!answer.ok) {
    const { code, message } = answer.fault;
    const recorded = await record(
      world,
      {
        type: "model.failed",
        cause,
        public: { callId, code: cancelled ? "CANCELLED" : code, wallMs },
        content: { explanation: cancelled ? "the run was cancelled" : message.toWellFormed() },
        labels,
        feeds: true,
      },
      "possible",
    );
    if (!recorded.ok) return recorded;
    return ok({ outcome: { k: "failed", callId, fault: answer.fault, entry: recorded.value }, cancelled });
  }
  const { reason, text, toolCalls, usage } = answer.value;
  const recorded = await record(
    world,
    {
      type: "model.answered",
      cause,
      public: {
        callId,
        finish: reason,
        inputTokens: usage.inputTokens,
        outputTokens: usage.outputTokens,
        usage: usage.source,
        toolCalls: toolCalls.length,
        wallMs,
      },
      content: { answer: { reason, text, toolCalls: toolCalls.map(asJson), usage: asJson(usage) } },
      labels,
      feeds: true,
    },
    "possible",
  );
  if (!recorded.ok) return recorded;
  return ok({
    outcome: { k: "answered", callId, labels, entry: recorded.value, ...answer.value },
    cancelled,
  });
};
