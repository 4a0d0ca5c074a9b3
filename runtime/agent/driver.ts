import { isAbort } from "#kernel/abort.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { EntryId } from "#kernel/ids.ts";
import { invariant, unreachable } from "#kernel/invariant.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";
import type { InputsFault } from "./inputs.ts";
import { checkInputs } from "./inputs.ts";
import { inputOf } from "./journal.ts";
import { NO_LABELS } from "./labels.ts";
import type { Program } from "./program.ts";
import { programOf } from "./program.ts";
import { Recording } from "./recording.ts";
import type { RunReason } from "./reasons.ts";
import { RUN_REASONS } from "./reasons.ts";
import { advancedEntry, cancelEntry, endEntry, limitEntry, startEntry } from "./run-entries.ts";
import type { RunDeps, RunReport, RunRequest, RunSession } from "./run-request.ts";
import type { Command, RunEnd, RunState, Step } from "./state.ts";
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
  const run = new Run(deps, request, program.value, inputs.value);
  return ok(await run.toEnd(signal));
};

/** What a transition may ask for that takes time; the rest is only shown. */
type Effect = Exclude<Command, { k: "enter" | "print" | "end" }>;

interface Ended {
  readonly end: RunEnd;
  /** The reason of what refused, when that ended the run. */
  readonly fault: Fault<string> | null;
}

/** How much later than the run's own deadline the gate's is: it only holds when the run's did not. */
const GATE_GRACE_MS = 1_000;

/** One run while it lasts. Its state changes by the inputs that are on record, and by nothing else. */
class Run {
  readonly #deps: RunDeps;
  readonly #request: RunRequest;
  readonly #program: Program;
  readonly #inputs: JsonObject;
  readonly #recording: Recording;
  readonly #key: Uint8Array;
  readonly #startedAtMs: number;
  /** Aborted when what is under way has to end. */
  readonly #work = new AbortController();
  #state: RunState | null = null;
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

  constructor(deps: RunDeps, request: RunRequest, program: Program, inputs: JsonObject) {
    this.#deps = deps;
    this.#request = request;
    this.#program = program;
    this.#inputs = inputs;
    this.#recording = new Recording(deps.recorder, () =>
      this.#enter("tool-dispatching", this.#state?.usage.iterations ?? 0),
    );
    this.#key = deps.entropy.bytes(RUN_KEY_BYTES);
    this.#startedAtMs = deps.clock.monotonicMs();
    this.#lastDigest = this.#digest();
  }

  async toEnd(signal: AbortSignal): Promise<RunReport> {
    const cancel = (): void => this.#interrupt(cancelEntry(this.#request));
    const deadline = new AbortController();
    let fault: Fault<string> | null = null;
    try {
      const first = await this.#start();
      if (first !== null) {
        signal.addEventListener("abort", cancel, { once: true });
        if (signal.aborted) cancel();
        void this.#watchDeadline(deadline.signal);
        if (this.#interruption === null) fault = await this.#openSession();
        if (fault === null) await this.#advance(first.commands);
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
    return this.#report(this.#endOf(fault));
  }

  /** Records the start; null when the ledger refused it. */
  async #start(): Promise<Step | null> {
    await this.#recording.record(
      startEntry(this.#deps.crypto, this.#request, this.#program, this.#inputs, this.#key),
    );
    const [entry] = this.#recording.takeFed();
    if (entry === undefined) return null;
    const input = inputOf(entry);
    invariant(input.ok && input.value.k === "started", "a run reads what it wrote");
    const step = begin(this.#program, input.value);
    this.#state = step.state;
    this.#cause = entry.id;
    return step;
  }

  /** Opens what the run acts through; the fault of it when that is refused. */
  async #openSession(): Promise<Fault<string> | null> {
    const { principal, onBehalfOf, ancestors, tier, offered, gateLimits } = this.#request;
    const run = {
      principal,
      onBehalfOf,
      ancestors,
      tier,
      inputs: this.#inputs,
      offered,
      key: this.#key,
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
    let effect: Effect | null = null;
    for (const command of commands) {
      if (command.k === "enter") this.#enter(command.phase, command.iteration);
      else if (command.k === "print") {
        const { level, text } = command;
        this.#recording.live("output.printed", { level, text });
      } else if (command.k !== "end") effect = command;
    }
    return effect;
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
    this.#lastDigest = stateDigest(this.#deps.crypto, this.#key, this.#state);
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
    if (this.#recording.fault !== null) return false;
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

/** An end that the transition does not know of, because it is none of the agent's. */
const endFor = (reason: RunReason, explanation: string = RUN_REASONS[reason][1]): RunEnd => ({
  outcome: RUN_REASONS[reason][0],
  reason,
  explanation,
  span: null,
  result: null,
  labels: NO_LABELS,
});
