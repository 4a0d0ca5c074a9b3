import { abortError, throwIfAborted } from "#kernel/abort.ts";

/** Acts that come one after the other, in the order in which they were asked for. */
export interface Turns {
  /**
   * Acts when everything asked for before is done. An abort while it waits rejects at once with an
   * AbortError; once begun, the act minds the signal itself.
   */
  take<T>(signal: AbortSignal, act: () => T | Promise<T>): Promise<T>;
  /** Settles when everything asked for so far is done, however it went. */
  all(): Promise<void>;
}

export const createTurns = (): Turns => {
  let last: Promise<void> = Promise.resolve();
  return {
    take(signal, act) {
      const waiting = new AbortController();
      const turn = last.then(() => {
        waiting.abort();
        throwIfAborted(signal);
        return act();
      });
      last = turn.then(
        () => undefined,
        () => undefined,
      );
      const cancelled = new Promise<never>((_, reject) => {
        const cancel = (): void => reject(abortError());
        if (signal.aborted) cancel();
        signal.addEventListener("abort", cancel, { once: true, signal: waiting.signal });
      });
      return Promise.race([turn, cancelled]);
    },
    all: () => last,
  };
};
