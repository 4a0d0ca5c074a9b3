import type { AuditDeps } from "./audit-deps.ts";
import { createAuditList } from "./audit-list.ts";
import { createAuditShow } from "./audit-show.ts";
import { createAuditVerify } from "./audit-verify.ts";
import type { Command } from "./command.ts";

/** `audit list`, `audit show` and `audit verify`. */
export const createAuditCommands = (deps: AuditDeps): readonly Command[] => [
  createAuditList(deps),
  createAuditShow(deps),
  createAuditVerify(deps),
];
