import type { LogId, RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { EffectAnswer, LostEffect, RunReport } from "#agent/index.ts";
import { planResume, readPast, resumeAgent, untoldEffects } from "#agent/index.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import type { FoundRun } from "./found-run.ts";
import { entriesOfRun, howToEnd, openFoundRun } from "./found-run.ts";
import { findInterrupted, isAlone } from "./find-interrupted.ts";
import type { RunAgentDeps, RunPeople, RunRefusal } from "./run-agent.ts";
import { removeLeftPublishes } from "./left-publishes.ts";
import { heldObserver } from "./run-observer.ts";
import { askConsent, requestOf, sessionOpener, withRecorder } from "./run-agent.ts";
import { resumedSandbox } from "./resumed-sandbox.ts";

export type { EffectAnswer, LostEffect };

/** Who says what became of effects that a dead host may have had. */
export interface EffectAsker {
  /** Called before anything is recorded; a fault where nobody can answer. */
  ready(lost: readonly LostEffect[], signal: AbortSignal): Promise<Result<void, Fault<string>>>;
  /** Rejects with an AbortError when aborted. */
  ask(effect: LostEffect, signal: AbortSignal): Promise<EffectAnswer>;
}

export interface ResumeRunDeps extends RunAgentDeps {
  readonly reader: LedgerReader;
  /** Whether nothing in these logs was changed since it was recorded; a fault that says what was. */
  readonly verify: (logs: readonly LogId[], signal: AbortSignal) => Promise<Result<void, Fault<string>>>;
}

export type ResumeRefusal =
  | RunRefusal
  /** What the run stands on changed, or its evidence does not hold. */
  | { readonly k: "refused"; readonly fault: Fault<string> }
  /** Nobody could be asked what became of an effect. */
  | { readonly k: "unanswered"; readonly fault: Fault<string> };

/** The run as it is on record, for whoever has to plan it again. Changes nothing. */
export const findRun = async (
  reader: LedgerReader,
  run: RunId,
  signal: AbortSignal,
): Promise<Result<FoundRun, Fault<string>>> => {
  const placed = await entriesOfRun(reader, run, signal);
  return placed.ok ? openFoundRun(reader, run, placed.value) : placed;
};

/** The effects of a run that wait for a person's word, as its ledger tells. */
export const untoldEffectsOf = async (
  reader: LedgerReader,
  run: RunId,
  signal: AbortSignal,
): Promise<Result<readonly LostEffect[], Fault<string>>> => {
  const found = await findRun(reader, run, signal);
  return found.ok ? ok(untoldEffects(found.value.entries)) : found;
};

/**
 * Goes on with an interrupted run under a plan made anew: refuses, with nothing more recorded than
 * that it was interrupted, where anything is not as it was; asks for consent and about lost effects;
 * then goes on to the end. Rejects with an AbortError when aborted before `run.resumed`.
 */
export const resumePlanned = async (
  deps: ResumeRunDeps,
  run: RunId,
  people: RunPeople & { readonly effects: EffectAsker },
  signal: AbortSignal,
): Promise<Result<RunReport, ResumeRefusal>> => {
  const { clock, crypto, entropy, verify } = deps;
  const placed = await findInterrupted(deps, run, signal);
  if (!placed.ok) return placed;
  const known = await openFoundRun(deps.reader, run, placed.value);
  if (!known.ok) return refuse(known.fault);
  const found = known.value;
  const holds = await verify(found.logs, signal);
  if (!holds.ok) return refuse(holds.fault);
  const past = readPast(found.entries);
  if (!past.ok) return refuse(past.fault);
  const request = requestOf(deps, people);
  const plan = planResume(crypto, request, past.value);
  if (!plan.ok) return refuse(plan.fault);
  const ready = await people.effects.ready(plan.value.lost, signal);
  if (!ready.ok) return failed({ k: "unanswered", fault: ready.fault });

  const recorded = { entries: past.value.entries, inputs: past.value.journal.length };
  const { parent, scope } = found;
  // Of two that take it up at once one is refused, and must not have told its people that it goes on.
  const observer = heldObserver(people.observer);
  const watched = { ...people, observer };
  return withRecorder<ResumeRefusal>(
    deps,
    watched,
    { run, parent, scope, recorded },
    async (recorder, onThrown) => {
      // Before anything is recorded: a run without its files is still interrupted, and they may come back.
      const had = await resumedSandbox(deps.ledger.artefacts, scope, past.value, NOTHING_TOLD);
      if (!had.ok) return refuse(filesGone(run, had.fault));
      const consent = await askConsent(deps, recorder, people, signal);
      if (!consent.ok) {
        observer.release(onThrown);
        return consent;
      }
      recorder.live("host.noticed", { code: "SANDBOX_CHOSEN", text: deps.plan.tier.why });
      for (const { code, message, help } of await removeLeftPublishes(deps.workspace, found.entries)) {
        recorder.live("host.noticed", { code, text: `${message}; ${help}` });
      }
      /** Lost effects of which a person said that they happened. */
      const happened = new Set<string>();
      const askEffect = async (effect: LostEffect, aborted: AbortSignal): Promise<EffectAnswer> => {
        const answer = await people.effects.ask(effect, aborted);
        if (answer.k === "happened") happened.add(effect.callId);
        return answer;
      };
      const resumed = () => resumedSandbox(deps.ledger.artefacts, found.scope, past.value, happened);
      const ran = await resumeAgent(
        {
          recorder,
          clock,
          crypto,
          entropy,
          openSession: sessionOpener(deps, people, resumed),
          askEffect,
          isAlone: async () => {
            const alone = await isAlone(deps, run, past.value.interrupted);
            if (alone.ok && alone.value) observer.release(onThrown);
            return alone;
          },
        },
        request,
        plan.value,
        signal,
      );
      if (!ran.ok) {
        // Whoever comes second is told so in the same way as whoever comes late.
        return ran.fault.code === "RESUME_SUPERSEDED"
          ? failed({ k: "usage", fault: ran.fault })
          : refuse(ran.fault);
      }
      observer.release(onThrown);
      return ran;
    },
  );
};

const NOTHING_TOLD: ReadonlySet<string> = new Set();

const filesGone = (run: RunId, why: Fault<string>): Fault<"RESUME_CONTENT_GONE"> =>
  fault("RESUME_CONTENT_GONE", `files that the run goes on with are not there any more: ${why.message}`, {
    help: `put the files of the ledger back from a backup, or give the run up: ${howToEnd(run)}`,
  });

const refuse = (reason: Fault<string>): Result<never, ResumeRefusal> =>
  failed({ k: "refused", fault: reason });
