import type { Id } from "#kernel/ids.ts";

/** Chance. Every id of the system comes from here, so a seeded one makes a whole run repeat. */
export interface Entropy {
  /** `count` random bytes; unpredictable to others unless the implementation says it is seeded. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
  /** A new UUIDv7. Ids of one process sort in the order in which they were made. */
  id<Kind extends string>(wallMs: number): Id<Kind>;
}
