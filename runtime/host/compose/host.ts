import { resolve } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { hostPlace } from "#adapters/host-socket/place.ts";
import { recordPlace } from "#adapters/host-socket/place-record.ts";
import { makeFolders } from "#adapters/host-socket/private-files.ts";
import { toHex } from "#kernel/bytes.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import { readSecret, SECRET_NAME, signingKeyOf } from "#ledger/keys.ts";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import { EntryFeed } from "../server/entry-feed.ts";
import { HostServer } from "../server/host-server.ts";
import type { LedgerVerifier } from "../server/verify-ledger.ts";
import type { Workspace } from "../workspace.ts";
import { createRunGiver, createRunResumer } from "./host-resumptions.ts";
import { openAuditedLedger } from "./audit.ts";
import { HostLocks } from "./host-locks.ts";
import { createRunStarter } from "./host-runs.ts";
import { keepListening } from "./keep-listening.ts";
import type { LedgerPlace } from "./ledger.ts";
import { ledgerDeps } from "./ledger.ts";
import { openRunLedger } from "./run.ts";

/** Whose host it is, and what it finds around itself. */
export interface HostSurroundings {
  readonly workspace: Workspace;
  readonly stateDirectory: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly user: string;
  /** Name and version, for people and for the ledger. */
  readonly product: string;
}

/** Where host and clients of this workspace meet. */
export const meetingPlace = ({
  workspace,
  variables,
}: Pick<HostSurroundings, "workspace" | "variables">): ReturnType<typeof hostPlace> =>
  hostPlace(workspace.id, { platform: process.platform, uid: process.getuid?.(), variables });

/** Where the host's ledger lies. */
export const hostLedgerPlace = ({
  workspace,
  stateDirectory,
  variables,
}: Pick<HostSurroundings, "workspace" | "stateDirectory" | "variables">): LedgerPlace => {
  const said = variables["SYMBI_AUDIT_STORAGE"] ?? "";
  return {
    stateDirectory,
    workspace: workspace.id,
    folder: said === "" ? null : resolve(workspace.folder, said),
  };
};

/** The workspace's ledger for reading. */
export const openHostReader = async (place: LedgerPlace): Promise<Result<LedgerReader, Fault<string>>> => {
  const { store, keys, crypto } = ledgerDeps(place);
  const seed = await readSecret(keys, SECRET_NAME.workspace(place.workspace));
  if (!seed.ok) return seed;
  const own = seed.value === null ? [] : [toHex(signingKeyOf(crypto, seed.value).publicKey)];
  return ok(createLedgerReader({ store, crypto, keys }, own));
};

const TOKEN_BYTES = 32;

/**
 * Is the host of a workspace until nobody needs it any more, or until `signal` is aborted: then every
 * run is cancelled first. "another" when a host is there already.
 *
 * @param notice gets what no client would hear.
 */
export const runHost = async (
  surroundings: HostSurroundings,
  notice: (run: RunId, text: string) => void,
  signal: AbortSignal,
): Promise<Result<"ended" | "another", Fault<string>>> => {
  const place = meetingPlace(surroundings);
  if (!place.ok) return place;
  const made = await makeFolders(place.value);
  if (!made.ok) return made;
  const locks = new HostLocks(place.value, surroundings);
  try {
    const taken = await locks.take(signal);
    if (!taken.ok) return taken;
    return taken.value === "held" ? ok("another") : await serve(surroundings, locks, notice, signal);
  } finally {
    locks.release();
  }
};

const serve = async (
  surroundings: HostSurroundings,
  locks: HostLocks,
  notice: (run: RunId, text: string) => void,
  signal: AbortSignal,
): Promise<Result<"ended", Fault<string>>> => {
  const { product, workspace, user } = surroundings;
  const feed = new EntryFeed();
  const ledgerPlace = hostLedgerPlace(surroundings);
  const opened = await openRunLedger(ledgerPlace, product, (lines) => feed.committed(lines));
  if (!opened.ok) return opened;
  const { writable: ledger } = opened.value;
  try {
    const reader = await openHostReader(ledgerPlace);
    if (!reader.ok) return reader;
    const entropy = createSystemEntropy();
    const token = entropy.bytes(TOKEN_BYTES);
    const runs = { ...surroundings, place: ledgerPlace, ledger };
    const server = new HostServer({
      clock: systemClock,
      entropy,
      crypto: createNodeCrypto(),
      token,
      product,
      workspace: workspace.id,
      user,
      reader: reader.value,
      artefacts: ledger.artefacts,
      log: ledger.log,
      canRecord: () => ledger.fault === undefined,
      feed,
      startRun: createRunStarter(runs),
      resumeRun: createRunResumer({ ...runs, reader: reader.value, cwd: workspace.folder }),
      giveUpRun: createRunGiver({ ...runs, reader: reader.value }),
      verifyLedger: verifierOf(surroundings),
      notice,
    });
    const listener = await keepListening(locks, token, systemClock, (wire) => server.accept(wire));
    if (!listener.ok) {
      await server.close();
      return listener;
    }
    const told = await recordPlace(surroundings.stateDirectory, workspace.id, locks.place);
    if (!told.ok) {
      await listener.value.close();
      await server.close();
      return told;
    }
    await Promise.race([server.ended, aborted(signal)]);
    await listener.value.close();
    await server.close();
  } finally {
    await ledger.close();
  }
  return ok("ended");
};

/** Verifies as `writ audit verify` does in the workspace, against the workspace's own key. */
const verifierOf =
  ({ workspace, stateDirectory, variables }: HostSurroundings): LedgerVerifier =>
  async (signal, onChecked) => {
    const storage = variables["SYMBI_AUDIT_STORAGE"];
    const opened = await openAuditedLedger(null, { cwd: workspace.folder, stateDirectory, storage });
    return opened.ok ? opened.value.verify(opened.value.ownKey, signal, onChecked) : opened;
  };

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((tell) => {
    if (signal.aborted) tell();
    else signal.addEventListener("abort", () => tell(), { once: true });
  });
