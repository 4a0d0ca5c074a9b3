import { createHash } from "node:crypto";
import { join } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { createKeyFiles } from "#adapters/keystore/key-files.ts";
import { createAnchorFiles } from "#adapters/ledger-files/anchor-files.ts";
import { createLedgerFiles } from "#adapters/ledger-files/ledger-files.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { SECRET_NAME } from "#ledger/keys.ts";
import type { LedgerOptions } from "#ledger/open-ledger.ts";
import type { WritableLedgerDeps } from "#ledger/writable-ledger.ts";

/** Where the parts of a ledger lie for one user and workspace. */
export interface LedgerPlace {
  readonly stateDirectory: string;
  readonly workspace: WorkspaceId;
  /** Another folder for the logs, as `--dir` or SYMBI_AUDIT_STORAGE name it, or null. */
  readonly folder: string | null;
}

/** The folder that holds a workspace's logs. */
export const ledgerFolder = (place: LedgerPlace): string =>
  place.folder ?? join(place.stateDirectory, "ledgers", place.workspace);

/**
 * Anchors lie apart from the logs, so that replacing a log's folder does not replace what is known
 * of it. A ledger in a folder of its own choosing has anchors of its own: its logs are not missing
 * where the workspace's other ledger is looked at.
 */
export const anchorFolder = (place: LedgerPlace): string => {
  const own = join(place.stateDirectory, "anchors", place.workspace);
  if (place.folder === null) return own;
  return join(own, `at-${createHash("sha256").update(place.folder).digest("hex").slice(0, 32)}`);
};

export const keyFolder = (place: Pick<LedgerPlace, "stateDirectory">): string =>
  join(place.stateDirectory, "keys");

/** What to do when a workspace's key is gone and its logs are not. */
export const keyLostHelp = (place: LedgerPlace): string => {
  const key = visibleText(join(keyFolder(place), SECRET_NAME.workspace(place.workspace)));
  const logs = visibleText(ledgerFolder(place));
  const anchors = visibleText(anchorFolder(place));
  const shared =
    place.folder === null ? "" : " (or of it only the logs that the next names, where others use it too)";
  return `put \`${key}\` back from a backup of the state folder; or, to begin a new ledger, move \`${logs}\`${shared} and \`${anchors}\` aside together, and of its logs the keys \`writer.<log>\` where they are still there`;
};

/** How a workspace's ledger is opened for writing. */
export const ledgerOptions = (place: LedgerPlace, software: string): LedgerOptions => ({
  workspace: place.workspace,
  software,
  isShared: place.folder !== null,
  keyLostHelp: keyLostHelp(place),
});

/** Everything that a ledger stands on, on this machine. */
export const ledgerDeps = (
  place: LedgerPlace,
  anchors: string = anchorFolder(place),
): WritableLedgerDeps => ({
  crypto: createNodeCrypto(),
  clock: systemClock,
  entropy: createSystemEntropy(),
  store: createLedgerFiles(ledgerFolder(place)),
  keys: createKeyFiles(keyFolder(place)),
  anchors: createAnchorFiles(anchors),
});
