import type { FunctionScope, SandboxTier } from "#protocol/agent-spec.ts";

/** Words that are values wherever a name may stand. */
export const CONSTANTS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
  ["None", null],
  ["Null", null],
]);

/** The variables that a place in a body can see. */
export class Scope {
  private readonly names = new Set<string>();
  private readonly outer: Scope | undefined;
  /** Whether `break` and `continue` have a loop to leave. */
  readonly inLoop: boolean;

  constructor(outer: Scope | undefined, names: Iterable<string> = [], inLoop = outer?.inLoop ?? false) {
    this.outer = outer;
    this.inLoop = inLoop;
    for (const name of names) this.names.add(name);
  }

  declare(name: string): void {
    this.names.add(name);
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.outer?.has(name) ?? false);
  }

  /** Nearest first. */
  *all(): Generator<string> {
    yield* this.names;
    if (this.outer !== undefined) yield* this.outer.all();
  }
}

/** A function that a body may call. */
export interface Callable {
  readonly scope: FunctionScope;
  readonly name: string;
  readonly parameters: readonly string[];
}

/** What the body of one agent or function is lowered against, beside its variables. */
export interface BodyWorld {
  readonly functions: ReadonlyMap<string, Callable>;
  /** The agent's capabilities when it names any; then no other tool is offered. */
  readonly offered: ReadonlySet<string> | null;
  /** The tier that the agent's file names. */
  readonly tier: SandboxTier | null;
}
