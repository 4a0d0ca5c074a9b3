/** How a sandbox process ends; what it has to say about its job is in its answer. */
export const EXIT = {
  done: 0,
  /** Its input ended before a whole job had come. */
  noJob: 70,
  /** It found itself without the walls that it should run behind. */
  noWalls: 71,
  /** Whoever started it is gone. */
  orphaned: 72,
} as const;
