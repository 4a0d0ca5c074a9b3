import { isAbort } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";
import type { EntryDraft } from "#ports/run-recorder.ts";

/**
 * Why a run has to end before it comes to its own end: somebody cancels it, or a time is over. The
 * first reason counts. It goes on record, and then what is under way is ended.
 */
export class Interruption {
  readonly #record: (reason: EntryDraft) => Promise<void>;
  /** Aborted when what is under way has to end. */
  readonly #work = new AbortController();
  /** Aborted when no reason comes any more. */
  readonly #over = new AbortController();
  #recording: Promise<void> | null = null;

  /** @param record puts a reason on record; never rejects. */
  constructor(record: (reason: EntryDraft) => Promise<void>) {
    this.#record = record;
  }

  /** For everything that the run does. */
  get signal(): AbortSignal {
    return this.#work.signal;
  }

  /** Whether there is a reason, on record or not yet. */
  hasReason(): boolean {
    return this.#recording !== null;
  }

  /** Resolves when the reason is on record and what was under way was told; at once where there is none. */
  recorded(): Promise<void> {
    return this.#recording ?? Promise.resolve();
  }

  interrupt(reason: EntryDraft): void {
    if (this.#over.signal.aborted) return;
    this.#recording ??= this.#record(reason).then(() => this.#work.abort());
  }

  /** Takes the abort of a signal for a reason, also one that came before. */
  interruptOn(signal: AbortSignal, reasonOf: () => EntryDraft): void {
    const interrupt = (): void => this.interrupt(reasonOf());
    signal.addEventListener("abort", interrupt, { once: true, signal: this.#over.signal });
    if (signal.aborted) interrupt();
  }

  /** Takes it for a reason when some time has gone by. */
  async interruptAfter(clock: Clock, ms: number, reasonOf: () => EntryDraft): Promise<void> {
    try {
      await clock.sleep(Math.max(0, ms), this.#over.signal);
    } catch {
      // The run was over before.
      return;
    }
    this.interrupt(reasonOf());
  }

  /** Does something that stops with an AbortError when the run has to end; then null. */
  async unlessInterrupted<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (this.hasReason() && isAbort(error)) return null;
      throw error;
    }
  }

  /** The run is over: no reason comes any more, and nothing is under way. Resolves when one that came is on record. */
  async end(): Promise<void> {
    this.#over.abort();
    this.#work.abort();
    await this.#recording;
  }
}
