import type { Socket } from "node:net";

import type { Wire } from "#ports/wire.ts";
import { WIRE_UNREAD_BYTES_MAX } from "#ports/wire.ts";

/** A connected socket as a wire. It reads nothing before somebody listens. */
export const socketWire = (socket: Socket): Wire => {
  let isClosed = false;
  let tell: (() => void) | undefined;
  // An error is followed by a close, which is all that matters.
  socket.on("error", () => undefined);
  socket.once("close", () => {
    isClosed = true;
    tell?.();
  });
  return {
    send: (bytes) => {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(bytes);
      // Somebody who does not read would otherwise fill this process's memory.
      if (socket.writableLength > WIRE_UNREAD_BYTES_MAX) socket.destroy();
    },
    end: () => {
      socket.end();
      // The other side may never end its own half.
      socket.destroySoon();
    },
    listen: (events) => {
      tell = () => events.onClosed();
      if (isClosed) queueMicrotask(tell);
      socket.on("data", (chunk) => {
        if (!socket.writableEnded) events.onBytes(chunk);
      });
    },
  };
};
