import { isAbort } from "#kernel/abort.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import { invariant, unreachable } from "#kernel/invariant.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { InputsFault } from "./inputs.ts";
import { checkInputs } from "./inputs.ts";
import { effectOf, stillToDo } from "./calls.ts";
import { inputOf } from "./journal.ts";
import type { LostEffect } from "./lost-effects.ts";
import { closingEntries } from "./lost-effects.ts";
import type { Program } from "./program.ts";
import { programOf } from "./program.ts";
import { Recording } from "./recording.ts";
import type { ResumePlan } from "./resume.ts";
import {
  advancedEntry,
  cancelEntry,
  endEntry,
  endFor,
  limitEntry,
  resumedEntry,
  startEntry,
  toldEntry,
} from "./run-entries.ts";
import type { ResumeDeps, RunDeps, RunReport, RunRequest, RunSession } from "./run-request.ts";
import type { Command, Effect, RunEnd, RunState } from "./state.ts";
import { RUN_KEY_BYTES, stateDigest } from "./state-digest.ts";
import { begin, transition } from "./transition.ts";

/**
 * Runs an agent to its end and says how that was. Refuses, with nothing recorded, a name that the
 * file does not have or inputs that do not fit; everything after that is a report. Aborting
 * `signal` cancels: what is under way is ended and gone before this resolves. Never rejects.
 */
export const runAgent = async (
  deps: RunDeps,
  request: RunRequest,
  signal: AbortSignal,
): Promise<Result<RunReport, Fault<"AGENT_UNKNOWN"> | InputsFault>> => {
  const program = programOf(request);
  if (!program.ok) return program;
  const inputs = checkInputs(program.value.agent.parameters, request.inputs);
  if (!inputs.ok) return inputs;
  const run = new Run(deps, { ...request, inputs: inputs.value }, program.value, {
    key: deps.entropy.bytes(RUN_KEY_BYTES),
    state: null,
    used: NOTHING_USED,
  });
  return ok(await run.toEnd(() => run.start(), signal));
};

/**
 * Goes on with a run that was interrupted, from the state that its inputs lead to, and says how it
 * ended like `runAgent`. What its dead host left open is closed on record first; nothing of which
 * that host may have had an effect is done again without a person. Refuses where another host went
 * on with the run at the same moment and is the run: then nothing was done here.
 *
 * @param request as the plan was made with.
 */
export const resumeAgent = async (
  deps: ResumeDeps,
  request: Omit<RunRequest, "inputs">,
  plan: ResumePlan,
  signal: AbortSignal,
): Promise<Result<RunReport, Fault<string>>> => {
  const { inputs, past, replay } = plan;
  const whole = { ...request, inputs };
  const program = programOf(whole);
  if (!program.ok) return program;
  const { key, state } = replay;
  const used = { ...past.used, inputs: past.journal.length };
  const run = new Run(deps, whole, program.value, { key, state, used });
  const report = await run.toEnd(() => run.resume(deps, plan), signal);
  return run.withdrawn === null ? ok(report) : failed(run.withdrawn);
};

const SUPERSEDED = fault("RESUME_SUPERSEDED", "another host went on with the run at the same moment", {
  help: "`writ ps` shows how it stands",
});

