import { isAbort } from "#kernel/abort.ts";
import type { Clock } from "#ports/clock.ts";
import type { Wire } from "#ports/wire.ts";
import { HOST_MESSAGE_BYTES_MAX, OPENING_MESSAGE_BYTES_MAX } from "#protocol/host-rpc.ts";
import { FrameReader, frame } from "./frames.ts";
import type { HostOpeningOptions, OpenedClient } from "./host-opening.ts";
import { HostOpening } from "./host-opening.ts";
import type { Handlers } from "./peer.ts";
import { Peer } from "./peer.ts";

/** How long a client may take to show who it is. */
const OPENING_MS_MAX = 5_000;

export interface HostConnectionOptions {
  readonly opening: HostOpeningOptions;
  readonly clock: Clock;
  /** The client showed that it read the token; what it may call from now on. */
  onOpened(client: OpenedClient, peer: Peer): Handlers;
  /** Called once, whether it was opened or not. */
  onClosed(): void;
}

/** The host's end of one connection: the opening first, then a peer, until either side ends it. */
export const serveConnection = (wire: Wire, options: HostConnectionOptions): { end(): void } => {
  const opening = new HostOpening(options.opening);
  const patience = new AbortController();
  let peer: Peer | undefined;
  const say = (body: Uint8Array): void => wire.send(frame(body));
  const end = (): void => {
    reader.stop();
    wire.end();
  };
  const open = (client: OpenedClient): void => {
    patience.abort();
    const handlers: { current: Handlers } = { current: { requests: {}, notifications: {} } };
    peer = new Peer({
      side: "host",
      // The handlers know the peer that they answer to, so it is there first.
      handlers: {
        get requests() {
          return handlers.current.requests;
        },
        get notifications() {
          return handlers.current.notifications;
        },
      },
      send: say,
      end,
      firstId: 1,
      version: client.version,
    });
    handlers.current = options.onOpened(client, peer);
  };
  const hear = (body: Uint8Array): void => {
    if (peer !== undefined) {
      peer.receive(body);
      return;
    }
    const step = opening.receive(body);
    if (step.send !== null) say(step.send);
    if (step.k === "opened") open(step.client);
    else if (step.k === "refused") end();
  };
  const bodyBytesMax = (): number =>
    peer === undefined ? OPENING_MESSAGE_BYTES_MAX : HOST_MESSAGE_BYTES_MAX;
  const reader = new FrameReader(bodyBytesMax, { onBody: hear, onBroken: end });
  wire.listen({
    onBytes: (chunk) => reader.push(chunk),
    onClosed: () => {
      reader.stop();
      patience.abort();
      peer?.closed();
      options.onClosed();
    },
  });
  options.clock.sleep(OPENING_MS_MAX, patience.signal).then(end, (error: unknown) => {
    if (!isAbort(error)) throw error;
  });
  return { end };
};
