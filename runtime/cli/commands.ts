import type { Command } from "./command.ts";

/** A command by its words; its code is loaded when it is wanted. */
export interface CommandEntry {
  readonly name: string;
  load(): Promise<Command>;
}

/** In the order in which `writ --help` lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "check",
    load: async () => (await import("./load-check.ts")).checkCommand,
  },
  {
    name: "run",
    load: async () => (await import("./run.ts")).runCommand,
  },
];
