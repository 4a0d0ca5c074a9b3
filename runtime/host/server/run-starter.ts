import type { RunId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type { RunReport } from "#agent/index.ts";
import type { Approver } from "#ports/approver.ts";
import type { ConsentAsker } from "#ports/consent-asker.ts";
import type { SandboxTier } from "#protocol/agent-spec.ts";
import type { Powers } from "#protocol/consent.ts";
import type { LiveEvent, RunOutcome } from "#protocol/run-event.ts";
import type { CallFault } from "#host/rpc/errors.ts";
import type { EffectAsker } from "#host/resume-run.ts";
import type { RunObserver } from "#host/run-observer.ts";
import type { LanguageModel } from "#ports/language-model.ts";
import type { OfferedKeys } from "./client-secrets.ts";

/** A run as a client ordered it. */
export interface StartOrder {
  /** Workspace-relative, and the SHA-256 that its bytes must have. */
  readonly path: string;
  readonly digest: string;
  readonly agent: string | null;
  readonly inputs: JsonObject;
  readonly model: string | null;
  readonly sandbox: SandboxTier | "auto";
  /** Whether the person named the powers for this very run. */
  readonly isConsentNamed: boolean;
  readonly startKey: string;
}

/** What is known of a run before anybody is asked about it. */
export interface PlannedRun {
  /** The principal's id. */
  readonly agent: string;
  readonly path: string;
  readonly tier: SandboxTier;
  readonly powers: Powers;
}

/** Who can be asked about a planned run. */
export interface RunAskers {
  readonly consent: ConsentAsker;
  readonly approver: Approver;
}

export interface RunHooks {
  readonly run: RunId;
  readonly observer: RunObserver;
  planned(plan: PlannedRun): RunAskers;
  /** A model that clients serve; undefined while none offers it. */
  clientModel(id: string): LanguageModel | undefined;
  /** Keys that stay with clients. */
  readonly keys: OfferedKeys;
  publish(event: LiveEvent): void;
  /** What was said when the run was cancelled, or null. */
  howCancelled(): string | null;
}

/**
 * Reads, plans and runs what was ordered, to its end. A fault means that nothing was started; with
 * `isOnRecord` that is an entry, as for a consent that was refused. Rejects with an AbortError when
 * aborted before the start was on record; later that is a cancelled run.
 */
export type RunStarter = (
  order: StartOrder,
  hooks: RunHooks,
  signal: AbortSignal,
) => Promise<Result<RunReport, StartRefusal>>;

/** An interrupted run as a client wants it to go on. */
export interface ResumeOrder {
  readonly run: RunId;
  readonly isConsentNamed: boolean;
}

/**
 * Goes on with an interrupted run, to its end. A fault means that it is still interrupted. Rejects
 * with an AbortError when aborted before `run.resumed` was on record; later that is a cancelled run.
 */
export type RunResumer = (
  order: ResumeOrder,
  hooks: RunHooks & { readonly effects: EffectAsker },
  signal: AbortSignal,
) => Promise<Result<RunReport, StartRefusal>>;

export interface StartRefusal {
  readonly fault: CallFault;
  readonly isOnRecord: boolean;
}

/** Ends an interrupted run for good; gives how it ended. Nothing can cancel that. */
export type RunGiver = (
  run: RunId,
  reason: string | null,
) => Promise<Result<{ readonly state: RunOutcome }, CallFault>>;
