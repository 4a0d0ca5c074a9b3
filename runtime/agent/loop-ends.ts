import type { RunReason } from "./reasons.ts";
import { RUN_REASONS } from "./reasons.ts";

/** The field of a body's `reason` that says how the loop ended. */
export const LOOP_END_FIELD = "termination_reason";

/** How a reasoning loop ends: the values of that field. */
export type LoopEnd = "completed" | Shortfall;

/** An end at which there is no whole answer. */
export type Shortfall = "max_iterations" | "max_tokens" | "refused" | "cut" | "empty" | "repeated_calls";

/** Why a run is over that has no whole answer. */
export const REASON_OF: Readonly<Record<Shortfall, RunReason>> = {
  max_iterations: "ITERATIONS",
  max_tokens: "TOKENS",
  refused: "ANSWER_REFUSED",
  cut: "ANSWER_CUT",
  empty: "ANSWER_EMPTY",
  repeated_calls: "CALLS_REPEATED",
};

/** The same for people, of a body that took what there was for the whole. */
export const unseenBy = (how: Shortfall): string =>
  `${SENTENCES[how] ?? RUN_REASONS[REASON_OF[how]][1]}; the body did not look whether the answer was whole (\`${LOOP_END_FIELD}\` of \`reason\`), so its result counts for nothing`;

/** Of bounds that the body itself drew. */
const SENTENCES: Readonly<Partial<Record<Shortfall, string>>> = {
  max_iterations: "the model was asked as often as the body allows",
  max_tokens: "the model used the tokens that the body allows",
};
