import { fileURLToPath } from "node:url";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { connectToHost } from "#adapters/host-socket/connect.ts";
import { lockHolder } from "#adapters/host-socket/lock-holder.ts";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { onlyHostLock } from "#adapters/host-socket/place-record.ts";
import { makeFolders, readToken } from "#adapters/host-socket/private-files.ts";
import { startHost } from "#adapters/host-socket/start-host.ts";
import { isLockHeld } from "#adapters/ledger-files/log-lock.ts";
import { isAbort } from "#kernel/abort.ts";
import { toHex } from "#kernel/bytes.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

import type { HostConnection } from "../rpc/client-connection.ts";
import { openConnection } from "../rpc/client-connection.ts";
import type { Handlers, Params } from "../rpc/peer.ts";
import type { HostSurroundings } from "./host.ts";
import { hostLedgerPlace } from "./host.ts";
import { takeHostLock } from "./host-locks.ts";
import { placeOfHost } from "./place-of-host.ts";
import { releaseOf } from "../rpc/release-order.ts";
import { programFiles } from "./program-files.ts";

/** Who attaches, and what it has to offer. */
export interface AttachOptions {
  readonly surroundings: Omit<HostSurroundings, "home" | "user">;
  readonly kind: Params<"host/hello">["client"];
  readonly offers: Params<"host/offer">;
  readonly handlers: Handlers;
  /** Whether a host is started where there is none. */
  readonly starts: boolean;
  /** Called when a host of an earlier release has runs to finish before one of this release can start. */
  readonly onWaiting: (product: string) => void;
  /** As the opening has it: for tests of releases that do not go together. */
  readonly versions?: readonly [number, number];
}

/** How long a host may take to begin to listen. */
const START_MS_MAX = 10_000;
const AGAIN_MS = 50;
/** A host without runs is gone within that; nobody has to be told that it is waited for. */
const QUIET_MS = 300;

/**
 * Attaches to the host of a workspace, and starts one where wanted; null where there is none. Of
 * several that start one at the same time, each gets the one host that came of it.
 */
export const attachToHost = async (
  given: AttachOptions,
  signal: AbortSignal,
): Promise<Result<HostConnection | null, Fault<string>>> => {
  let isTold = false;
  const options: AttachOptions = {
    ...given,
    onWaiting: (product) => {
      if (!isTold) given.onWaiting(product);
      isTold = true;
    },
  };
  const { stateDirectory, workspace } = options.surroundings;
  const onlyLock = onlyHostLock(stateDirectory, workspace.id);
  let untilMs = systemClock.monotonicMs() + START_MS_MAX;
  let started: StartOfHost | null = null;
  /** The host of an earlier release that was asked to finish. */
  let drained: Drained | null = null;
  for (;;) {
    const place = await placeOfHost(options.surroundings);
    if (!place.ok) return options.starts ? place : ok(null);
    const met = await meet(place.value, options, signal);
    if (met.ok) {
      const judged = await judge(met.value, options, drained, signal);
      if ("ok" in judged) return judged;
      drained = judged;
      untilMs = systemClock.monotonicMs() + START_MS_MAX;
      await systemClock.sleep(AGAIN_MS, signal);
      continue;
    }
    const isMissing = met.fault.code === "SOCKET_NO_HOST";
    if (!isMissing && met.fault.code !== "RPC_OPENING_LOST") return met;
    // One that begins, ends or makes its place again is there, and soon heard or gone.
    if (!options.starts && isMissing && !isLockHeld(onlyLock)) return ok(null);
    const isOver = systemClock.monotonicMs() >= untilMs;
    if (isOver || (started?.code ?? 0) !== 0)
      return failed(
        isMissing
          ? ((await deafHost(onlyLock)) ?? notStarted(place.value, started))
          : await silentHost(place.value, met.fault),
      );
    // One that was just ending may have been in the way of the first try.
    if (options.starts && isMissing && (started === null || started.code === 0)) {
      const made = await makeFolders(place.value);
      if (!made.ok) return made;
      const begun = await startUnlessHeld(place.value, options, signal);
      if (!begun.ok) return begun;
      started = begun.value ?? started;
    }
    await systemClock.sleep(AGAIN_MS, signal);
  }
};

/** A host that was asked to finish and did, as far as its runs go; other clients may hold it for a while yet. */
interface Drained {
  readonly host: string;
  readonly sinceMs: number;
}

/** Whether a host will do for this client. One of an earlier release is asked to finish, and its connection ended. */
const judge = async (
  connection: HostConnection,
  options: AttachOptions,
  drained: Drained | null,
  signal: AbortSignal,
): Promise<Result<HostConnection, Fault<string>> | Drained> => {
  const { host } = connection;
  const speaks = host.version !== 0;
  const release = releaseOf(host, options.surroundings.product);
  // Whoever only asks has no reason to end a host, and what came behind one that ended is the best that there is.
  const isFollower = drained !== null && drained.host !== host.host;
  if (release === "fits" || (speaks && (!options.starts || isFollower))) return ok(connection);
  try {
    if (release !== "older" || !options.starts || isFollower) {
      return failed(release === "newer" ? NEWER_HOST : OTHER_RELEASE);
    }
    if (drained === null) {
      await drain(connection, options, signal);
      return { host: host.host, sinceMs: systemClock.monotonicMs() };
    }
    if (systemClock.monotonicMs() - drained.sinceMs > QUIET_MS) options.onWaiting(host.product);
    return drained;
  } finally {
    connection.end();
  }
};

