import type { RunId } from "#kernel/ids.ts";
import { ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";

import { OWNER_LABEL, RUN_LABEL } from "./container-options.ts";
import type { EngineRefusal } from "./engine-call.ts";
import type { Engine } from "./engine.ts";

/**
 * Ends and removes every container of one run of this owner, whatever its lease, and waits until they are
 * gone. Only for who is alone with the run: its process is dead, and nobody else has taken it up.
 */
export const removeOfRun = async (
  engine: Pick<Engine, "list" | "remove">,
  owner: string,
  run: RunId,
): Promise<Result<void, EngineRefusal>> => {
  const found = await engine.list(`${RUN_LABEL}=${run}`);
  if (!found.ok) return found;
  for (const { id, labels } of found.value) {
    if (labels[OWNER_LABEL] !== owner || labels[RUN_LABEL] !== run) continue;
    const removed = await engine.remove(id);
    if (!removed.ok) return removed;
  }
  return ok(undefined);
};
