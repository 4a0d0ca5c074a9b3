import type { LogId, RunId } from "#kernel/ids.ts";
import { ownValue } from "#kernel/json.ts";
import { canonicalJson } from "#kernel/canonical-json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { EffectAnswer, LostEffect, RunPast, RunReport } from "#agent/index.ts";
import { planResume, readPast, resumeAgent, untoldEffects } from "#agent/index.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import type { FoundRun } from "./found-run.ts";
import { entriesOfRun, lastOfLife, openFoundRun, UNKNOWN_RUN } from "./found-run.ts";
import { recordInterruption } from "./interrupted-runs.ts";
import type { RunAgentDeps, RunPeople, RunRefusal } from "./run-agent.ts";
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
  /** What the run stands on changed, its evidence does not hold, or it is no run that can go on. */
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
  const known = await interruptedRun(deps, run, signal);
  if (!known.ok) return known;
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
  return withRecorder<ResumeRefusal>(deps, people, { run, parent, scope, recorded }, async (recorder) => {
    const consent = await askConsent(deps, recorder, people, signal);
    if (!consent.ok) return consent;
    recorder.live("host.noticed", { code: "SANDBOX_CHOSEN", text: deps.plan.tier.why });
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
        isAlone: () => isAlone(deps, run, past.value),
      },
      request,
      plan.value,
      signal,
    );
    return ran.ok ? ran : refuse(ran.fault);
  });
};

const refuse = (reason: Fault<string>): Result<never, ResumeRefusal> =>
  failed({ k: "refused", fault: reason });

/** The run, with its interruption on record, which only we can do now where its host wrote another log than ours. */
const interruptedRun = async (
  { reader, ledger }: ResumeRunDeps,
  run: RunId,
  signal: AbortSignal,
): Promise<Result<FoundRun, ResumeRefusal>> => {
  const unavailable = (reason: Fault<string>): Result<never, ResumeRefusal> =>
    failed({ k: "unavailable", fault: reason });
  let placed = await entriesOfRun(reader, run, signal);
  if (!placed.ok) return unavailable(placed.fault);
  const life = lastOfLife(placed.value);
  const last = placed.value.at(-1);
  if (life === undefined || last === undefined) return failed({ k: "usage", fault: UNKNOWN_RUN });
  if (life.entry.type === "run.started" || life.entry.type === "run.resumed") {
    if (life.isLive) return failed({ k: "usage", fault: GOES_ON });
    const recorded = await recordInterruption(ledger, last.entry, "host-gone");
    if (!recorded.ok) return unavailable(recorded.fault);
    placed = await entriesOfRun(reader, run, signal);
    if (!placed.ok) return unavailable(placed.fault);
  } else if (life.entry.type === "run.ended") return failed({ k: "usage", fault: IS_OVER });
  const found = await openFoundRun(reader, run, placed.value);
  return found.ok ? found : refuse(found.fault);
};

const GOES_ON = fault("RESUME_NOT_INTERRUPTED", "the run goes on in another process", {
  help: "`writ ps` lists what goes on and what was interrupted",
});
const IS_OVER = fault("RESUME_NOT_INTERRUPTED", "the run is over", {
  help: "`writ ps` lists runs that were interrupted",
});

/**
 * Whether this process is the run: of several hosts that went on from the same entry it is the one
 * whose `run.resumed` has the lowest time, then the lowest id. Ours is durable by now, so of two at
 * least one sees the other, and both come to the same.
 */
const isAlone = async (
  { reader, ledger }: ResumeRunDeps,
  run: RunId,
  { interrupted }: RunPast,
): Promise<Result<boolean, Fault<string>>> => {
  const placed = await entriesOfRun(reader, run, new AbortController().signal);
  if (!placed.ok) return placed;
  const last = canonicalJson(interrupted.last);
  const rivals = placed.value
    .map(({ entry }) => entry)
    .filter(
      ({ type, public: fields }) =>
        type === "run.resumed" && canonicalJson(ownValue(fields, "last") ?? null) === last,
    )
    .sort((left, right) => left.time.wallMs - right.time.wallMs || (left.id < right.id ? -1 : 1));
  return ok(rivals[0]?.log === ledger.log);
};
