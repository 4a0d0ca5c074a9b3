import { lstat } from "node:fs/promises";

import type { HostListener } from "#adapters/host-socket/listen.ts";
import { listenForClients } from "#adapters/host-socket/listen.ts";
import type { PrivateFileFault } from "#adapters/host-socket/private-files.ts";
import { makeFolders } from "#adapters/host-socket/private-files.ts";
import { isAbort } from "#kernel/abort.ts";
import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Wire } from "#ports/wire.ts";

import type { HostLocks } from "./host-locks.ts";

/** How often it is looked whether clients still find the place. */
export const LOOK_MS = 2_000;

/**
 * Listens at the place until it is closed, also where the place is taken away meanwhile: the folder for
 * sockets goes with its user's last session, and what lies below /tmp after some days. A host outlives
 * both, so it makes the place again as soon as that can be, with the same token.
 */
export const keepListening = async (
  locks: Pick<HostLocks, "place" | "takeAgain">,
  token: Uint8Array,
  clock: Pick<Clock, "sleep">,
  onClient: (wire: Wire) => void,
): Promise<Result<HostListener, PrivateFileFault>> => {
  const { place } = locks;
  const first = await listenForClients(place, token, onClient);
  if (!first.ok) return first;
  let listener = first.value;
  let isListening = true;
  const over = new AbortController();
  const keep = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(LOOK_MS, over.signal);
      if (isListening && !(await isGone(place.socket)) && !(await isGone(place.token))) continue;
      // A folder that is only away for a while may come back with the socket in it.
      const made = await makeFolders(place);
      if (!made.ok) continue;
      await locks.takeAgain(over.signal);
      await listener.close();
      const again = await listenForClients(place, token, onClient);
      isListening = again.ok;
      if (again.ok) listener = again.value;
    }
  };
  const kept = keep().catch((error: unknown) => {
    if (!isAbort(error)) throw error;
  });
  return ok({
    close: async () => {
      over.abort();
      await kept;
      await listener.close();
    },
  });
};

/** Whatever else stands there is not ours to replace. */
const isGone = async (path: string): Promise<boolean> => {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return errorCode(error) === "ENOENT";
  }
};
