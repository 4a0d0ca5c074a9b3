import type { EntryId } from "#kernel/ids.ts";
import { invariant, unreachable } from "#kernel/invariant.ts";
import type { Fault } from "#kernel/result.ts";
import type { GateRun } from "#gate/index.ts";
import type { RunRecorder } from "#ports/run-recorder.ts";
import type { Course } from "./course.ts";
import { advancedEntry } from "./run-entries.ts";
import type { RunDeps, RunRequest, RunSession } from "./run-request.ts";
import type { Effect } from "./state.ts";

/** Does what takes time in a run, all of it through the gate of the run's session. What came of it is on record then. */
export class EffectPerformer {
  readonly #deps: Pick<RunDeps, "clock" | "openSession">;
  readonly #request: RunRequest;
  readonly #recorder: RunRecorder;
  readonly #course: Course;
  #session: RunSession | null = null;

  constructor(
    deps: Pick<RunDeps, "clock" | "openSession">,
    request: RunRequest,
    recorder: RunRecorder,
    course: Course,
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#recorder = recorder;
    this.#course = course;
  }

  /** Opens what the run acts through; the fault of it when that is refused. */
  async open(
    bounds: Pick<GateRun, "key" | "callsMade" | "endsAtMonotonicMs">,
    signal: AbortSignal,
  ): Promise<Fault<string> | null> {
    const { principal, onBehalfOf, ancestors, tier, inputs, offered, gateLimits: limits } = this.#request;
    const run = { principal, onBehalfOf, ancestors, tier, inputs, offered, limits, ...bounds };
    const opened = await this.#deps.openSession({ recorder: this.#recorder, run }, signal);
    if (!opened.ok) return opened.fault;
    this.#session = opened.value;
    return null;
  }

  /**
   * Rejects with an AbortError when aborted.
   *
   * @param cause the entry that led to it.
   */
  async perform(effect: Effect, cause: EntryId | null, signal: AbortSignal): Promise<void> {
    const gate = this.#session?.gate;
    invariant(gate !== undefined, "nothing is done before the session is open");
    switch (effect.k) {
      case "call-model": {
        const { messages, tools, tokensMax, iteration, labels } = effect;
        const request = { messages, tools, tokensMax };
        await gate.callModel({ request, iteration, labels, cause, state: this.#course.digest() }, signal);
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
      case "respond": {
        const { value, iteration, labels } = effect;
        await gate.respond({ value, iteration, labels, cause }, signal);
        return;
      }
      case "advance-body": {
        await this.#deps.clock.sleep(0, signal);
        const { statement, steps } = effect;
        await this.#recorder.record(advancedEntry(statement, steps, cause));
        return;
      }
      default:
        unreachable(effect);
    }
  }

  /** Ends everything inside and waits until it is gone. */
  async close(): Promise<void> {
    await this.#session?.close();
  }
}
