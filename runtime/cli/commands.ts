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
  ...["audit list", "audit show", "audit verify"].map((name) => ({
    name,
    load: async () => (await import("./load-audit.ts")).auditCommand(name),
  })),
];

/** The command that a line names by its first words, or undefined. */
export const commandOf = async (line: readonly string[]): Promise<Command | undefined> => {
  const entry = COMMANDS.find(({ name }) => name.split(" ").every((word, index) => line[index] === word));
  return entry?.load();
};
