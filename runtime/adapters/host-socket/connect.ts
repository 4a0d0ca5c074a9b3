import { createConnection } from "node:net";

import { errorCode } from "#kernel/error-code.ts";
import type { Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Wire } from "#ports/wire.ts";

import type { HostPlace } from "./place.ts";
import type { PrivateFileFault } from "./private-files.ts";
import { checkFolders, checkSocket, readToken, unreadable } from "./private-files.ts";
import { socketWire } from "./socket-wire.ts";

/**
 * Connects to the host that listens at the place, after a look at whether the place is this user's
 * alone. SOCKET_NO_HOST where nobody listens.
 */
export const connectToHost = async (place: HostPlace): Promise<Result<Wire, PrivateFileFault>> => {
  const folders = await checkFolders(place);
  if (!folders.ok) return folders;
  const socket = await checkSocket(place);
  if (!socket.ok) return socket;
  const token = readToken(place);
  return token.ok ? connected(place.socket) : token;
};

/** How a socket answers that nobody listens at. */
const NOBODY: readonly string[] = ["ENOENT", "ECONNREFUSED", "ECONNRESET"];

const connected = (path: string): Promise<Result<Wire, PrivateFileFault>> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    const refused = (error: unknown): void => {
      socket.destroy();
      const code = errorCode(error);
      resolve(
        failed(
          NOBODY.includes(code)
            ? fault("SOCKET_NO_HOST", "no host of this workspace is running")
            : unreadable(path, code),
        ),
      );
    };
    socket.once("error", refused);
    socket.once("connect", () => {
      socket.off("error", refused);
      resolve(ok(socketWire(socket)));
    });
  });
