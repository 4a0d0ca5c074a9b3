import { throwIfAborted } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";

/** What a question that ran out of time may still take to leave nothing behind. */
const LEAVE_MS_MAX = 5_000;

/**
 * The answer to a question, or null where there is none within `limitMs`; the question's signal is aborted
 * then. Rejects with an AbortError when `signal` is aborted. In both cases the question may first tidy up,
 * for a while that has its own limit.
 */
export const within = async <Answer>(
  limitMs: number,
  clock: Pick<Clock, "sleep">,
  signal: AbortSignal,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | null> => {
  throwIfAborted(signal);
  const over = new AbortController();
  const settled = new AbortController();
  const answer = ask(AbortSignal.any([signal, over.signal]));
  const gone = answer.then(ignored, ignored).then(() => settled.abort());
  const time = (ms: number, until: readonly AbortSignal[]): Promise<void> =>
    clock.sleep(ms, AbortSignal.any([settled.signal, ...until])).catch(ignored);
  await Promise.race([gone, time(limitMs, [signal])]);
  if (settled.signal.aborted && !signal.aborted) return answer;
  over.abort();
  await Promise.race([gone, time(LEAVE_MS_MAX, [])]);
  throwIfAborted(signal);
  return null;
};

const ignored = (): void => undefined;
