import { resolve } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { listenForClients } from "#adapters/host-socket/listen.ts";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { hostPlace } from "#adapters/host-socket/place.ts";
import { recordPlace } from "#adapters/host-socket/place-record.ts";
import { makeFolders } from "#adapters/host-socket/private-files.ts";
import { takeLock } from "#adapters/ledger-files/log-lock.ts";
import { toHex } from "#kernel/bytes.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { RunId } from "#kernel/ids.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";
import { readSecret, SECRET_NAME, signingKeyOf } from "#ledger/keys.ts";
import { createLedgerReader } from "#ledger/ledger-reader.ts";
import type { LedgerReader } from "#ports/ledger-reader.ts";

import { EntryFeed } from "../server/entry-feed.ts";
import { HostServer } from "../server/host-server.ts";
import type { LedgerVerifier } from "../server/verify-ledger.ts";
import type { Workspace } from "../workspace.ts";
import { createRunGiver, createRunResumer } from "./host-resumptions.ts";
import { openAuditedLedger } from "./audit.ts";
import { createRunStarter } from "./host-runs.ts";
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

/** How long a host waits for the lock: for the client that started it, or for a host that is ending. */
const LOCK_MS_MAX = 10_000;
const LOCK_AGAIN_MS = 20;
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
  const lock = await takeHostLock(place.value, LOCK_MS_MAX, signal);
  if (!lock.ok) return lock;
  if (lock.value === "held") return ok("another");
  try {
    return await serve(surroundings, place.value, notice, signal);
  } finally {
    lock.value.release();
  }
};

/** The place's lock, waited for a while. */
export const takeHostLock = async (
  { lock: path }: HostPlace,
  waitMs: number,
  signal: AbortSignal,
): Promise<Result<{ release(): void } | "held", Fault<string>>> => {
  const untilMs = systemClock.monotonicMs() + waitMs;
  try {
    for (;;) {
      const lock = await takeLock(path);
      if (lock !== "held" || systemClock.monotonicMs() >= untilMs) return ok(lock);
      await systemClock.sleep(LOCK_AGAIN_MS, signal);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    return failed(
      fault("HOST_LOCK_REFUSED", `\`${visibleText(path)}\` cannot be locked (${errorCode(error)})`),
    );
  }
};

const serve = async (
  surroundings: HostSurroundings,
  place: HostPlace,
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
    const listener = await listenForClients(place, token, (wire) => server.accept(wire));
    if (!listener.ok) {
      await server.close();
      return listener;
    }
    const told = await recordPlace(surroundings.stateDirectory, workspace.id, place);
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
