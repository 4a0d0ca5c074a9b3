import type { RunOutcome } from "#protocol/run-event.ts";

/** Why a run is over: the codes that `run.ended` carries, what each means for the outcome, and a sentence for people. */
export const RUN_REASONS = {
  COMPLETED: ["completed", "the agent gave its result"],
  CANCELLED: ["cancelled", "it was cancelled"],
  // a bound of the run
  ITERATIONS: ["limited", "the model was asked as often as the run allows"],
  TOKENS: ["limited", "the run used the tokens that it may use"],
  WALL_TIME: ["limited", "the time of the run was over"],
  TOOL_TIME: ["limited", "the tools ran as long as the run allows"],
  CONVERSATION: ["limited", "the conversation with the model grew as long as the run allows"],
  BODY_BOUND: ["limited", "the body came to a bound on its steps or on the size of its values"],
  // the model
  MODEL_UNAVAILABLE: ["failed", "the model could not be reached"],
  MODEL_REFUSED: ["failed", "the model's provider refused the request"],
  MODEL_BAD_ANSWER: ["failed", "the model's answer was not usable"],
  MODEL_TIMEOUT: ["failed", "the model did not answer in time"],
  MODEL_EXHAUSTED: ["failed", "the script of the model has no more answers"],
  MODEL_DENIED: ["failed", "the rules do not let this run ask the model"],
  ANSWER_REFUSED: ["failed", "the model declined to answer, or a filter of its provider stopped it"],
  ANSWER_CUT: [
    "failed",
    "the model's answer was cut off by its length: by `outputTokensMax` of its endpoint, by the tokens that the run has left, or by the model itself",
  ],
  ANSWER_EMPTY: ["failed", "the model answered with nothing"],
  CALLS_REPEATED: ["failed", "the model proposed the same calls again and again"],
  // the rules
  RESPONSE_DENIED: ["failed", "the rules do not let the result be given out"],
  CALL_NOT_DONE: ["failed", "a tool call of the body was not done"],
  EFFECT_UNKNOWN: [
    "failed",
    "nobody can say whether a call took effect; a person has to look before anything is repeated",
  ],
  // the body
  BODY_KIND: ["failed", "the body applied an operation to a value that does not have it"],
  BODY_MISSING: ["failed", "the body asked for something that is not there"],
  BODY_NUMBER: ["failed", "the body computed a number that cannot be"],
  BODY_TEXT: ["failed", "the body used a text that does not fit"],
  BODY_RECURSION: ["failed", "the body's functions called each other too deeply"],
  BODY_ERROR: ["failed", "the body ended itself with an error"],
  BODY_MALFORMED: ["failed", "the body does not make sense"],
  // ourselves and what we stand on
  SESSION_UNAVAILABLE: ["failed", "the sandbox could not be opened"],
  SANDBOX_LOST: ["failed", "the sandbox was lost while the run went on"],
  LEDGER_REFUSED: ["failed", "the ledger could not record the run"],
  INTERNAL: ["failed", "a mistake of the runtime itself ended the run"],
} as const satisfies Readonly<Record<string, readonly [RunOutcome, string]>>;

export type RunReason = keyof typeof RUN_REASONS;

export const isRunReason = (code: string): code is RunReason => Object.hasOwn(RUN_REASONS, code);
