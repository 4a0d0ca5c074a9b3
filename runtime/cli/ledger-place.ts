import { resolve } from "node:path";

import type { LedgerPlace } from "#host/compose/ledger.ts";
import type { Workspace } from "#host/workspace.ts";

import type { Invocation } from "./command.ts";

/** Where the ledger of a workspace lies for this command: where `--dir` says, else the environment, else in the user's state. */
export const ledgerPlaceOf = (
  { values, environment }: Pick<Invocation, "values" | "environment">,
  { id }: Workspace,
): LedgerPlace => {
  const { cwd, stateDirectory, variables } = environment;
  const folder = values.get("dir")?.[0] ?? variables["SYMBI_AUDIT_STORAGE"] ?? "";
  return { stateDirectory, workspace: id, folder: folder === "" ? null : resolve(cwd, folder) };
};
