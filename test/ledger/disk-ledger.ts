import { join } from "node:path";
import { systemClock } from "#adapters/clock/system-clock.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { createKeyFiles } from "#adapters/keystore/key-files.ts";
import { createAnchorFiles } from "#adapters/ledger-files/anchor-files.ts";
import { createLedgerFiles } from "#adapters/ledger-files/ledger-files.ts";
import type { OpenedLedger } from "#ledger/open-ledger.ts";
import type { WritableLedgerDeps } from "#ledger/writable-ledger.ts";
import { nodeCrypto, openIn, valueOf } from "./world.ts";

/** What a ledger in a folder of this machine stands on: everything real. */
export const diskDeps = (folder: string): WritableLedgerDeps => ({
  store: createLedgerFiles(join(folder, "ledger")),
  anchors: createAnchorFiles(join(folder, "anchors")),
  keys: createKeyFiles(join(folder, "keys")),
  clock: systemClock,
  entropy: createSystemEntropy(),
  crypto: nodeCrypto,
});

export const openDiskLedger = async (folder: string, segmentBytesMax?: number): Promise<OpenedLedger> =>
  valueOf(await openIn(diskDeps(folder), segmentBytesMax === undefined ? {} : { segmentBytesMax }));
