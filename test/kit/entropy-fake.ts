import { idFrom } from "#kernel/ids.ts";
import type { Id } from "#kernel/ids.ts";
import type { Entropy } from "#ports/entropy.ts";

/** Chance that repeats: the same seed gives the same bytes and ids in the same order. */
export const createEntropyFake = (seed = 1): Entropy => {
  let state = seed >>> 0;
  let made = 0;
  let latestMs = 0;
  // mulberry32: small, and good enough to tell ids apart.
  const byte = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  const bytes = (count: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: count }, byte);
  return {
    bytes,
    id<Kind extends string>(wallMs: number): Id<Kind> {
      const random = bytes(10);
      made += 1;
      random[0] = (made >> 8) & 0x0f;
      random[1] = made & 0xff;
      // Ids rise even when the clock goes back, and when the counter beside the time runs over.
      latestMs = Math.max(latestMs, wallMs) + ((made & 0xfff) === 0 ? 1 : 0);
      return idFrom<Kind>(latestMs, random);
    },
  };
};
