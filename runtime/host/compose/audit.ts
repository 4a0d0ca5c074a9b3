import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createLogFolder } from "#adapters/ledger-files/ledger-files.ts";
import { toHex } from "#kernel/bytes.ts";
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

import { findWorkspaceOfFolder, identifyWorkspace, knownWorkspaces } from "../workspace.ts";
import { listKeys, listLogs } from "./audit-state.ts";
import { newWorkspaceId } from "./ids.ts";
import { anchorFolder, ledgerDeps, ledgerFolder } from "./ledger.ts";

export interface AuditedLog {
  readonly directory: string;
  readonly ownKey: string | null;
  verify(pinnedKey: string | null, signal: AbortSignal): Promise<Result<AuditReport, Fault<string>>>;
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

/** A ledger for reading and verifying: the one of the workspace around `cwd`, or the one in a folder. Writes nothing there. */
export const openAuditedLedger = async (
  directory: string | null,
  place: AuditPlace,
): Promise<Result<AuditedLedger, Fault<string>>> => {
  const folder = await findWorkspaceOfFolder(place.cwd);
  if (!folder.ok) return folder;
  const workspace = await identifyWorkspace(folder.value, place.stateDirectory, newWorkspaceId);
  if (!workspace.ok) return workspace;
  const named = directory ?? (place.storage === undefined || place.storage === "" ? null : place.storage);
  const ledger = {
    stateDirectory: place.stateDirectory,
    workspace: workspace.value.id,
    folder: named === null ? null : resolve(place.cwd, named),
  };
  if (named === null && !existsSync(ledgerFolder(ledger))) {
    const lost = await ledgersOfNobody(place.stateDirectory);
    if (lost.length > 0) return failed(lostIdentity(place.stateDirectory, lost.length));
  }
  // A copy of the workspace's ledger is held against the anchors of the original.
  const kept = anchorFolder(ledger);
  const isCopy = directory !== null && !existsSync(kept);
  const { store, keys, anchors } = ledgerDeps(
    ledger,
    isCopy ? anchorFolder({ ...ledger, folder: null }) : kept,
  );
  const seed = await readSecret(keys, SECRET_NAME.workspace(workspace.value.id));
  if (!seed.ok) return seed;
  const ownKey = seed.value === null ? null : toHex(signingKeyOf(crypto, seed.value).publicKey);
  const source = createVerificationSource(store, anchors, !isCopy);
  return ok({
    directory: ledgerFolder(ledger),
    ownKey,
    reader: createLedgerReader({ store, crypto, keys }, ownKey === null ? [] : [ownKey]),
    async verify(pinnedKey, signal) {
      const held = await listKeys(place.stateDirectory);
      if (!held.ok) return held;
      const verified = await verifyLedger(source, crypto, pinnedKey, signal);
      if (!verified.ok) return verified;
      const logs = await listLogs(place.stateDirectory);
      if (!logs.ok) return logs;
      const here = await anchors.list();
      if (!here.ok) return here;
      const { id } = workspace.value;
      // A workspace makes its key just before its first log. With that key and nothing else it had one.
      const hadLogs = ownKey !== null && verified.value.logs.length === 0 && !logs.value.workspaces.has(id);
      const state = {
        isOwn: directory === null,
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

/** Ledgers in the state folder that no workspace known there has: what an identity that is gone leaves behind. */
const ledgersOfNobody = async (stateDirectory: string): Promise<readonly string[]> => {
  const known = await knownWorkspaces(stateDirectory);
  const present = await readdir(join(stateDirectory, "ledgers")).catch(() => []);
  return present.filter((id) => !known.has(id));
};

const lostIdentity = (stateDirectory: string, count: number): Fault<"HOST_LEDGER_LOST"> =>
  fault(
    "HOST_LEDGER_LOST",
    `this workspace has no ledger, but ${count} in \`${visibleText(join(stateDirectory, "ledgers"))}\` belong to no known workspace`,
    { help: "the identity of a workspace was removed; look at such a ledger with --dir" },
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
    verify: async (pinnedKey, signal) => {
      const options = { log: null, pinnedKey, anchor: null, live: source.isHeld() };
      const verified = await verifyLog(source, crypto, options, signal);
      if (!verified.ok) return verified;
      const { report } = verified.value;
      return ok({ logs: [report], level: report.level, faultsTotal: report.faultsTotal, missing: [] });
    },
  });
};
