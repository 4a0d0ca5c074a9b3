import { randomBytes, randomFillSync } from "node:crypto";

import { idFrom } from "#kernel/ids.ts";
import type { Id } from "#kernel/ids.ts";
import type { Entropy } from "#ports/entropy.ts";

/** Largest value of the 12 bits behind the version that order ids within one millisecond. */
const COUNTER_MAX = 0xfff;

const ID_BYTES = 10;

/** Ids whose random bytes are fetched together, because asking the system costs more than the id. */
const IDS_AHEAD = 128;

/**
 * The operating system's randomness. Ids of one instance rise strictly: within a millisecond, and
 * after the clock fell, the 12 bits behind the version count up from a random start (RFC 9562
 * section 6.2, method 1), and when they are used up the id takes the next millisecond.
 *
 * Bytes for keys and secrets are fetched when they are asked for and kept nowhere; only those of
 * ids, which are no secret, come from a stock.
 */
export const createSystemEntropy = (): Entropy => {
  const stock = new Uint8Array(IDS_AHEAD * ID_BYTES);
  let used = stock.length;
  let lastMs = -1;
  let counter = 0;

  const forId = (): Uint8Array => {
    if (used === stock.length) {
      randomFillSync(stock);
      used = 0;
    }
    used += ID_BYTES;
    return stock.slice(used - ID_BYTES, used);
  };

  return {
    bytes: (count) => new Uint8Array(randomBytes(count)),
    id<Kind extends string>(wallMs: number): Id<Kind> {
      const random = forId();
      if (wallMs > lastMs) {
        lastMs = wallMs;
        // The top bit stays clear so that there is room to count.
        counter = (((random[0] ?? 0) & 0x07) << 8) | (random[1] ?? 0);
      } else if (counter < COUNTER_MAX) {
        counter += 1;
      } else {
        lastMs += 1;
        counter = 0;
      }
      random[0] = counter >> 8;
      random[1] = counter & 0xff;
      return idFrom<Kind>(lastMs, random);
    },
  };
};
