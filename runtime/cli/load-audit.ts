import type { AuditPlace } from "#host/compose/audit.ts";
import { openAuditedLedger, openAuditedLog } from "#host/compose/audit.ts";

import { createAuditCommands } from "./audit.ts";
import type { Command, Environment } from "./command.ts";

const commands = createAuditCommands({
  openLedger: (directory, environment) => openAuditedLedger(directory, placeOf(environment)),
  openLog: (folder, environment) => openAuditedLog(folder, placeOf(environment)),
});

const placeOf = ({ cwd, stateDirectory, variables }: Environment): AuditPlace => ({
  cwd,
  stateDirectory,
  storage: variables["SYMBI_AUDIT_STORAGE"],
});

/** The audit command of this name; asking for another is a mistake of the table. */
export const auditCommand = (name: string): Command => {
  const command = commands.find((each) => each.name === name);
  if (command === undefined) throw new RangeError(`no command ${name}`);
  return command;
};
