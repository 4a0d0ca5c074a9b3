/** Bounds of one request to a provider. The gate bounds the call as a whole once more. */
export interface OpenAiLimits {
  /** Longest wait for the provider's status and headers. */
  readonly firstByteMsMax: number;
  /** Longest silence within an answer. */
  readonly idleMsMax: number;
  /** Longest wait for the usage behind an answer that has ended; without it the usage is estimated. */
  readonly trailerMsMax: number;
  /** Longest answer in time, from the request on. */
  readonly answerMsMax: number;
  /** Whole body of an answer, with what stands around the text. */
  readonly answerBytesMax: number;
  /**
   * What of it holds nothing of an answer, as comments that keep the connection alive: one of 25 bytes each
   * tenth of a second is a seventh of that by the end of the longest answer.
   */
  readonly emptyBytesMax: number;
  /** One server-sent event. */
  readonly eventBytesMax: number;
  readonly headerBytesMax: number;
  /** What is read of the body that comes with a refusal. */
  readonly errorBytesMax: number;
  readonly toolCallsMax: number;
  /** Arguments of one tool call, in UTF-16 code units. */
  readonly argumentsLengthMax: number;
  /** Id and name of a tool call, in UTF-16 code units each. */
  readonly nameLengthMax: number;
}

export const OPENAI_LIMITS_DEFAULT: OpenAiLimits = {
  firstByteMsMax: 120_000,
  idleMsMax: 120_000,
  trailerMsMax: 5_000,
  answerMsMax: 10 * 60_000,
  answerBytesMax: 32 * 1024 * 1024,
  emptyBytesMax: 1024 * 1024,
  eventBytesMax: 4 * 1024 * 1024,
  headerBytesMax: 16 * 1024,
  errorBytesMax: 64 * 1024,
  toolCallsMax: 128,
  argumentsLengthMax: 8 * 1024 * 1024,
  nameLengthMax: 256,
};
