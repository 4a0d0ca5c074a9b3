import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createLogFolder } from "#adapters/ledger-files/ledger-files.ts";
import { toHex } from "#kernel/bytes.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import { isId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { readSecret, SECRET_NAME, signingKeyOf } from "#ledger/keys.ts";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import type { AuditReport } from "#ledger/missing-parts.ts";
import { findMissing, withMissing } from "#ledger/missing-parts.ts";
import { createVerificationSource } from "#ledger/verification-source.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import { findWorkspaceOfFolder } from "../workspace.ts";
import { findIdentity, reclaimingHelp, unclaimedLedgers } from "../workspace-identity.ts";
import { listKeys, listLogs } from "./audit-state.ts";
import { newWorkspaceId } from "./ids.ts";
import type { LedgerPlace } from "./ledger.ts";
import { anchorFolder, ledgerDeps, ledgerFolder } from "./ledger.ts";

export interface AuditedLog {
  /** Null for a workspace that this user's state does not know, so that nothing was ever recorded in it. */
  readonly directory: string | null;
  readonly ownKey: string | null;
  /** Folders of ledgers in the state that belong to no known workspace; not told of a folder that was named. */
  readonly unclaimed: readonly string[];
  /** @param onChecked gets the number of entries that were checked since it was called last; must not throw. */
  verify(
    pinnedKey: string | null,
    signal: AbortSignal,
    onChecked?: (entries: number) => void,
  ): Promise<Result<AuditReport, Fault<string>>>;
}

export interface AuditedLedger extends AuditedLog {
  readonly reader: LedgerReader;
}

/** What the person's surroundings say of where evidence lies. */
export interface AuditPlace {
  readonly cwd: string;
  readonly stateDirectory: string;
  /** SYMBI_AUDIT_STORAGE, or undefined. */
  readonly storage: string | undefined;
}

const crypto = createNodeCrypto();

/**
 * A ledger for reading and verifying: the one of the workspace around `cwd`, or the one in a folder.
 * Writes nothing, neither there nor in the state.
 */
export const openAuditedLedger = async (
  directory: string | null,
  place: AuditPlace,
): Promise<Result<AuditedLedger, Fault<string>>> => {
  const found = await findLedger(directory, place);
  if (!found.ok) return found;
  const { ledger, isKnown, unclaimed } = found.value;
  // A copy of the workspace's ledger is held against the anchors of the original.
  const kept = anchorFolder(ledger);
  const isCopy = directory !== null && !existsSync(kept);
  const { store, keys, anchors } = ledgerDeps(
    ledger,
    isCopy ? anchorFolder({ ...ledger, folder: null }) : kept,
  );
  const seed = await readSecret(keys, SECRET_NAME.workspace(ledger.workspace));
  if (!seed.ok) return seed;
  const ownKey = seed.value === null ? null : toHex(signingKeyOf(crypto, seed.value).publicKey);
  const source = createVerificationSource(store, anchors, !isCopy);
  return ok({
    directory: isKnown ? ledgerFolder(ledger) : null,
    ownKey,
    unclaimed,
    reader: createLedgerReader({ store, crypto, keys }, ownKey === null ? [] : [ownKey]),
    async verify(pinnedKey, signal, onChecked) {
      const held = await listKeys(place.stateDirectory);
      if (!held.ok) return held;
      const verified = await verifyLedger(source, crypto, pinnedKey, signal, onChecked);
      if (!verified.ok) return verified;
      const logs = await listLogs(place.stateDirectory);
      if (!logs.ok) return logs;
      const here = await anchors.list();
      if (!here.ok) return here;
      const id = ledger.workspace;
      // A workspace makes its key just before its first log. With that key and nothing else it had one.
      const hadLogs = ownKey !== null && verified.value.logs.length === 0 && !logs.value.workspaces.has(id);
      const state = {
        isOwn: directory === null,
        isShared: ledger.folder !== null,
        ownKey,
        writers: held.value.writers,
        // A folder that was moved has its anchors under its former place.
        anchored: directory === null ? new Set(here.value) : logs.value.anchored,
        known: new Set([...logs.value.stored, ...logs.value.anchored]),
        mayBeOthers: !hadLogs && [...held.value.workspaces].some((other) => other !== id),
      };
      return ok(withMissing(verified.value, findMissing(verified.value.logs, state)));
    },
  });
};

interface FoundLedger {
  readonly ledger: LedgerPlace;
  /** Whether the place means anything: false for a workspace that the state does not know. */
  readonly isKnown: boolean;
  readonly unclaimed: readonly string[];
}

const findLedger = async (
  directory: string | null,
  { cwd, stateDirectory, storage = "" }: AuditPlace,
): Promise<Result<FoundLedger, Fault<string>>> => {
  const named = directory ?? (storage === "" ? null : storage);
  const folder = named === null ? null : resolve(cwd, named);
  const ofState = folder === null ? null : workspaceOf(folder, stateDirectory);
  if (ofState !== null) {
    const ledger = { stateDirectory, workspace: ofState, folder: null };
    return ok({ ledger, isKnown: true, unclaimed: [] });
  }
  const around = await findWorkspaceOfFolder(cwd);
  if (!around.ok) return around;
  const identity = await findIdentity(around.value, stateDirectory);
  if (!identity.ok) return identity;
  // Under an id that nobody has lie no logs, no anchors and no key.
  const workspace = identity.value?.id ?? newWorkspaceId();
  const ledger = { stateDirectory, workspace, folder };
  const unclaimed = directory === null ? await unclaimedLedgers(stateDirectory) : [];
  if (folder === null && unclaimed.length > 0 && !existsSync(ledgerFolder(ledger))) {
    return failed(lostIdentity(around.value, stateDirectory, unclaimed));
  }
  return ok({ ledger, isKnown: folder !== null || identity.value !== null, unclaimed });
};

/** The workspace whose ledger in this user's state the folder is, so that its own key and anchors count, or null. */
const workspaceOf = (folder: string, stateDirectory: string): WorkspaceId | null => {
  const id = basename(folder);
  return isId<"workspace">(id) && dirname(folder) === join(stateDirectory, "ledgers") ? id : null;
};

const lostIdentity = (
  folder: string,
  stateDirectory: string,
  unclaimed: readonly string[],
): Fault<"HOST_LEDGER_LOST"> =>
  fault(
    "HOST_LEDGER_LOST",
    `this workspace has no ledger, but ${unclaimed.length} in \`${visibleText(join(stateDirectory, "ledgers"))}\` belong to no known workspace`,
    {
      help: `the identity of a workspace was removed: put \`workspaces\` back from a backup of the state folder; without one, ${reclaimingHelp(folder, stateDirectory, unclaimed)}`,
    },
  );

/** One log in a folder of any name: a copy that somebody sent, held against nothing but itself and a key. */
export const openAuditedLog = async (
  folder: string,
  place: AuditPlace,
): Promise<Result<AuditedLog, Fault<string>>> => {
  const directory = resolve(place.cwd, folder);
  const source = createLogFolder(directory);
  return ok({
    directory,
    ownKey: null,
    unclaimed: [],
    verify: async (pinnedKey, signal, onChecked) => {
      const watched = onChecked === undefined ? {} : { onChecked };
      const options = { log: null, pinnedKey, anchor: null, live: source.isHeld(), ...watched };
      const verified = await verifyLog(source, crypto, options, signal);
      if (!verified.ok) return verified;
      const { report } = verified.value;
      return ok({ logs: [report], level: report.level, faultsTotal: report.faultsTotal, missing: [] });
    },
  });
};
