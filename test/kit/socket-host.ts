import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { connectToHost } from "#adapters/host-socket/connect.ts";
import { listenForClients } from "#adapters/host-socket/listen.ts";
import { hostPlace } from "#adapters/host-socket/place.ts";
import { makeFolders, readToken } from "#adapters/host-socket/private-files.ts";
import type { HostConnection } from "#host/rpc/client-connection.ts";
import { openConnection } from "#host/rpc/client-connection.ts";
import { serveConnection } from "#host/rpc/host-connection.ts";
import type { Handlers, Params } from "#host/rpc/peer.ts";
import type { Client } from "#host/server/clients.ts";
import { toHex } from "#kernel/bytes.ts";
import { nodeCrypto, WORKSPACE } from "#test/ledger/world.ts";

/** The two ends of connections over a real socket, without a host behind them. */
export interface SocketHost {
  /** Those that are there now, the oldest first. */
  readonly clients: ReadonlySet<Client>;
  connect(offers: Params<"host/offer">, handlers: Handlers): Promise<HostConnection>;
  close(): Promise<void>;
}

export interface SocketHostOptions {
  readonly onDelta: (client: Client, params: Params<"model/delta">) => void;
}

export const openSocketHost = async ({ onDelta }: SocketHostOptions): Promise<SocketHost> => {
  const root = mkdtempSync(join(tmpdir(), "writ-rpc-"));
  const uid = process.getuid?.();
  const place = hostPlace("w", { platform: "linux", uid, variables: { XDG_RUNTIME_DIR: root } });
  if (!place.ok) throw new Error(place.fault.message);
  await makeFolders(place.value);
  const entropy = createSystemEntropy();
  const token = entropy.bytes(32);
  const clients = new Set<Client>();
  const connections: { end(): void }[] = [];
  const nonce = (): string => toHex(entropy.bytes(32));
  const listener = await listenForClients(place.value, token, (wire) => {
    let own: Client | undefined;
    serveConnection(wire, {
      clock: systemClock,
      opening: {
        crypto: nodeCrypto,
        token,
        nonce: nonce(),
        product: "writ test",
        isDraining: () => false,
        identity: { host: entropy.id<"host">(systemClock.wallMs()), workspace: WORKSPACE },
      },
      onOpened: ({ kind, offers }, peer) => {
        const client: Client = { kind, peer, offers };
        own = client;
        clients.add(client);
        return {
          requests: {},
          notifications: { "model/delta": (params) => onDelta(client, params) },
        };
      },
      onClosed: () => void (own !== undefined && clients.delete(own)),
    });
  });
  if (!listener.ok) throw new Error(listener.fault.message);
  return {
    clients,
    async connect(offers, handlers) {
      const wire = await connectToHost(place.value);
      if (!wire.ok) throw new Error(wire.fault.message);
      const opened = await openConnection(
        wire.value,
        {
          clock: systemClock,
          handlers,
          opening: {
            crypto: nodeCrypto,
            readToken: () => {
              const read = readToken(place.value);
              return read.ok ? read.value : undefined;
            },
            nonce: nonce(),
            kind: "editor",
            product: "test",
            offers,
          },
        },
        new AbortController().signal,
      );
      if (!opened.ok) throw new Error(opened.fault.message);
      connections.push(opened.value);
      return opened.value;
    },
    async close() {
      for (const connection of connections) connection.end();
      await listener.value.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
};
