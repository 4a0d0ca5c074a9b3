import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { ModelMessage } from "#ports/language-model.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { RunOutcome } from "#protocol/run-event.ts";
import type { Span } from "#protocol/source.ts";
import type { LogLevel } from "./body/event.ts";
import type { MachineState } from "./body/state.ts";
import type { CallStatus } from "./input.ts";
import type { Labels } from "./labels.ts";
import type { Shortfall } from "./loop-ends.ts";
import type { RunReason } from "./reasons.ts";

/**
 * Where a run stands between two inputs.
 *
 * `reasoning` (the model is asked) -> `policy-check` (its calls are with the gate) ->
 * `tool-dispatching` (of which one was executed at least) -> observing, which is over within the
 * same transition -> `reasoning`. A body runs in `body` and takes the same way for its calls.
 * `responding` asks the gate whether the result may be given out, `publishing` proposes changed
 * files for the workspace.
 */
export type Phase =
  | "body"
  | "reasoning"
  | "policy-check"
  | "tool-dispatching"
  | "responding"
  | "publishing"
  | "ended";

/** All of a run's state, as JSON. Its canonical text is what state digests are over. */
export interface RunState {
  readonly v: 1;
  readonly phase: Phase;
  readonly usage: Usage;
  /** The agent's body, where it has one. */
  readonly body: MachineState | null;
  /** The reasoning loop that is open. */
  readonly loop: Loop | null;
  /** How the first loop ended that gave no whole answer to a body that looks at no such end; else absent. */
  readonly shortfall?: Shortfall;
  /** Calls that were proposed together and are not all settled; `[]` when none are. */
  readonly calls: readonly PendingCall[];
  /** Those of them that are settled, in the order in which they were. */
  readonly outcomes: readonly CallOutcome[];
  /** Calls proposed outside of loops so far. */
  readonly callsOutside: number;
  /** What is to be given, or was given, to whoever started the run. */
  readonly answer: Answer | null;
  /** Files of the run that changed and were not proposed for the workspace since, with their labels. */
  readonly unpublished: { readonly [path: string]: Labels };
  readonly end: RunEnd | null;
}

export interface Usage {
  /** Turns in which the model answered. */
  readonly iterations: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Loop {
  /** Whether its result is the run's or the value of a body's `reason`. */
  readonly for: "run" | "body";
  readonly messages: readonly ModelMessage[];
  /** Of everything in the conversation, and so of everything that comes out of it. */
  readonly labels: Labels;
  /** Turns and tokens of this loop alone. */
  readonly iterations: number;
  readonly tokens: number;
  /** What the body narrowed them to; null where the run's limits alone hold. */
  readonly iterationsMax: number | null;
  readonly tokensMax: number | null;
  /** How often in a row the calls of the turn before were proposed again. */
  readonly repeats: number;
}

export interface PendingCall {
  /** Unique in the run: `<turn>.<number>`, the turn 0 outside of loops. */
  readonly reference: string;
  readonly tool: string;
  /** The file that it proposes for the workspace, as far as its arguments say one. */
  readonly publishes: string | null;
  /** Present while only a person can say what became of it. */
  readonly lost?: { readonly callId: string; readonly labels: Labels };
}

export interface CallOutcome {
  readonly reference: string;
  readonly status: CallStatus;
  readonly text: string;
  readonly value: JsonValue;
  readonly labels: Labels;
}

export interface Answer {
  readonly value: JsonValue;
  readonly labels: Labels;
}

export interface RunEnd {
  readonly outcome: RunOutcome;
  readonly reason: RunReason;
  /** One sentence or more for people; untrusted where a body, a tool or a model said it. */
  readonly explanation: string;
  /** The place in the agent file that it is about. */
  readonly span: Span | null;
  /** Null unless completed. */
  readonly result: JsonValue;
  readonly labels: Labels;
}

/** What the driver is to do next. Of the last five at most one is asked for at a time, as the last. */
export type Command =
  | {
      readonly k: "enter";
      readonly phase: "reasoning" | "policy-check" | "observing";
      readonly iteration: number;
    }
  | { readonly k: "print"; readonly level: LogLevel | null; readonly text: string }
  | {
      readonly k: "call-model";
      readonly messages: readonly ModelMessage[];
      readonly tools: readonly ToolDescriptor[];
      readonly tokensMax: number;
      readonly iteration: number;
      readonly labels: Labels;
    }
  | { readonly k: "perform"; readonly calls: readonly ProposedByRun[]; readonly iteration: number }
  | { readonly k: "respond"; readonly value: JsonValue; readonly iteration: number; readonly labels: Labels }
  /** Let others have their turn, then go on with the body. */
  | { readonly k: "advance-body"; readonly statement: number; readonly steps: number }
  | { readonly k: "end"; readonly end: RunEnd };

/** What of a transition takes time and leads to inputs; the rest is only shown. */
export type Effect = Exclude<Command, { k: "enter" | "print" | "end" }>;

export interface ProposedByRun {
  readonly reference: string;
  readonly ordinal: number;
  readonly tool: string;
  readonly arguments:
    | { readonly k: "text"; readonly text: string }
    | { readonly k: "value"; readonly value: JsonObject };
  readonly labels: Labels;
}

export interface Step {
  readonly state: RunState;
  readonly commands: readonly Command[];
}
