import { createPublicKey, generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { ledgerDeps, ledgerFolder } from "#host/compose/ledger.ts";
import type { WritableLedger } from "#ledger/writable-ledger.ts";
import { verifyLog } from "#ledger/verify/verify-log.ts";
import type { NewEntry } from "#protocol/run-event.ts";
import { createBareLog } from "./kit/bare-log.ts";
import { WORKSPACE, completed, intended, openDiskLedger, valueOf } from "./kit/ledgers.ts";
import { withScratchFolder } from "./kit/scratch.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

/** A line of an entry as the ledger writes it has about as many bytes. */
const LINE_BYTES = 850;

const BATCH = 1_000;

/** Durable appends of the real ledger on a real disk, and the verification of what it wrote. */
export const ledgerComparisons = async (): Promise<readonly Comparison[]> => [
  await compareAppends("appended 1,000 at a time", intended(), { together: BATCH, batches: 4 }),
  await compareAppends("the same with sealed content", completed(), { together: BATCH, batches: 4 }),
  await compareAppends("appended one at a time", intended(), { together: 1, batches: 300 }),
  await compareVerification(20_000),
];

const compareAppends = (
  title: string,
  entry: NewEntry,
  { together, batches }: { readonly together: number; readonly batches: number },
): Promise<Comparison> =>
  withScratchFolder(async (folder) => {
    const line = new Uint8Array(LINE_BYTES).fill(0x61);
    const bareAppend = createBareLog(folder);
    const ledger = await openDiskLedger(folder);
    const comparison = await compare({
      title,
      unit: "entry, durable",
      baseline: {
        name: "SHA-256, Ed25519, write, fdatasync",
        run: () => {
          for (let batch = 0; batch < batches; batch += 1) bareAppend(line, together);
          return batches * together;
        },
      },
      ours: {
        name: "append",
        run: async () => {
          for (let batch = 0; batch < batches; batch += 1) await appendTogether(ledger, entry, together);
          return batches * together;
        },
      },
      rounds: 11,
      ...(together === 1 ? {} : { goal: { k: "rate", perSecond: 10_000 } }),
    });
    valueOf(await ledger.close());
    return comparison;
  });

const appendTogether = async (ledger: WritableLedger, entry: NewEntry, count: number): Promise<void> => {
  for (const appended of await Promise.all(Array.from({ length: count }, () => ledger.append(entry)))) {
    valueOf(appended);
  }
};

/** A log of so many entries, committed 100 at a time, read and verified in full from the disk. */
const compareVerification = (entries: number): Promise<Comparison> =>
  withScratchFolder(async (folder) => {
    const ledger = await openDiskLedger(folder);
    for (let written = 0; written < entries; written += 100) await appendTogether(ledger, intended(), 100);
    const { log } = ledger;
    valueOf(await ledger.close());

    const place = { stateDirectory: folder, workspace: WORKSPACE, folder: null };
    const { store, crypto, anchors } = { ...ledgerDeps(place), crypto: createNodeCrypto() };
    const source = {
      files: () => store.files(log),
      read: (file: string, offset: number, bytesMax: number) => store.read(log, file, offset, bytesMax),
    };
    const anchor = valueOf(await anchors.read(log));
    const options = { log, pinnedKey: null, anchor, live: false };
    const verifyOnce = async () =>
      valueOf(await verifyLog(source, crypto, options, new AbortController().signal)).report;
    const { lines, commits, faultsTotal } = await verifyOnce();
    if (faultsTotal > 0) throw new Error("what the ledger wrote does not verify");
    return compare({
      title: `${entries.toLocaleString("en")} entries verified`,
      unit: "line",
      baseline: {
        name: "SHA-256 and Ed25519 over the same",
        run: bareVerification(join(ledgerFolder(place), log), { lines, signatures: commits + 1 }),
      },
      ours: { name: "verifyLog", run: async () => (await verifyOnce()).lines },
      rounds: 9,
    });
  });

const bareVerification = (
  folder: string,
  { lines, signatures }: { readonly lines: number; readonly signatures: number },
): (() => number) => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicKey = createPublicKey(privateKey);
  const message = new Uint8Array(LINE_BYTES);
  const signature = sign(null, message, privateKey);
  const files = readdirSync(folder).map((name) => join(folder, name));
  return () => {
    let left = lines;
    for (const file of files) {
      const bytes = readFileSync(file);
      for (let start = 0; start < bytes.length; left -= 1) {
        const end = bytes.indexOf(0x0a, start) + 1;
        hash("sha256", bytes.subarray(start, end), "buffer");
        start = end;
      }
    }
    if (left !== 0) throw new Error("the log has other lines than were verified");
    for (let index = 0; index < signatures; index += 1) {
      if (!verify(null, message, publicKey, signature)) throw new Error("a signature does not verify");
    }
    return lines;
  };
};
