import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { ModelEvent, ModelFault, ModelToolCall, ModelUsage } from "#ports/language-model.ts";
import type { ModelAnswer } from "./contract.ts";
import type { GateLimits } from "./limits.ts";

type Finished = Extract<ModelEvent, { k: "finished" }>;

/**
 * Reads a model's stream to its end. An answer is only what the model finished, whole and within
 * the limits; a stream that is cut, too long or not of the format is a fault.
 */
export const readStream = async (
  stream: AsyncIterable<ModelEvent>,
  limits: GateLimits,
  onDelta: (text: string) => void,
): Promise<Result<ModelAnswer, ModelFault>> => {
  let streamed = 0;
  for await (const event of stream) {
    switch (event.k) {
      case "text-delta":
        streamed += event.text.length;
        if (streamed > limits.answerCharactersMax) return tooLarge(limits);
        onDelta(event.text);
        break;
      case "finished":
        return readAnswer(event, limits);
      case "failed":
        return failed(event.fault);
      default:
        return badAnswer("the model's stream holds an event of no known kind");
    }
  }
  return badAnswer("the model's stream ended without an answer");
};

const readAnswer = (event: Finished, limits: GateLimits): Result<ModelAnswer, ModelFault> => {
  if (event.toolCalls.length > limits.answerToolCallsMax) {
    return badAnswer(
      `the model proposed ${event.toolCalls.length} calls at once, at most ${limits.answerToolCallsMax} are taken`,
      LESS_HELP,
    );
  }
  const characters = event.toolCalls.reduce(
    (sum, call) => sum + call.callId.length + call.tool.length + call.argumentsText.length,
    event.text.length,
  );
  if (characters > limits.answerCharactersMax) return tooLarge(limits);
  return ok({
    reason: event.reason,
    text: event.text.toWellFormed(),
    toolCalls: Object.freeze(event.toolCalls.map(readToolCall)),
    usage: readUsage(event.usage),
  });
};

const readToolCall = (call: ModelToolCall): ModelToolCall =>
  Object.freeze({
    callId: call.callId.toWellFormed(),
    tool: call.tool.toWellFormed(),
    argumentsText: call.argumentsText.toWellFormed(),
  });

/** Counts that are none are read as 0 and the usage as estimated: nothing is billed by them. */
const readUsage = ({ inputTokens, cachedInputTokens, outputTokens, source }: ModelUsage): ModelUsage =>
  isCount(inputTokens) && isCount(outputTokens)
    ? Object.freeze({
        inputTokens,
        ...(isCount(cachedInputTokens) && cachedInputTokens <= inputTokens ? { cachedInputTokens } : {}),
        outputTokens,
        source,
      })
    : Object.freeze({
        inputTokens: isCount(inputTokens) ? inputTokens : 0,
        outputTokens: isCount(outputTokens) ? outputTokens : 0,
        source: "estimated",
      });

const isCount = (count: number | undefined): count is number =>
  Number.isSafeInteger(count) && Number(count) >= 0;

const badAnswer = (message: string, help = OTHER_HELP): Result<never, ModelFault> =>
  failed(fault("MODEL_BAD_ANSWER", message, { help, retryable: true }));

const OTHER_HELP = "start the run again, or choose another model";

const tooLarge = (limits: GateLimits): Result<never, ModelFault> =>
  badAnswer(`the model's answer is longer than ${limits.answerCharactersMax} characters`, LESS_HELP);

const LESS_HELP = "have the agent ask for less at once, or choose another model";
