import type { EntryId } from "#kernel/ids.ts";
import { invariant } from "#kernel/invariant.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault } from "#kernel/result.ts";
import { fault } from "#kernel/result.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import { effectOf, stillToDo } from "./calls.ts";
import { Course } from "./course.ts";
import { EffectPerformer } from "./effect-performer.ts";
import { Interruption } from "./interruption.ts";
import type { LostEffect } from "./lost-effects.ts";
import { closingEntries } from "./lost-effects.ts";
import type { Program } from "./program.ts";
import { Recording } from "./recording.ts";
import type { ResumePlan } from "./resume.ts";
import {
  cancelEntry,
  endEntry,
  endFor,
  limitEntry,
  resumedEntry,
  startEntry,
  toldEntry,
} from "./run-entries.ts";
import type { ResumeDeps, RunDeps, RunReport, RunRequest } from "./run-request.ts";
import type { Command, Effect, RunEnd, RunState } from "./state.ts";

/** Where a run stands when this process takes it up. */
export interface Begun {
  readonly key: Uint8Array;
  /** Null before the first input. */
  readonly state: RunState | null;
  readonly used: {
    readonly inputs: number;
    readonly wallMs: number;
    readonly toolMs: number;
    readonly calls: number;
  };
}

interface Ended {
  readonly end: RunEnd;
  /** The reason of what refused, when that ended the run. */
  readonly fault: Fault<string> | null;
}

/** Waits for whoever has to be heard first, and gives what is to be done then. */
type Beginning = () => Promise<readonly Command[]>;

/** How much later than the run's own deadline the gate's is: it only holds when the run's did not. */
const GATE_GRACE_MS = 1_000;

/** One run while it lasts: does what its course asks for, and feeds that with what came of it. */
export class Run {
  readonly #deps: RunDeps;
  readonly #request: RunRequest;
  readonly #program: Program;
  readonly #begun: Begun;
  readonly #recording: Recording;
  readonly #course: Course;
  readonly #interruption: Interruption;
  readonly #performer: EffectPerformer;
  readonly #startedAtMs: number;
  /** The entry that led to what is done now. */
  #cause: EntryId | null = null;
  /** What was thrown, once, by a mistake of the runtime itself. */
  #bug: { readonly error: unknown } | null = null;
  /** Why this process is not the run after all: nothing was done here and nothing more is recorded. */
  #withdrawn: Fault<string> | null = null;