/** Has a host of an earlier release finish its runs, however long they take; a person may stop waiting. */
const drain = async (
  { host, peer }: HostConnection,
  { surroundings, onWaiting }: AttachOptions,
  signal: AbortSignal,
): Promise<void> => {
  const told = new AbortController();
  systemClock.sleep(QUIET_MS, AbortSignal.any([signal, told.signal])).then(
    () => onWaiting(host.product),
    (error: unknown) => {
      if (!isAbort(error)) throw error;
    },
  );
  try {
    // A host that ends meanwhile has finished as well.
    await peer.call("host/drain", { reason: `${surroundings.product} starts here` }, { signal });
  } finally {
    told.abort();
  }
};

const meet = async (
  place: HostPlace,
  { surroundings, kind, offers, handlers, versions }: AttachOptions,
  signal: AbortSignal,
): Promise<Result<HostConnection, Fault<string>>> => {
  const wire = await connectToHost(place);
  if (!wire.ok) return wire;
  return openConnection(
    wire.value,
    {
      clock: systemClock,
      handlers,
      opening: {
        crypto: createNodeCrypto(),
        readToken: () => {
          const token = readToken(place);
          return token.ok ? token.value : undefined;
        },
        nonce: toHex(createSystemEntropy().bytes(32)),
        kind,
        product: surroundings.product,
        offers,
        ...(versions === undefined ? {} : { versions }),
      },
    },
    signal,
  );
};

/** A host that this client started. */
interface StartOfHost {
  /** Its exit code once it is gone, 1 where a signal ended it. */
  code: number | undefined;
  readonly said: () => string;
}

/** Starts a host while holding its lock, so that others wait instead; null where somebody else does already. */
const startUnlessHeld = async (
  place: HostPlace,
  { surroundings }: AttachOptions,
  signal: AbortSignal,
): Promise<Result<StartOfHost | null, Fault<string>>> => {
  const lock = await takeHostLock(place.lock, 0, signal);
  if (!lock.ok) return lock;
  if (lock.value === "held") return ok(null);
  try {
    const { workspace, stateDirectory, variables } = surroundings;
    const { folder } = hostLedgerPlace(surroundings);
    const started = await startHost(place, {
      command: [process.execPath, fileURLToPath(programFiles().cli), "host", "--workspace", workspace.folder],
      cwd: workspace.folder,
      variables: {
        ...variables,
        WRIT_STATE: stateDirectory,
        SYMBI_AUDIT_STORAGE: folder ?? undefined,
      },
    });
    if (!started.ok) return started;
    const state: StartOfHost = { code: undefined, said: started.value.said };
    void started.value.exited.then((code) => (state.code = code ?? 1));
    return ok(state);
  } finally {
    lock.value.release();
  }
};

/** A host says what is in its way as every command does; where it said nothing, its log is all there is to look at. */
const notStarted = ({ log }: HostPlace, started: StartOfHost | null): Fault<"HOST_NOT_STARTED"> => {
  const [why = "", ...help] = (started?.said() ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const message = "the workspace's host did not start";
  return why === ""
    ? fault("HOST_NOT_STARTED", message, { help: `\`${visibleText(log)}\` may say why` })
    : fault("HOST_NOT_STARTED", `${message}: ${visibleText(why.replace(/^writ: /, ""))}`, {
        help: help.length === 0 ? `\`${visibleText(log)}\` has it too` : visibleText(help.join(" ")),
      });
};

/** One that takes connections and does not speak is there: what can be done about it depends on why. */
const silentHost = async ({ lock }: HostPlace, { code }: Fault<string>): Promise<Fault<string>> => {
  const pid = await lockHolder(lock);
  const who = pid === null ? "the workspace's host" : `the workspace's host, process ${pid},`;
  return fault(code, `${who} does not answer: it was stopped, or this machine is too busy for it`, {
    help:
      pid === null
        ? "`writ doctor` says what is there; try again when the machine has less to do"
        : `\`kill -CONT ${pid}\` lets one go on that was stopped; \`kill -9 ${pid}\` ends it, and \`writ run --resume\` goes on with its runs`,
    retryable: true,
  });
};

/** One that is there and at whose socket nobody can be heard; null where nobody holds the lock of the one host. */
const deafHost = async (onlyLock: string): Promise<Fault<"HOST_UNREACHABLE"> | null> => {
  if (!isLockHeld(onlyLock)) return null;
  const pid = await lockHolder(onlyLock);
  const who = pid === null ? "the workspace's host" : `the workspace's host, process ${pid},`;
  return fault(
    "HOST_UNREACHABLE",
    `${who} is there and nobody hears it: its folder for sockets was taken away, or this machine is too busy for it`,
    {
      help:
        pid === null
          ? "try again with XDG_RUNTIME_DIR and TMPDIR as they were when it was started"
          : `it makes the folder again where it can; \`kill ${pid}\` cancels its runs and ends it, and behind \`kill -9 ${pid}\` \`writ run --resume\` goes on with them`,
      retryable: true,
    },
  );
};

const NEWER_HOST = fault("HOST_NEWER_RELEASE", "the workspace's host is of a later release of writ", {
  help: "use that release, or wait until its runs are over: `writ stop` of that release ends one",
});
const OTHER_RELEASE = fault("HOST_OTHER_RELEASE", "the workspace's host is of another release of writ", {
  help: "it ends by itself soon after its last run and client; try again then",
  retryable: true,
});
