import { ok } from "#kernel/result.ts";
import type { Result } from "#kernel/result.ts";

import { LEASE_LABEL, OWNER_LABEL } from "./container-options.ts";
import type { Engine } from "./engine.ts";
import type { EngineRefusal } from "./engine-call.ts";

/**
 * Removes what an owner's ended processes left on the engine: containers with its label whose lease is
 * over, and nothing else. Several may sweep at once. One that the engine refuses to remove is left for the next
 * time, and keeps nobody from running. Gives how many are gone.
 */
export const sweep = async (
  engine: Pick<Engine, "list" | "remove">,
  owner: string,
  wallMs: number,
): Promise<Result<number, EngineRefusal>> => {
  const found = await engine.list(`${OWNER_LABEL}=${owner}`);
  if (!found.ok) return found;
  let removed = 0;
  for (const { id, labels } of found.value) {
    const leaseEndMs = labels[LEASE_LABEL] ?? "";
    // A lease that cannot be read is not known to be over.
    if (labels[OWNER_LABEL] !== owner || !/^\d{1,15}$/.test(leaseEndMs) || Number(leaseEndMs) >= wallMs)
      continue;
    const gone = await engine.remove(id);
    if (gone.ok) removed += 1;
    else if (gone.fault.status === null) return gone;
  }
  return ok(removed);
};
