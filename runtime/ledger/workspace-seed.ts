import type { LogId } from "#kernel/ids.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Entropy } from "#ports/entropy.ts";
import type { KeyStore } from "#ports/key-store.ts";
import type { LedgerFault, LedgerStore } from "#ports/ledger.ts";
import { readOrCreateSecret, readSecret, SECRET_NAME } from "./keys.ts";
import type { LogOwner } from "./own-logs.ts";
import { whoseLog } from "./own-logs.ts";

/**
 * The workspace's key, made where there is none yet. One that is gone while logs of its own are here
 * is not replaced: what was certified by the old one would become foreign.
 *
 * @param logs listed before: whoever begins a log meanwhile makes the key before it.
 */
export const workspaceSeed = async (
  deps: { readonly keys: KeyStore; readonly entropy: Entropy; readonly store: LedgerStore },
  owner: LogOwner,
  logs: readonly LogId[],
  help: string = HELP,
): Promise<Result<Uint8Array, LedgerFault>> => {
  const name = SECRET_NAME.workspace(owner.workspace);
  const found = await readSecret(deps.keys, name);
  if (!found.ok) return found;
  if (found.value !== null) return ok(found.value);
  for (const log of logs) {
    const whose = await whoseLog(deps.store, owner, log);
    if (!whose.ok) return whose;
    if (whose.value !== "ours") continue;
    const message = `the key of the workspace is gone, and the log ${log} was certified by it`;
    return failed(fault("LEDGER_NO_KEY", message, { help }));
  }
  return readOrCreateSecret(deps.keys, deps.entropy, name);
};

const HELP = "put the key back from a backup; or, to begin a new ledger, move this one aside";
