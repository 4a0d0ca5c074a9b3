import type { Result } from "#kernel/result.ts";
import type { Decider, DeciderFault, PolicySet, PolicySetProblem } from "#ports/decider.ts";

/**
 * Sets are named by their content, so that runs with the same rules share them. A set is unloaded
 * when the last of those who loaded it has let go.
 */
export class HeldSets {
  private readonly decider: Decider;
  private readonly holders = new Map<string, number>();

  constructor(decider: Decider) {
    this.decider = decider;
  }

  /** Loads sets and holds each once; holds none where the answer is not ok or names a problem. */
  async load(
    sets: readonly PolicySet[],
    signal: AbortSignal,
  ): Promise<Result<readonly PolicySetProblem[], DeciderFault>> {
    const names = sets.map(({ name }) => name);
    // Held before they are there: whoever lets go meanwhile must not take them away.
    for (const name of names) this.holders.set(name, (this.holders.get(name) ?? 0) + 1);
    let isHeld = false;
    try {
      const loaded = await this.decider.load(sets, signal);
      isHeld = loaded.ok && loaded.value.length === 0;
      return loaded;
    } finally {
      if (!isHeld) this.release(names);
    }
  }

  /** Lets go of sets that a `load` of the same caller holds. */
  release(names: readonly string[]): void {
    const free: string[] = [];
    for (const name of names) {
      const left = (this.holders.get(name) ?? 0) - 1;
      if (left > 0) this.holders.set(name, left);
      else {
        this.holders.delete(name);
        free.push(name);
      }
    }
    if (free.length > 0) this.decider.unload(free);
  }
}
