import { invariant } from "#kernel/invariant.ts";

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
  ...["ps", "stop", "approvals list", "approvals answer", "host"].map((name) => ({
    name,
    load: async () => one(name, (await import("./load-host.ts")).hostCommands),
  })),
  ...["policy evaluate", "policy explain"].map((name) => ({
    name,
    load: async () => one(name, (await import("./load-policy.ts")).policyCommands),
  })),
  ...["test generate", "test run"].map((name) => ({
    name,
    load: async () => one(name, (await import("./load-test.ts")).testCommands),
  })),
  ...["audit list", "audit show", "audit verify"].map((name) => ({
    name,
    load: async () => one(name, (await import("./load-audit.ts")).auditCommands),
  })),
  {
    name: "doctor",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
];

/** The command of this name; asking for another is a mistake of the table. */
const one = (name: string, commands: readonly Command[]): Command => {
  const command = commands.find((each) => each.name === name);
  invariant(command !== undefined, `there is a command ${name}`);
  return command;
};
