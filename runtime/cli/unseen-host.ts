import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { readRuns } from "#host/compose/runs.ts";
import type { Workspace } from "#host/workspace.ts";

import { plural } from "./audit-text.ts";
import type { Invocation } from "./command.ts";
import { ledgerPlaceOf } from "./ledger-place.ts";
import { tell } from "./tell.ts";

/** Why a host that is there may not be found. */
export const UNSEEN_HOST =
  "a host that this terminal does not reach may have it too: XDG_RUNTIME_DIR and TMPDIR have to be those that it was started with";

/** Says where no host is found that runs go on all the same, whose questions are not to be seen from here. */
export const tellUnseen = async (
  invocation: Invocation,
  workspace: Workspace,
): Promise<Result<void, Fault<string>>> => {
  const runs = await readRuns(ledgerPlaceOf(invocation, workspace), invocation.signal);
  if (!runs.ok) return runs;
  const going = runs.value.filter(({ state }) => state === "running").length;
  if (going > 0) {
    const what = `${plural(going, "run")} of this workspace ${going === 1 ? "goes" : "go"} on in another process, which asks in its own terminal; ${UNSEEN_HOST}`;
    tell(invocation.terminal, what);
  }
  return ok(undefined);
};