  constructor(deps: RunDeps, request: RunRequest, program: Program, begun: Begun) {
    this.#deps = deps;
    this.#request = request;
    this.#program = program;
    this.#begun = begun;
    this.#recording = new Recording(deps.recorder, begun.used, () =>
      this.#enter("tool-dispatching", this.#course.state?.usage.iterations ?? 0),
    );
    this.#course = new Course(deps.crypto, program, begun.key, begun.state);
    this.#interruption = new Interruption((reason) => this.#recordReason(reason));
    this.#performer = new EffectPerformer(deps, request, this.#recording, this.#course);
    this.#startedAtMs = deps.clock.monotonicMs() - begun.used.wallMs;
  }

  get withdrawn(): Fault<string> | null {
    return this.#withdrawn;
  }

  /** @param begin puts the beginning on record and gives what is to be done first; null when there is none. */
  async toEnd(begin: () => Promise<Beginning | null>, signal: AbortSignal): Promise<RunReport> {
    let refusal: Fault<string> | null = null;
    try {
      const first = await begin();
      if (first !== null) {
        this.#interruption.interruptOn(signal, () => cancelEntry(this.#request));
        this.#watchTime();
        const commands = await first();
        if (!this.#interruption.hasReason() && !this.#course.isEnded()) refusal = await this.#open();
        if (refusal === null) await this.#advance(commands);
      }
    } catch (error) {
      this.#bug ??= { error };
    }
    await this.#interruption.end();
    await this.#noting(() => this.#performer.close());
    // What was under way may have settled behind the end; the last state is the one after all inputs.
    await this.#noting(async () => void this.#feed());
    return this.#report(this.#endOf(refusal));
  }

  /** Records the start; null when the ledger refused it. */
  async start(): Promise<Beginning | null> {
    const { crypto } = this.#deps;
    const { inputs } = this.#request;
    await this.#recording.record(startEntry(crypto, this.#request, this.#program, inputs, this.#begun.key));
    if (this.#recording.fault !== null) return null;
    const commands = this.#feed();
    return () => Promise.resolve(commands);
  }

  /** Closes what was left open and records that the run goes on; null when it does not. */
  async resume(deps: ResumeDeps, { past, replay, lost }: ResumePlan): Promise<Beginning | null> {
    this.#cause = past.journal.at(-1)?.id ?? null;
    for (const draft of closingEntries(past, this.#request.registry)) await this.#recording.record(draft);
    this.#feed();
    const reached = { inputs: this.#recording.inputs, state: this.#course.digest() };
    await this.#recording.record(resumedEntry(deps.crypto, this.#request, past, reached));
    if (this.#recording.fault !== null) return null;
    const alone = await deps.isAlone();
    if (!alone.ok) this.#withdrawn = alone.fault;
    else if (!alone.value) this.#withdrawn = SUPERSEDED;
    return this.#withdrawn === null ? () => this.#hearPeople(deps, lost, replay.asked) : null;
  }

  /** Has a person say what became of what nobody else can know; what is to be done then. */
  async #hearPeople(
    { askEffect }: ResumeDeps,
    lost: readonly LostEffect[],
    before: Effect | null,
  ): Promise<readonly Command[]> {
    let asked = before;
    for (const effect of lost) {
      if (this.#interruption.hasReason() || this.#course.isEnded()) break;
      await this.#interruption.unlessInterrupted(async () => {
        const { k, ...who } = await askEffect(effect, this.#interruption.signal);
        if (k === "end")
          this.#interruption.interrupt(cancelEntry({ canceller: { ...who, how: () => null } }));
        else await this.#recording.record(toldEntry({ k, ...who }, effect.callId, this.#cause));
      });
      await this.#interruption.recorded();
      asked = effectOf(this.#feed()) ?? asked;
    }
    const { state } = this.#course;
    const left = state === null ? null : stillToDo(state, asked);
    return left === null ? [] : [left];
  }

  async #open(): Promise<Fault<string> | null> {
    const { key, used } = this.#begun;
    const endsAtMonotonicMs = this.#startedAtMs + this.#program.limits.wallMsMax + GATE_GRACE_MS;
    const bounds = { key, callsMade: used.calls, endsAtMonotonicMs };
    const { signal } = this.#interruption;
    return this.#interruption.unlessInterrupted(() => this.#performer.open(bounds, signal));
  }

  /** Does what each transition asks for until one says that the run is over. */
  async #advance(first: readonly Command[]): Promise<void> {
    let commands = first;
    for (;;) {
      const effect = this.#interruption.hasReason() ? null : this.#show(commands);
      if (this.#course.isEnded() || this.#recording.fault !== null) return;
      if (!this.#interruption.hasReason()) {
        invariant(effect !== null, "a run that is not over waits for something");
        await this.#interruption.unlessInterrupted(() =>
          this.#performer.perform(effect, this.#cause, this.#interruption.signal),
        );
      }
      await this.#interruption.recorded();
      commands = this.#feed();
    }
  }

  /** Shows what is only to be seen; the one command among them that takes time, or null. */
  #show(commands: readonly Command[]): Effect | null {
    for (const command of commands) {
      if (command.k === "enter") this.#enter(command.phase, command.iteration);
      else if (command.k === "print") {
        const { level, text } = command;
        this.#recording.live("output.printed", { level, text });
      }
    }
    return effectOf(commands);
  }

  #enter(phase: string, iteration: number): void {
    this.#recording.live("phase.entered", { phase, iteration });
  }

  /** Takes the transition through the inputs that came; what it asks for. */
  #feed(): readonly Command[] {
    const commands: Command[] = [];
    for (const entry of this.#recording.takeFed()) {
      const asked = this.#course.take(entry);
      invariant(asked.ok, "a run reads what it wrote");
      this.#cause = entry.id;
      commands.push(...asked.value);
    }
    const { toolMsMax } = this.#program.limits;
    const { toolMs } = this.#recording;
    if (toolMs > toolMsMax && !this.#course.isEnded()) {
      this.#interruption.interrupt(limitEntry("TOOL_TIME", toolMsMax, toolMs));
    }
    return commands;
  }

  #watchTime(): void {
    const { wallMsMax } = this.#program.limits;
    void this.#interruption.interruptAfter(this.#deps.clock, wallMsMax - this.#elapsedMs(), () =>
      limitEntry("WALL_TIME", wallMsMax, this.#elapsedMs()),
    );
  }

  #recordReason(reason: EntryDraft): Promise<void> {
    return this.#noting(async () => {
      await this.#recording.record({ ...reason, cause: this.#cause });
    });
  }

  /** Does something behind which the run has yet to come to its end, whatever mistake is made there. */
  async #noting(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#bug ??= { error };
    }
  }

  /** How the run ended, whoever has to say it. */
  #endOf(fault: Fault<string> | null): Ended {
    const refused = this.#recording.fault;
    if (refused !== null) return { end: endFor("LEDGER_REFUSED", refused.message), fault: refused };
    if (this.#bug !== null) return { end: endFor("INTERNAL"), fault: null };
    const said = this.#course.state?.end ?? null;
    if (said !== null) return { end: said, fault: null };
    return { end: endFor("SESSION_UNAVAILABLE", fault?.message), fault };
  }

  /** Puts the end on record, as the run's last entry, and tells it. */
  async #report({ end, fault }: Ended): Promise<RunReport> {
    const usage = this.#course.state?.usage ?? { iterations: 0, inputTokens: 0, outputTokens: 0 };
    const measures = { wallMs: this.#elapsedMs(), toolMs: Math.round(this.#recording.toolMs) };
    const isRecorded = await this.#recordEnd(end, { ...usage, ...measures, inputs: this.#recording.inputs });
    const refused = this.#recording.fault;
    const isLost = refused !== null && fault !== refused;
    return {
      run: this.#recording.run,
      end: isLost ? endFor("LEDGER_REFUSED", refused.message) : end,
      usage,
      ...measures,
      isRecorded,
      fault: isLost ? refused : fault,
      bug: this.#bug?.error ?? null,
    };
  }

  async #recordEnd(end: RunEnd, measures: JsonObject): Promise<boolean> {
    if (this.#recording.fault !== null || this.#withdrawn !== null) return false;
    let isRecorded = false;
    await this.#noting(async () => void this.#course.digest());
    await this.#noting(async () => {
      const state = this.#course.lastDigest;
      const recorded = await this.#recording.record(endEntry(end, { ...measures, state }, this.#cause));
      isRecorded = recorded.ok;
    });
    return isRecorded;
  }

  #elapsedMs(): number {
    return Math.max(0, Math.round(this.#deps.clock.monotonicMs() - this.#startedAtMs));
  }
}

const SUPERSEDED = fault(
  "RESUME_SUPERSEDED",
  "another process took the run up or ended it at the same moment",
  {
    help: "`writ ps` shows how it stands",
  },
);
