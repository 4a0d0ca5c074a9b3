import type { LogId } from "#kernel/ids.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Crypto } from "#ports/crypto.ts";
import type { KeyStore } from "#ports/key-store.ts";
import type { ArtefactStore, LedgerStore, LogHold } from "#ports/ledger.ts";
import { ARTEFACT_BYTES_MAX, SEAL_TAG_BYTES } from "#protocol/ledger-entry.ts";
import { artefactFile } from "#protocol/ledger-format.ts";
import { openArtefact, sealArtefact } from "./sealing.ts";
import type { Scopes } from "./scopes.ts";
import { readScopeKeys } from "./scopes.ts";

export interface ArtefactDeps {
  readonly crypto: Crypto;
  readonly keys: KeyStore;
  readonly store: LedgerStore;
}

/** Artefacts are written beside the log that is held, and looked for beside every log: a run may go on in another. */
export const createArtefactStore = (
  deps: ArtefactDeps,
  log: LogId,
  hold: LogHold,
  scopes: Scopes,
): ArtefactStore => ({
  async put(scope, bytes) {
    const keys = scopes.get(scope);
    if (!keys.ok) return keys;
    if (bytes.length > ARTEFACT_BYTES_MAX) {
      return failed(
        fault(
          "LEDGER_TOO_LARGE",
          `an artefact has at most ${ARTEFACT_BYTES_MAX} bytes, this one ${bytes.length}`,
        ),
      );
    }
    const { digest, sealed } = sealArtefact(deps.crypto, keys.value, bytes);
    const created = await hold.create(artefactFile(scope, digest), sealed);
    return created.ok ? ok(digest) : created;
  },

  async get(scope, digest) {
    const opened = scopes.get(scope);
    const keys = opened.ok ? opened : await readScopeKeys(deps, scope);
    if (!keys.ok) return keys;
    const logs = await deps.store.logs();
    if (!logs.ok) return logs;
    for (const place of [log, ...logs.value.filter((other) => other !== log)]) {
      const file = artefactFile(scope, digest);
      const sealed = await deps.store.read(place, file, 0, ARTEFACT_BYTES_MAX + SEAL_TAG_BYTES);
      if (!sealed.ok) return sealed;
      if (sealed.value.length === 0) continue;
      const bytes = openArtefact(deps.crypto, keys.value, digest, sealed.value);
      return bytes === undefined
        ? failed(fault("LEDGER_TAMPERED", `the artefact ${digest} is not what was stored under that digest`))
        : ok(bytes);
    }
    return failed(fault("LEDGER_UNREADABLE", `no log of this ledger holds the artefact ${digest}`));
  },
});
