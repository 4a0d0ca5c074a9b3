import type { Sha256 } from "#kernel/digest.ts";
import type { CallId, EntryId, RunId } from "#kernel/ids.ts";
import type { JsonObject, JsonValue } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { Approver } from "#ports/approver.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { Spend, ToolChange, ToolExecutor } from "#ports/executor.ts";
import type {
  LanguageModel,
  ModelFault,
  ModelRequest,
  ModelToolCall,
  ModelUsage,
} from "#ports/language-model.ts";
import type { LedgerFault } from "#ports/ledger.ts";
import type { RunEntry, RunRecorder } from "#ports/run-recorder.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { DenyReason, OnBehalfOf, PrincipalReference } from "#protocol/policy-vocabulary.ts";
import type { PolicyDecider } from "#policy/policy-decider.ts";
import type { GateLimits } from "./limits.ts";

/**
 * The one door between a run and the world. Whatever the run does goes through here in the order
 * prepare, decide, ask, record the intent, act, record the outcome.
 *
 * Every method settles with what happened, an AbortError when `signal` was aborted and the action
 * did not come to its end, or a `GateFault`. A fault ends the run: after it every call of every
 * method is the same fault and nothing acts any more. By the time a method settles, what it began
 * to execute is over and recorded; a tool that does not hear that it was aborted is given up
 * `settleMsMax` later, and what it was doing is recorded as unknown.
 */
export interface Gate {
  readonly run: RunId;
  perform(call: ProposedCall, signal: AbortSignal): Promise<Result<CallOutcome, GateFault>>;
  /**
   * The calls of one turn, decided by one version of the policies and in their order; calls that
   * only read run together, at most `parallelMax` at once, any other runs alone. Outcomes stand
   * in the order of the calls.
   */
  performAll(
    calls: readonly ProposedCall[],
    signal: AbortSignal,
  ): Promise<Result<readonly CallOutcome[], GateFault>>;
  /** Asks the run's model. Text streams as live `model.delta` events. */
  callModel(call: ProposedModelCall, signal: AbortSignal): Promise<Result<ModelOutcome, GateFault>>;
  /** Whether this may be given to whoever started the run: `done`, `denied` or `refused`. */
  respond(response: ProposedResponse, signal: AbortSignal): Promise<Result<CallOutcome, GateFault>>;
  /** Whether the run may end itself: `done`, `denied` or `refused`. */
  terminate(end: ProposedEnd, signal: AbortSignal): Promise<Result<CallOutcome, GateFault>>;
}

export interface GateDeps {
  /** Read once for each batch, model call, response or end, which keeps the version it began with. */
  readonly policy: () => PolicyDecider;
  readonly recorder: RunRecorder;
  readonly approver: Approver;
  /** Null for a run that thinks of nothing by itself: it must not call a model. */
  readonly model: LanguageModel | null;
  readonly crypto: Crypto;
  readonly entropy: Entropy;
  readonly clock: Clock;
  /** Called once, with the only function that turns this gate's rights into calls. */
  readonly executors: (spend: Spend) => readonly ToolExecutor[];
}

/** What stays the same for all actions of a run. */
export interface GateRun {
  readonly principal: PrincipalReference;
  readonly onBehalfOf: OnBehalfOf;
  /** Nearest first; `[]` for a run that no other principal started. */
  readonly ancestors: readonly PrincipalReference[];
  readonly tier: SandboxTier;
  /** The agent's inputs by parameter name, as the policies see them. */
  readonly inputs: JsonObject;
  /** Names of the tools that this run was given; any other is denied, also when an executor for it exists. */
  readonly offered: readonly string[];
  /** The run's own 32 bytes, which `run.started` holds sealed, for digests of private text. */
  readonly key: Uint8Array;
  /** When the run's wall time is over, on the clock's monotonic scale. */
  readonly endsAtMonotonicMs: number;
  readonly limits: GateLimits;
  /** Calls that the run made behind an earlier gate; absent for none. */
  readonly callsMade?: number;
}