/** Where a run stands when this process takes it up. */
interface Begun {
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

const NOTHING_USED: Begun["used"] = { inputs: 0, wallMs: 0, toolMs: 0, calls: 0 };

interface Ended {
  readonly end: RunEnd;
  /** The reason of what refused, when that ended the run. */
  readonly fault: Fault<string> | null;
}

/** Waits for whoever has to be heard first, and gives what is to be done then. */
type Beginning = () => Promise<readonly Command[]>;

/** How much later than the run's own deadline the gate's is: it only holds when the run's did not. */
const GATE_GRACE_MS = 1_000;

/** One run while it lasts. Its state changes by the inputs that are on record, and by nothing else. */
class Run {
  readonly #deps: RunDeps;
  readonly #request: RunRequest;
  readonly #program: Program;
  readonly #begun: Begun;
  readonly #recording: Recording;
  readonly #startedAtMs: number;
  /** Aborted when what is under way has to end. */
  readonly #work = new AbortController();
  #state: RunState | null;
  /** Of a state that was seen to be sound; what a run that broke down says it had come to. */
  #lastDigest: Sha256;
  #session: RunSession | null = null;
  /** The entry that led to what is done now. */
  #cause: EntryId | null = null;
  /** The recording of why the run has to end, once there is such a reason. */
  #interruption: Promise<void> | null = null;
  /** From here on no reason to end comes any more. */
  #isOver = false;
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
      this.#enter("tool-dispatching", this.#state?.usage.iterations ?? 0),
    );
    this.#state = begun.state;
    this.#startedAtMs = deps.clock.monotonicMs() - begun.used.wallMs;
    this.#lastDigest = this.#digest();
  }

  get withdrawn(): Fault<string> | null {
    return this.#withdrawn;
  }

  /** @param begin puts the beginning on record and gives what is to be done first; null when there is none. */
  async toEnd(begin: () => Promise<Beginning | null>, signal: AbortSignal): Promise<RunReport> {
    const cancel = (): void => this.#interrupt(cancelEntry(this.#request));
    const deadline = new AbortController();
    let refusal: Fault<string> | null = null;
    try {
      const first = await begin();
      if (first !== null) {
        signal.addEventListener("abort", cancel, { once: true });
        if (signal.aborted) cancel();
        void this.#watchDeadline(deadline.signal);
        const commands = await first();
        if (this.#interruption === null && !this.#isEnded()) refusal = await this.#openSession();
        if (refusal === null) await this.#advance(commands);
      }
    } catch (error) {
      this.#bug ??= { error };
    }
    this.#isOver = true;
    signal.removeEventListener("abort", cancel);
    deadline.abort();
    this.#work.abort();
    await this.#interruption;
    await this.#closeSession();
    this.#feedLast();
    return this.#report(this.#endOf(refusal));
  }

  /** Records the start; null when the ledger refused it. */
  async start(): Promise<Beginning | null> {
    const { crypto } = this.#deps;
    const { inputs } = this.#request;
    await this.#recording.record(startEntry(crypto, this.#request, this.#program, inputs, this.#begun.key));
    const [entry] = this.#recording.takeFed();
    if (entry === undefined) return null;
    const input = inputOf(entry);
    invariant(input.ok && input.value.k === "started", "a run reads what it wrote");
    const step = begin(this.#program, input.value);
    this.#state = step.state;
    this.#cause = entry.id;
    return () => Promise.resolve(step.commands);
  }

  /** Closes what was left open and records that the run goes on; null when it does not. */
  async resume(deps: ResumeDeps, { past, replay, lost }: ResumePlan): Promise<Beginning | null> {
    this.#cause = past.journal.at(-1)?.id ?? null;
    for (const draft of closingEntries(past, this.#request.registry)) await this.#recording.record(draft);
    this.#feed();
    const reached = { inputs: this.#recording.inputs, state: this.#digest() };
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
      if (this.#interruption !== null || this.#isEnded()) break;
      await this.#unlessInterrupted(async () => {
        const { k, ...who } = await askEffect(effect, this.#work.signal);
        if (k === "end") this.#interrupt(cancelEntry({ canceller: { ...who, how: () => null } }));
        else await this.#recording.record(toldEntry({ k, ...who }, effect.callId, this.#cause));
      });
      await this.#interrupted();
      asked = effectOf(this.#feed()) ?? asked;
    }
    const left = this.#state === null ? null : stillToDo(this.#state, asked);
    return left === null ? [] : [left];
  }

  /** Opens what the run acts through; the fault of it when that is refused. */
  async #openSession(): Promise<Fault<string> | null> {
    const { principal, onBehalfOf, ancestors, tier, offered, gateLimits } = this.#request;
    const run = {
      principal,
      onBehalfOf,
      ancestors,
      tier,
      inputs: this.#request.inputs,
      offered,
      key: this.#begun.key,
      callsMade: this.#begun.used.calls,
      endsAtMonotonicMs: this.#startedAtMs + this.#program.limits.wallMsMax + GATE_GRACE_MS,
      limits: gateLimits,
    };
    return this.#unlessInterrupted(async () => {
      const opened = await this.#deps.openSession({ recorder: this.#recording, run }, this.#work.signal);
      if (!opened.ok) return opened.fault;
      this.#session = opened.value;
      return null;
    });
  }

  async #closeSession(): Promise<void> {
    try {
      await this.#session?.close();
    } catch (error) {
      this.#bug ??= { error };
    }
  }

  /** Does what each transition asks for until one says that the run is over. */
  async #advance(first: readonly Command[]): Promise<void> {
    let commands = first;
    for (;;) {
      const effect = this.#interruption === null ? this.#show(commands) : null;
      if (this.#isEnded() || this.#recording.fault !== null) return;
      if (this.#interruption === null) {
        invariant(effect !== null, "a run that is not over waits for something");
        await this.#unlessInterrupted(() => this.#perform(effect));
      }
      await this.#interruption;
      commands = this.#feed();
    }
  }

  /** Does something that stops with an AbortError when the run has to end; then null. */
  async #unlessInterrupted<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (this.#interruption !== null && isAbort(error)) return null;
      throw error;
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

  async #perform(effect: Effect): Promise<void> {
    const { signal } = this.#work;
    const cause = this.#cause;
    const gate = this.#session?.gate;
    invariant(gate !== undefined, "nothing is done before the session is open");
    switch (effect.k) {
      case "call-model": {
        const { messages, tools, tokensMax, iteration, labels } = effect;
        const request = { messages, tools, tokensMax };
        await gate.callModel({ request, iteration, labels, cause, state: this.#digest() }, signal);
        return;
      }
      case "perform": {
        const { iteration } = effect;
        await gate.performAll(
          effect.calls.map((call) => ({ ...call, iteration, cause })),
          signal,
        );
        return;
      }
      case "respond":
        await gate.respond(
          { value: effect.value, iteration: effect.iteration, labels: effect.labels, cause },
          signal,
        );
        return;
      case "advance-body": {
        await this.#deps.clock.sleep(0, signal);
        const { statement, steps } = effect;
        await this.#recording.record(advancedEntry(statement, steps, cause));
        return;
      }
      default:
        unreachable(effect);
    }
  }

  /** Takes the transition through the inputs that came; what it asks for. */
  #feed(): readonly Command[] {
    const commands: Command[] = [];
    for (const entry of this.#recording.takeFed()) {
      const input = inputOf(entry);
      invariant(input.ok && this.#state !== null, "a run reads what it wrote");
      const step = transition(this.#program, this.#state, input.value);
      this.#state = step.state;
      this.#cause = entry.id;
      commands.push(...step.commands);
    }
    const { toolMsMax } = this.#program.limits;
    const { toolMs } = this.#recording;
    if (toolMs > toolMsMax && !this.#isEnded()) this.#interrupt(limitEntry("TOOL_TIME", toolMsMax, toolMs));
    return commands;
  }

  /** What was under way may have settled behind the end; the last state is the one after all inputs. */
  #feedLast(): void {
    try {
      this.#feed();
    } catch (error) {
      this.#bug ??= { error };
    }
  }

  #isEnded(): boolean {
    return this.#state?.phase === "ended";
  }

  #digest(): Sha256 {
    this.#lastDigest = stateDigest(this.#deps.crypto, this.#begun.key, this.#state);
    return this.#lastDigest;
  }

  async #watchDeadline(signal: AbortSignal): Promise<void> {
    const { wallMsMax } = this.#program.limits;
    try {
      await this.#deps.clock.sleep(Math.max(0, wallMsMax - this.#elapsedMs()), signal);
    } catch {
      // The run was over before.
      return;
    }
    this.#interrupt(limitEntry("WALL_TIME", wallMsMax, this.#elapsedMs()));
  }

  /** Puts on record that the run has to end, and then ends what is under way. The first reason counts. */
  #interrupt(draft: EntryDraft): void {
    if (this.#interruption !== null || this.#isOver) return;
    const recording = async (): Promise<void> => {
      try {
        await this.#recording.record({ ...draft, cause: this.#cause });
      } catch (error) {
        this.#bug ??= { error };
      }
      this.#work.abort();
    };
    this.#interruption = recording();
  }

  /** Resolves when the reason to end is on record, at once where there is none. */
  async #interrupted(): Promise<void> {
    await this.#interruption;
  }

  /** How the run ended, whoever has to say it. */
  #endOf(fault: Fault<string> | null): Ended {
    const refused = this.#recording.fault;
    if (refused !== null) return { end: endFor("LEDGER_REFUSED", refused.message), fault: refused };
    if (this.#bug !== null) return { end: endFor("INTERNAL"), fault: null };
    const said = this.#state?.end ?? null;
    if (said !== null) return { end: said, fault: null };
    return { end: endFor("SESSION_UNAVAILABLE", fault?.message), fault };
  }

  /** Puts the end on record, as the run's last entry, and tells it. */
  async #report({ end, fault }: Ended): Promise<RunReport> {
    const usage = this.#state?.usage ?? { iterations: 0, inputTokens: 0, outputTokens: 0 };
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
    let state = this.#lastDigest;
    try {
      state = this.#digest();
    } catch (error) {
      this.#bug ??= { error };
    }
    try {
      const recorded = await this.#recording.record(endEntry(end, { ...measures, state }, this.#cause));
      return recorded.ok;
    } catch (error) {
      this.#bug ??= { error };
      return false;
    }
  }

  #elapsedMs(): number {
    return Math.max(0, Math.round(this.#deps.clock.monotonicMs() - this.#startedAtMs));
  }
}
