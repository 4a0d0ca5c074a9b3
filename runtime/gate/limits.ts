/** Bounds that the gate itself holds, whatever rules say. All counts are for one run. */
export interface GateLimits {
  /** Proposed tool calls, permitted or not. */
  readonly callsMax: number;
  /** UTF-8 bytes of one call's arguments. */
  readonly argumentBytesMax: number;
  readonly argumentDepthMax: number;
  /** Calls that execute at the same moment. */
  readonly parallelMax: number;
  /** Longest wait for one decision. */
  readonly decideMsMax: number;
  /** Longest preparation of one call. */
  readonly prepareMsMax: number;
  /** Longest wait for one person's answer. */
  readonly approvalMsMax: number;
  /** How long after its deadline an executor is aborted that did not end the call itself. */
  readonly deadlineGraceMs: number;
  /** Longest wait for an executor that was aborted to say what became of its call. */
  readonly settleMsMax: number;
  /** Longest model call, with all its attempts and the waits between them. */
  readonly modelMsMax: number;
  readonly retry: RetryLimits;
  /** Text and arguments of tool calls in one answer together. */
  readonly answerCharactersMax: number;
  readonly answerToolCallsMax: number;
  /** Output of one tool call that is streamed; the whole of it is in the result. */
  readonly streamedCharactersMax: number;
  /** Text of one result that the model is shown. */
  readonly resultCharactersMax: number;
}

/** How often and how long one model call is tried again. */
export interface RetryLimits {
  /** Attempts beyond the first. */
  readonly retriesMax: number;
  /** Longest wait before the first retry; it doubles with each. */
  readonly firstWaitMsMax: number;
  /** Longest wait that the gate chooses by itself. */
  readonly waitMsMax: number;
  /** Longest wait that a provider may ask for; whoever asks for more is not asked again. */
  readonly askedWaitMsMax: number;
  /** All waits of one call together. */
  readonly waitsMsMax: number;
}

export const GATE_LIMITS_DEFAULT: GateLimits = {
  callsMax: 1_000,
  argumentBytesMax: 8 * 1024 * 1024,
  argumentDepthMax: 32,
  parallelMax: 4,
  decideMsMax: 10_000,
  prepareMsMax: 30_000,
  approvalMsMax: 10 * 60_000,
  deadlineGraceMs: 1_000,
  settleMsMax: 10_000,
  modelMsMax: 10 * 60_000,
  retry: {
    retriesMax: 4,
    firstWaitMsMax: 1_000,
    waitMsMax: 20_000,
    askedWaitMsMax: 60_000,
    waitsMsMax: 120_000,
  },
  answerCharactersMax: 8 * 1024 * 1024,
  answerToolCallsMax: 64,
  streamedCharactersMax: 256 * 1024,
  resultCharactersMax: 100_000,
};