export interface Proposed {
  /** Labels of everything the proposal was made from. Order and repeats do not matter. */
  readonly labels: readonly string[];
  /** Turn of the loop, from 1; 0 outside it. */
  readonly iteration: number;
  /** The entry that led to it, such as the model's answer. */
  readonly cause: EntryId | null;
}

export interface ProposedCall extends Proposed {
  /** The proposer's own name for the call (a provider's id, a place in a body); handed back with the outcome, otherwise unused. */
  readonly reference: string;
  /** Place among the calls that the turn or the body proposes, from 0. */
  readonly ordinal: number;
  readonly tool: string;
  readonly arguments:
    | { readonly k: "text"; readonly text: string }
    | { readonly k: "value"; readonly value: JsonObject };
}

export interface ProposedModelCall extends Proposed {
  readonly request: ModelRequest;
  /** Digest of the transition's canonical state in which the model is asked. */
  readonly state: Sha256;
}

export interface ProposedResponse extends Proposed {
  readonly value: JsonValue;
}

export interface ProposedEnd extends Proposed {
  readonly reason: string;
}

export type CallStatus =
  /** Executed, with a result. */
  | "done"
  /** Executed or tried without a result, or permitted and known to fail: it changed nothing, or a repeat does no harm. */
  | "failed"
  /** Forbidden by rules, or not acceptable to the gate; nothing was executed. */
  | "denied"
  /** A person had to agree and did not; nothing was executed. */
  | "refused"
  /** Sent off, and nobody can say whether it happened. Never to be tried again without a person. */
  | "unknown";

/** Why nothing was executed: the policies' reasons, and the gate's own. */
export type Refusal =
  | DenyReason
  /** Not a tool of this build. */
  | "unknown-tool"
  | "tool-not-offered"
  | "calls-exhausted"
  | "time-exhausted"
  | "arguments-too-large"
  /** Not JSON within limits, or not an object. */
  | "arguments-malformed"
  /** The tool refuses the arguments themselves, or broke down over them. */
  | "arguments-refused"
  | "tier-too-weak"
  /** `modify`, `defer` or an answer outside the format. */
  | "outcome-unsupported"
  /** The policies could not be asked. */
  | "undecided"
  | "approval-refused"
  | "approval-expired"
  /** Nobody is there to ask, or whoever answered is not whom the rules accept. */
  | "approval-unavailable";

/**
 * What became of a call, as JSON: the content part `result` of `action.completed` or `explanation`
 * of `effect.unknown`, of which every call that was proposed has exactly one.
 */
export interface CallResult {
  readonly reference: string;
  readonly status: CallStatus;
  /** Null unless `denied` or `refused`. */
  readonly refusal: Refusal | null;
  /** For the model: bounded, and when the call was not done why, without what the rules say. */
  readonly text: string;
  /** For bodies; null unless `done`. */
  readonly value: JsonValue;
  /** Of the call and its result together, sorted, without duplicates. */
  readonly labels: readonly string[];
}

export interface CallOutcome extends CallResult {
  readonly callId: CallId;
  /** Files that the call changed, sorted by path; the content part `changes`. */
  readonly changes: readonly ToolChange[];
  /** The entry that ended the call and feeds the transition; its `input` gives the total order. */
  readonly entry: RunEntry;
}

export type ModelOutcome =
  | ({
      readonly k: "answered";
      readonly callId: CallId;
      readonly labels: readonly string[];
      readonly entry: RunEntry;
    } & ModelAnswer)
  | {
      readonly k: "failed";
      readonly callId: CallId;
      readonly fault: ModelFault;
      readonly entry: RunEntry;
    }
  | {
      readonly k: "denied";
      readonly callId: CallId;
      readonly refusal: Refusal;
      readonly text: string;
      readonly entry: RunEntry;
    };

/** The content part `answer` of `model.answered`. */
export interface ModelAnswer {
  readonly reason: "stop" | "tool-calls" | "length" | "refused";
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly usage: ModelUsage;
}

/** The ledger refused, so the run is over. */
export interface GateFault extends Fault<"GATE_UNRECORDED"> {
  readonly ledger: LedgerFault;
  /** `none`: what could not be recorded was not done either. `possible`: it was done or begun. */
  readonly effect: "none" | "possible";
}
