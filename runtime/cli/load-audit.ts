import type { AuditPlace } from "#host/compose/audit.ts";
import { openAuditedLedger, openAuditedLog } from "#host/compose/audit.ts";

import { createAuditCommands } from "./audit.ts";
import type { Environment } from "./command.ts";

/** `writ audit list`, `show` and `verify`. */
export const auditCommands = createAuditCommands({
  openLedger: (directory, environment) => openAuditedLedger(directory, placeOf(environment)),
  openLog: (folder, environment) => openAuditedLog(folder, placeOf(environment)),
});

const placeOf = ({ cwd, stateDirectory, variables }: Environment): AuditPlace => ({
  cwd,
  stateDirectory,
  storage: variables["SYMBI_AUDIT_STORAGE"],
});
