import { abortError, isAbort, throwIfAborted } from "#kernel/abort.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import type { Clock } from "#ports/clock.ts";
import type { Wire } from "#ports/wire.ts";
import { HOST_MESSAGE_BYTES_MAX, OPENING_MESSAGE_BYTES_MAX } from "#protocol/host-rpc.ts";
import type { ClientOpeningOptions, OpenedHost, OpeningFault } from "./client-opening.ts";
import { ClientOpening, FIRST_ID_AFTER_OPENING } from "./client-opening.ts";
import { FrameReader, frame } from "./frames.ts";
import type { Handlers } from "./peer.ts";
import { Peer } from "./peer.ts";

/** How long a host may take for its part of the opening. */
const OPENING_MS_MAX = 5_000;

export interface ClientConnectionOptions {
  readonly opening: ClientOpeningOptions;
  readonly handlers: Handlers;
  readonly clock: Clock;
}

/** A host that showed who it is, ready to be called. */
export interface HostConnection {
  readonly host: OpenedHost;
  readonly peer: Peer;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  end(): void;
}

export type ConnectionFault = OpeningFault | Fault<"RPC_OPENING_LOST">;

/** The client's end of one connection, once it is opened. Rejects with an AbortError when aborted before that. */
export const openConnection = async (
  wire: Wire,
  options: ClientConnectionOptions,
  signal: AbortSignal,
): Promise<Result<HostConnection, ConnectionFault>> => {
  throwIfAborted(signal);
  const opening = new ClientOpening(options.opening);
  const over = new AbortController();
  const gone = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<Result<OpenedHost, ConnectionFault>>();
  let peer: Peer | undefined;
  const say = (body: Uint8Array): void => wire.send(frame(body));
  const end = (): void => {
    reader.stop();
    wire.end();
  };
  const hear = (body: Uint8Array): void => {
    if (peer !== undefined) {
      peer.receive(body);
      return;
    }
    const step = opening.receive(body);
    if (step.k === "continue") {
      say(step.send);
    } else if (step.k === "failed") {
      opened.resolve(failed(step.fault));
    } else {
      const { version } = step.host;
      // At once: what the host says next may be in the bytes that are being read.
      peer = new Peer({
        side: "client",
        handlers: options.handlers,
        send: say,
        end,
        firstId: FIRST_ID_AFTER_OPENING,
        version,
      });
      opened.resolve(ok(step.host));
    }
  };
  const bodyBytesMax = (): number =>
    peer === undefined ? OPENING_MESSAGE_BYTES_MAX : HOST_MESSAGE_BYTES_MAX;
  const reader = new FrameReader(bodyBytesMax, { onBody: hear, onBroken: end });
  wire.listen({
    onBytes: (chunk) => reader.push(chunk),
    onClosed: () => {
      reader.stop();
      peer?.closed();
      opened.resolve(failed(LOST));
      gone.resolve();
    },
  });
  options.clock.sleep(OPENING_MS_MAX, over.signal).then(
    () => opened.resolve(failed(LOST)),
    (error: unknown) => {
      if (!isAbort(error)) throw error;
    },
  );
  const cancel = (): void => opened.reject(abortError());
  signal.addEventListener("abort", cancel, { once: true });
  say(opening.begin());
  try {
    const answer = await opened.promise;
    if (answer.ok && peer !== undefined) {
      return ok({ host: answer.value, peer, closed: gone.promise, end });
    }
    end();
    return answer.ok ? failed(LOST) : answer;
  } catch (error) {
    end();
    throw error;
  } finally {
    over.abort();
    signal.removeEventListener("abort", cancel);
  }
};

const LOST: ConnectionFault = fault(
  "RPC_OPENING_LOST",
  "the host ended the connection before it was open, or took too long",
  { retryable: true },
);
