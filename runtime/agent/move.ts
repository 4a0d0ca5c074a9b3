import type { JsonValue } from "#kernel/json.ts";
import type { Span } from "#protocol/source.ts";
import type { Labels } from "./labels.ts";
import type { LoopEnd } from "./loop-ends.ts";
import type { RunReason } from "./reasons.ts";
import type { Answer, Command, RunState } from "./state.ts";

/**
 * What follows from an input is made of moves, each a small function of the state that names the
 * next one. A transition makes moves until one of them is to wait.
 */
export type Move =
  | { readonly k: "wait" }
  | { readonly k: "advance-body" }
  /** The value that the body waits for is there. */
  | { readonly k: "resume-body"; readonly value: JsonValue; readonly labels: Labels }
  /** The open loop asks the model, when it still may. */
  | { readonly k: "ask-model" }
  | { readonly k: "close-loop"; readonly how: LoopEnd; readonly text: string }
  | { readonly k: "respond"; readonly answer: Answer }
  /** The result was given out: propose what changed. */
  | { readonly k: "publish" }
  | { readonly k: "end"; readonly ending: Ending };

export interface Ending {
  readonly reason: RunReason;
  /** Null for the reason's own sentence. */
  readonly explanation: string | null;
  readonly span?: Span;
  readonly result?: JsonValue;
  readonly labels?: Labels;
}

export interface Moved {
  readonly state: RunState;
  readonly commands: readonly Command[];
  readonly next: Move;
}

export const moved = (state: RunState, next: Move, ...commands: readonly Command[]): Moved => ({
  state,
  commands,
  next,
});

export const WAIT: Move = { k: "wait" };

export const endWith = (
  reason: RunReason,
  explanation: string | null = null,
  more: Omit<Ending, "reason" | "explanation"> = {},
): Move => ({ k: "end", ending: { reason, explanation, ...more } });
