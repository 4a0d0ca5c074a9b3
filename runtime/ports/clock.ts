/**
 * Time. Pure rooms never read it; drivers do and journal what they read.
 * Not promised: that wall time never goes back, or that it moves between two reads.
 */
export interface Clock {
  /** Unix milliseconds, whole, within what an id can hold. May jump in both directions. */
  wallMs(): number;
  /** Milliseconds since some fixed moment of this process; never falls. */
  monotonicMs(): number;
  /** Resolves after at least `ms` of monotonic time; rejects with an AbortError when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
