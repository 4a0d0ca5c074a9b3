/** What a command of `writ` is, and the only view of the outside that one gets. */

/**
 * 0 completed; 1 ended otherwise, problems found or tampering; 2 usage, including a path that
 * cannot be read; 3 model, engine, disk or daemon missing or refusing; 130 interrupted.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface Command {
  /** Words behind `writ`, such as `policy explain`. */
  readonly name: string;
  readonly summary: string;
  /** One line without `writ` and the name: `<file> [--json]`. */
  readonly usage: string;
  readonly options: readonly CommandOption[];
  /** What its help says below the options, a line each. */
  readonly notes?: readonly string[];
  /** Complete command lines with what each does. */
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  /** For programs: not listed by `writ --help`. */
  readonly hidden?: boolean;
  /** Goes on when nobody reads its output any more: what it does matters, or its exit code, which is a verdict. */
  readonly actsUnheard?: boolean;
  /**
   * What it does with the user's state: one that "writes" it refuses a folder that others can write or own,
   * one that only "reads" it warns; absent where the command has nothing to do with it, or looks itself.
   */
  readonly state?: "writes" | "reads";
  run(invocation: Invocation): Promise<ExitCode>;
}

export interface CommandOption {
  /** Long name without dashes. */
  readonly name: string;
  /** What the value is, such as `<dir>`; absent for a switch. */
  readonly value?: string;
  readonly summary: string;
  /** May be given several times. */
  readonly multiple?: boolean;
}

export interface Invocation {
  readonly positionals: readonly string[];
  readonly switches: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** What aborted it; null before. Who may send signals to this process is this user, and who may act for them. */
  readonly howInterrupted: () => string | null;
}

/** Where a command writes; every text given here has been made visible (`visibleText`) by its writer. */
export interface Terminal {
  /** Result text; a line feed is added. */
  out(line: string): void;
  /** What went wrong and notes about the run, on standard error. */
  err(line: string): void;
  /** Whether a person is there to answer a question. */
  readonly interactive: boolean;
  /** Columns; 80 where unknown. */
  readonly columns: number;
  /** Columns of standard error; Infinity where that is no terminal: what programs and files get is not wrapped. */
  readonly errColumns: number;
  readonly style: Style;
  /** Asks a person and resolves with the typed line, or null at end of input. Only where `interactive`. */
  question(prompt: string, signal: AbortSignal): Promise<string | null>;
}

/** Colours and weights; identity functions where the output is not a terminal or NO_COLOR is set. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export interface Environment {
  readonly cwd: string;
  /** Only names that a command of ours documents. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Where this user's state lives (keys, ledgers, consents); absolute. */
  readonly stateDirectory: string;
  readonly user: string;
}
