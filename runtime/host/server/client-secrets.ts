import { isAbort, throwIfAborted } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";
import { modelKeyName } from "#protocol/host-rpc.ts";
import type { Client } from "./clients.ts";
import type { Askable } from "./offering.ts";
import { offering } from "./offering.ts";

/** Keys of model endpoints that stay with clients. */
export interface OfferedKeys {
  /** Whether somebody offers a key for the origin now. */
  has(origin: string): boolean;
  /**
   * The key for one request to the origin, or null where nobody gives one. It is for that request
   * alone: whoever gets it keeps it nowhere. Rejects with an AbortError when aborted.
   */
  read(origin: string, signal: AbortSignal): Promise<string | null>;
}

/** Longest wait for one client, who may have to ask a person. */
const READ_MS_MAX = 60_000;

export const offeredKeys = (clock: Clock, askable: Askable): OfferedKeys => {
  const able = (origin: string): readonly Client[] =>
    offering(askable, ({ secrets }) => secrets.includes(modelKeyName(origin)));
  return {
    has: (origin) => able(origin).length > 0,
    async read(origin, signal) {
      throwIfAborted(signal);
      for (const client of able(origin)) {
        const value = await readAt(clock, client, origin, signal);
        if (value !== null) return value;
      }
      return null;
    },
  };
};

/** What one client answers. Whatever is no answer is no key, and its words are not repeated: they may hold one. */
const readAt = async (
  clock: Clock,
  { peer }: Client,
  origin: string,
  signal: AbortSignal,
): Promise<string | null> => {
  const over = new AbortController();
  const late = clock.sleep(READ_MS_MAX, over.signal).then(
    () => over.abort(),
    () => undefined,
  );
  const params = { name: modelKeyName(origin), origin };
  try {
    const read = await peer.call("secret/read", params, { signal: AbortSignal.any([signal, over.signal]) });
    return read.ok ? read.value.value : null;
  } catch (error) {
    if (!isAbort(error)) throw error;
    throwIfAborted(signal);
    return null;
  } finally {
    over.abort();
    await late;
  }
};
