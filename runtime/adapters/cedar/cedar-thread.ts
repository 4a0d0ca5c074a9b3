import type { Result } from "#kernel/result.ts";
import type { DeciderFault, PolicySet } from "#ports/decider.ts";
import type { Answer, Question } from "./messages.ts";
import type { WorkerLineOptions } from "./worker-line.ts";
import { WorkerLine } from "./worker-line.ts";

export interface CedarThreadOptions extends WorkerLineOptions {
  /** Longest load of sets. */
  readonly loadTimeoutMs: number;
  /** A worker that has parsed more policies than this is replaced, because Cedar keeps their memory. */
  readonly policiesParsedMax: number;
}

/** The sets that are loaded, by name: what a new worker is told before anything else. */
export type LoadedSets = ReadonlyMap<string, PolicySet>;

/** One line to workers and which sets the worker of now knows. */
export class CedarThread {
  private readonly line: WorkerLine;
  private readonly options: CedarThreadOptions;
  private readonly loaded: LoadedSets;
  /** Sets whose load was asked of the worker of now, unless it was refused. */
  private known = new Map<string, PolicySet>();
  private parsed = 0;
  private isCatchingUp = false;

  constructor(options: CedarThreadOptions, loaded: LoadedSets) {
    this.options = options;
    this.loaded = loaded;
    this.line = new WorkerLine(options);
    this.line.onStart = () => {
      const sets = [...loaded.values()];
      this.known = new Map(loaded);
      this.parsed = policyCount(sets);
      if (sets.length === 0) return [];
      return [{ question: { k: "load", sets }, timeoutMs: options.loadTimeoutMs }];
    };
  }

  /** Questions that have no answer yet. */
  get open(): number {
    return this.line.open;
  }

  /** Whether a question about these sets can be put at once: the worker runs and has them as they are now. */
  isReadyFor(sets: readonly string[]): boolean {
    return this.line.isReady && sets.every((name) => this.isKnown(name));
  }

  ask(
    question: Question,
    timeoutMs: number,
    signal: AbortSignal,
    noted?: (answer: Answer) => void,
  ): Promise<Result<Answer, DeciderFault>> {
    return this.line.ask(question, timeoutMs, signal, noted);
  }

  /** Loads sets into the worker of now. `noted` is called once they are there, before anything else happens. */
  load(
    sets: readonly PolicySet[],
    signal: AbortSignal,
    noted: () => void,
  ): Promise<Result<Answer, DeciderFault>> {
    if (this.parsed > this.options.policiesParsedMax) this.line.replace();
    this.parsed += policyCount(sets);
    return this.line.ask({ k: "load", sets }, this.options.loadTimeoutMs, signal, (answer) => {
      if (answer.k !== "loaded" || answer.problems.length > 0) return;
      for (const set of sets) this.known.set(set.name, set);
      noted();
    });
  }

  /** Sees to it that the thread will be ready for what is loaded, in its own time. */
  async catchUp(): Promise<void> {
    if (this.isCatchingUp) return;
    if (!this.line.isReady) {
      this.line.start();
      return;
    }
    const missing = [...this.loaded.values()].filter(({ name }) => !this.isKnown(name));
    if (missing.length === 0) return;
    this.isCatchingUp = true;
    try {
      // A fault changes nothing: the thread stays unready, and somebody else is asked.
      await this.load(missing, new AbortController().signal, () => undefined);
    } finally {
      this.isCatchingUp = false;
    }
  }

  close(): Promise<void> {
    return this.line.close();
  }

  private isKnown(name: string): boolean {
    const known = this.known.get(name);
    return known !== undefined && known === this.loaded.get(name);
  }
}

const policyCount = (sets: readonly PolicySet[]): number =>
  sets.reduce((sum, { policies }) => sum + Object.keys(policies).length, 0);
