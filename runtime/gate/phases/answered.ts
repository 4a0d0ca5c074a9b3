import type { EntryId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ModelFault, ModelPrice } from "#ports/language-model.ts";
import type { GateFault, ModelAnswer, ModelOutcome } from "../contract.ts";
import type { Stopping } from "../deadline.ts";
import { untilStopped } from "../deadline.ts";
import { asJson } from "../frozen-json.ts";
import { createOutputRelay } from "../output-relay.ts";
import { costNanoUsd } from "../model-cost.ts";
import { retryWaitMs } from "../model-retry.ts";
import { readStream } from "../model-stream.ts";
import type { Identity } from "../subject.ts";
import type { World } from "../world.ts";
import { elapsedMs, record } from "../world.ts";
import { Phase } from "./phase.ts";
import type { Requested, RequestedContent } from "./requested.ts";

export interface AnsweredContent {
  readonly identity: Identity;
  /** `model.requested`. */
  readonly cause: EntryId;
  readonly answer: Result<ModelAnswer, ModelFault>;
  readonly price: ModelPrice | undefined;
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

  /** Asks the model, again where that may help and is within the limits. Never rejects. */
  static async ask(world: World, requested: Requested, signal: AbortSignal): Promise<Answered> {
    const asked = requested.consume();
    const { identity } = asked.subject;
    const startedAtMs = world.clock.monotonicMs();
    const relay = createOutputRelay(world.recorder, "model.delta", world.run.limits.answerCharactersMax);
    const onDelta = (text: string): void => relay.send(text, { callId: identity.callId });
    const answer = await askPatiently(world, { ...asked, onDelta }, signal);
    relay.close();
    return new Answered({
      identity,
      cause: asked.entry,
      answer: answer === "cancelled" ? LATE : answer,
      price: asked.how.model.price,
      cancelled: answer === "cancelled",
      wallMs: elapsedMs(world, startedAtMs),
    });
  }
}

interface PatientCall extends RequestedContent {
  readonly onDelta: (text: string) => void;
}

type Attempt = Result<ModelAnswer, ModelFault> | "cancelled";

/** Asks until there is an answer, or a fault that another attempt would not mend. Never rejects. */
const askPatiently = async (world: World, call: PatientCall, signal: AbortSignal): Promise<Attempt> => {
  const { limits } = world.run;
  const { callId, labels } = call.subject.identity;
  let { timeoutMs: leftMs } = call;
  let waitedMs = 0;
  for (let attempt = 1; ; attempt += 1) {
    if (await isCancelled(call.how.model.ready?.(signal), signal)) return "cancelled";
    const startedAtMs = world.clock.monotonicMs();
    const run = await untilStopped(
      world.clock,
      { timeoutMs: leftMs, settleMs: limits.settleMsMax },
      signal,
      (inner) => readStream(call.how.model.stream(call.how.request, { signal: inner }), limits, call.onDelta),
    );
    const answer = answerOf(run);
    if (answer.ok) return answer;
    if (run.stopped === "cancelled") return "cancelled";
    leftMs -= elapsedMs(world, startedAtMs);
    const failedAttempt = { fault: answer.fault, attempt, waitedMs, leftMs, chance: () => chance(world) };
    const waitMs = run.stopped === null ? retryWaitMs(failedAttempt, limits.retry) : null;
    if (waitMs === null) return answer;
    const recorded = await record(
      world,
      {
        type: "model.retried",
        cause: call.entry,
        public: { callId, code: answer.fault.code, attempt, waitMs },
        content: {},
        labels,
        feeds: false,
      },
      "possible",
    );
    // A ledger that refused this refuses the end of the call too, and that ends the run.
    if (!recorded.ok) return answer;
    if (await isCancelled(world.clock.sleep(waitMs, signal), signal)) return "cancelled";
    waitedMs += waitMs;
    leftMs -= waitMs;
  }
};

/** Whether the run was cancelled before the wait was over. */
const isCancelled = async (wait: Promise<void> | undefined, signal: AbortSignal): Promise<boolean> => {
  try {
    await wait;
  } catch {
    // Aborted; or a model that broke down over the question, which asking it shows.
  }
  return signal.aborted;
};

/** From 0 to below 1. */
const chance = (world: World): number => {
  const [high = 0, middle = 0, low = 0] = world.entropy.bytes(3);
  return (high * 65_536 + middle * 256 + low) / 16_777_216;
};

const answerOf = (run: Stopping<Result<ModelAnswer, ModelFault>>): Result<ModelAnswer, ModelFault> => {
  if (run.k === "settled" && (run.value.ok || run.stopped === null)) return run.value;
  if (run.stopped !== null) return LATE;
  return failed(fault("MODEL_BAD_ANSWER", "the model's adapter broke down"));
};

const LATE: Result<never, ModelFault> = failed(
  fault("MODEL_TIMEOUT", "the model did not answer in time", {
    help: "start the run again later, or with another model",
    retryable: true,
  }),
);

/** Records what became of a model call. `cancelled` when there is no answer because the run was cancelled. */
export const completeAnswered = async (
  world: World,
  answered: Answered,
): Promise<Result<{ readonly outcome: ModelOutcome; readonly cancelled: boolean }, GateFault>> => {
  const { identity, cause, answer, price, cancelled, wallMs } = answered.consume();
  const { callId, labels } = identity;
  if (!answer.ok) {
    const { code, message, help } = answer.fault;
    const explanation = help === undefined ? message : `${message}; ${help}`;
    const recorded = await record(
      world,
      {
        type: "model.failed",
        cause,
        public: { callId, code: cancelled ? "CANCELLED" : code, wallMs },
        content: { explanation: cancelled ? "the run was cancelled" : explanation.toWellFormed() },
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
        cachedInputTokens: usage.cachedInputTokens ?? null,
        costNanoUsd: costNanoUsd(usage, price),
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
