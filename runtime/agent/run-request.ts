import type { Sha256 } from "#kernel/digest.ts";
import type { RunId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import type { Gate, GateLimits, GateRun } from "#gate/index.ts";
import type { Clock } from "#ports/clock.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { AgentSpec } from "#protocol/agent-spec.ts";
import type { Surface } from "#protocol/consent.ts";
import type { ToolDescriptor } from "#protocol/tool-descriptors.ts";
import type { EffectAnswer, LostEffect } from "./lost-effects.ts";
import type { RunLimits } from "./limits.ts";
import type { RunEnd, Usage } from "./state.ts";

export interface RunDeps {
  /** Numbers the run's entries; consent may be on record already, the start may not. */
  readonly recorder: RunRecorder;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly entropy: Entropy;
  /**
   * Opens what the run acts through: the sandbox with its files, and the gate over it. Called once,
   * after the start is on record. Everything in there records through the recorder given here.
   * Rejects with an AbortError when aborted, leaving nothing behind.
   */
  readonly openSession: (
    request: SessionRequest,
    signal: AbortSignal,
  ) => Promise<Result<RunSession, Fault<string>>>;
}

/** What going on with a run needs beside what starting one does. */
export interface ResumeDeps extends RunDeps {
  /** Asks a person about each effect of the plan's `lost`, one after the other. Rejects with an AbortError when aborted. */
  readonly askEffect: (effect: LostEffect, signal: AbortSignal) => Promise<EffectAnswer>;
  /** Whether no other host went on with the same run at the same moment; asked once `run.resumed` is durable. */
  readonly isAlone: () => Promise<Result<boolean, Fault<string>>>;
}

export interface SessionRequest {
  readonly recorder: RunRecorder;
  readonly run: GateRun;
}

export interface RunSession {
  readonly gate: Gate;
  /** Ends everything inside, waits until it is gone and records that. Never rejects. */
  close(): Promise<void>;
}

export interface RunRequest {
  /** Lowered from `sourceText` by this very build, with nothing in it that forbids running. */
  readonly spec: AgentSpec;
  readonly sourceText: string;
  readonly agent: string;
  readonly inputs: JsonObject;
  /** Every tool of this build, and the names of those that the run is given. */
  readonly registry: readonly ToolDescriptor[];
  readonly offered: readonly string[];
  /** As configured; the file narrows them. */
  readonly limits: RunLimits;
  readonly gateLimits: GateLimits;
  readonly principal: GateRun["principal"];
  readonly onBehalfOf: GateRun["onBehalfOf"];
  readonly ancestors: GateRun["ancestors"];
  readonly tier: GateRun["tier"];
  /** What else `run.started` states of the run, as docs/formats/run-event.md says. */
  readonly facts: {
    readonly tierWhy: string;
    readonly model: string;
    readonly policies: Sha256;
    readonly configuration: Sha256;
    readonly powers: Sha256;
    readonly startKey: string | null;
  };
  /** Who is on record as having cancelled when the signal is aborted. */
  readonly canceller: {
    readonly by: string;
    readonly surface: Surface;
    /** In what way that was said, as far as it is known; asked when the signal is aborted. */
    readonly how: () => string | null;
  };
}

export interface RunReport {
  readonly run: RunId;
  readonly end: RunEnd;
  readonly usage: Usage;
  readonly wallMs: number;
  readonly toolMs: number;
  /** Whether `run.ended` is on record. */
  readonly isRecorded: boolean;
  /** The ledger's or the sandbox's own reason when one of them ended the run, else null. */
  readonly fault: Fault<string> | null;
  /** What was thrown when the runtime itself made a mistake, for its developers; else null. */
  readonly bug: unknown;
}
