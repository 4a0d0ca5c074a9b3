import { lstat, unlink } from "node:fs/promises";
import { createServer } from "node:net";
import type { Server } from "node:net";

import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, ok } from "#kernel/result.ts";
import type { Wire } from "#ports/wire.ts";

import type { HostPlace } from "./place.ts";
import type { PrivateFileFault } from "./private-files.ts";
import { checkFolders, FILE_MODE, PERMISSIONS, unreadable, writeToken } from "./private-files.ts";
import { socketWire } from "./socket-wire.ts";

export interface HostListener {
  /** Hears no new client and takes socket and token away. Connections that stand stay. */
  close(): Promise<void>;
}

/**
 * Opens the meeting place for clients: a stale socket goes, the token comes, and only then does
 * anybody listen. The caller holds the place's lock until the listener is closed.
 */
export const listenForClients = async (
  place: HostPlace,
  token: Uint8Array,
  onClient: (wire: Wire) => void,
): Promise<Result<HostListener, PrivateFileFault>> => {
  const checked = await checkFolders(place);
  if (!checked.ok) return checked;
  const cleared = await removeStale(place.socket);
  if (!cleared.ok) return cleared;
  const written = await writeToken(place, token);
  if (!written.ok) return written;
  const server = createServer({ pauseOnConnect: false }, (socket) => onClient(socketWire(socket)));
  try {
    await listening(server, place.socket);
  } catch (error) {
    server.close();
    return failed(unreadable(place.socket, errorCode(error)));
  }
  return ok({
    close: async () => {
      // Closing takes the socket's file away at once, while connections that stand go on.
      server.close();
      await unlink(place.token).catch(() => undefined);
    },
  });
};

/** What a host left that was killed. Anything but a socket is nobody's to remove but its owner's. */
const removeStale = async (path: string): Promise<Result<void, PrivateFileFault>> => {
  try {
    if (!(await lstat(path)).isSocket()) return failed(unreadable(path, "something else is in its place"));
    await unlink(path);
    return ok(undefined);
  } catch (error) {
    const code = errorCode(error);
    return code === "ENOENT" ? ok(undefined) : failed(unreadable(path, code));
  }
};

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    // Node binds within this call. A mode that is only set afterwards leaves a moment in which the socket
    // is wider, and a client that looks then refuses it.
    const umask = process.umask(PERMISSIONS & ~FILE_MODE);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        // What the system says later concerns one connection, not the place.
        server.on("error", () => undefined);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
