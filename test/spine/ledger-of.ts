import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { ledgerDeps } from "#host/compose/ledger.ts";
import { toHex } from "#kernel/bytes.ts";
import type { WorkspaceId } from "#kernel/ids.ts";
import type { JsonObject } from "#kernel/json.ts";
import { isJsonObject, readJson } from "#kernel/json.ts";
import { SECRET_NAME } from "#ledger/keys.ts";
import { createVerificationSource } from "#ledger/verification-source.ts";
import { verifyLedger } from "#ledger/verify/verify-ledger.ts";
import type { LedgerReport } from "#protocol/ledger-report.ts";

/** Every line of every log below a state folder, parsed, log by log in the order of writing. */
export const entriesIn = (state: string): readonly JsonObject[] =>
  segmentsIn(join(state, "ledgers")).flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      // What a killed writer left half written is for the verifier; a reader skips it.
      .map((line) => readJson(line))
      .flatMap((reading) => (reading.ok && isJsonObject(reading.value) ? [reading.value] : [])),
  );

const segmentsIn = (folder: string): readonly string[] =>
  namesIn(folder, true)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(folder, name));

/** What verifying each workspace's ledger below a state folder finds, held against this user's key and anchors. */
export const verifyState = (state: string): Promise<readonly LedgerReport[]> =>
  Promise.all(
    namesIn(join(state, "ledgers"), false).map((name) => verifyWorkspace(state, name as WorkspaceId)),
  );

const verifyWorkspace = async (stateDirectory: string, workspace: WorkspaceId): Promise<LedgerReport> => {
  const { store, anchors, keys } = ledgerDeps({ stateDirectory, workspace, folder: null });
  const crypto = createNodeCrypto();
  const seed = await keys.read(SECRET_NAME.workspace(workspace));
  if (!seed.ok || seed.value === null) throw new Error("the workspace has no key to hold its ledger against");
  const report = await verifyLedger(
    createVerificationSource(store, anchors, true),
    crypto,
    toHex(crypto.publicKey(seed.value)),
    new AbortController().signal,
  );
  if (!report.ok) throw new Error(report.fault.message);
  return report.value;
};

const namesIn = (folder: string, recursive: boolean): readonly string[] => {
  try {
    return readdirSync(folder, { recursive, encoding: "utf8" });
  } catch (error) {
    // Nothing was recorded yet.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};
