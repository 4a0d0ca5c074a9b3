/**
 * Chance that repeats: what is drawn depends on the seed and the keys alone, never on what was drawn before
 * it elsewhere. So a case stays the same when another operation of the document changes.
 */
export interface Draws {
  /** A whole number from 0 up to and without `below`. */
  below(below: number): number;
  /** Draws of a place of its own. */
  at(...keys: readonly (string | number)[]): Draws;
}

export const drawsOf = (seed: number, ...keys: readonly (string | number)[]): Draws => {
  const name = [seed, ...keys].map((key) => `${String(key).length}:${key}`).join("");
  let state = hashOf(name);
  return {
    below: (below) => {
      // mulberry32: a full period of 2^32 is plenty for some hundred draws of one place.
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
    },
    at: (...more) => drawsOf(seed, ...keys, ...more),
  };
};

/** FNV-1a over UTF-16 units, mixed at the end (murmur3's finaliser), so that near names lie far apart. */
const hashOf = (name: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
};
