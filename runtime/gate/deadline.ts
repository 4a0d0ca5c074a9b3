import { abortError, throwIfAborted } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";

export type Timed<T> =
  | { readonly k: "settled"; readonly value: T }
  /** It rejected, or threw before there was a promise. */
  | { readonly k: "threw"; readonly error: unknown }
  | { readonly k: "late" };

/** How work that was told to stop ended, and why it was told. */
export type Stopping<T> = Timed<T> & { readonly stopped: "deadline" | "cancelled" | null };

/**
 * Runs work that has no effect for at most `timeoutMs`: after that its signal is aborted and
 * nobody waits for it any more. Rejects with an AbortError as soon as `signal` is aborted.
 */
export const within = async <T>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Timed<T>> => {
  throwIfAborted(signal);
  const run = await untilStopped(clock, { timeoutMs, settleMs: 0 }, signal, work);
  if (run.stopped === "cancelled") throw abortError();
  return run.stopped === "deadline" ? { k: "late" } : run;
};

/**
 * Runs work that has an effect. At `timeoutMs` or when `signal` is aborted its own signal is, and
 * it is then given `settleMs` to say what became of it; only work that stays silent is `late`.
 * Never rejects.
 */
export const untilStopped = async <T>(
  clock: Clock,
  bounds: { readonly timeoutMs: number; readonly settleMs: number },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Stopping<T>> => {
  const inner = new AbortController();
  const settling = settled(work, inner.signal);
  const first = await race(settling, clock, bounds.timeoutMs, signal);
  if (typeof first === "object") return { ...first, stopped: null };
  inner.abort(abortError());
  // A person's Ctrl-C does not shorten this wait: it is the time that the truth needs.
  const last = await race(settling, clock, bounds.settleMs, null);
  return typeof last === "object" ? { ...last, stopped: first } : { k: "late", stopped: first };
};

const settled = async <T>(
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<Timed<T>> => {
  try {
    return { k: "settled", value: await work(signal) };
  } catch (error) {
    return { k: "threw", error };
  }
};

/** What comes first: the end of the work, of the time, or of the run. Without a signal the run does not end. */
const race = async <T>(
  settling: Promise<Timed<T>>,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | null,
): Promise<Timed<T> | "deadline" | "cancelled"> => {
  if (signal?.aborted === true) return "cancelled";
  const over = new AbortController();
  const cancel = (): void => over.abort(OVER);
  signal?.addEventListener("abort", cancel, { once: true });
  const sleeping = clock.sleep(timeoutMs, over.signal).then(
    () => "deadline" as const,
    () => "cancelled" as const,
  );
  try {
    return await Promise.race([settling, sleeping]);
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
};

// Every call ends some waits early; an error with a stack for each would cost more than the call.
const OVER = "over";
