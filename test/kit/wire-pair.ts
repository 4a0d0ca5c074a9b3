import { invariant } from "#kernel/invariant.ts";
import type { Wire, WireEvents } from "#ports/wire.ts";

export interface WireFake extends Wire {
  readonly isEnded: boolean;
  /** Ends it as the death of the other process does. */
  drop(): void;
}

/** The two ends of one connection in memory. Bytes arrive a little later, in order. */
export const createWirePair = (): readonly [WireFake, WireFake] => {
  let isClosed = false;
  const heard: (WireEvents | undefined)[] = [undefined, undefined];
  const early: Uint8Array[][] = [[], []];
  const later = (act: () => void): void => queueMicrotask(act);
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    later(() => {
      for (const events of heard) events?.onClosed();
    });
  };
  const end = (own: 0 | 1): WireFake => {
    const other = own === 0 ? 1 : 0;
    return {
      get isEnded() {
        return isClosed;
      },
      send: (bytes) => {
        if (isClosed) return;
        later(() => {
          if (heard[other] === undefined) early[other]?.push(bytes);
          else heard[other].onBytes(bytes);
        });
      },
      end: close,
      drop: close,
      listen: (events) => {
        invariant(heard[own] === undefined, "a wire is listened to once");
        heard[own] = events;
        for (const bytes of early[own]?.splice(0) ?? []) later(() => events.onBytes(bytes));
        if (isClosed) later(() => events.onClosed());
      },
    };
  };
  return [end(0), end(1)];
};
