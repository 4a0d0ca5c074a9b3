import { expect, test } from "vitest";

import { Peer } from "#host/rpc/peer.ts";

import { KeyKeeper } from "#cli/kept-key.ts";

const RUN = "01890a5d-ac96-774b-bcce-b302099a8057";
test("a host that goes before it said that its run is followed ended before the run did, as one that goes later", async () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const peer: Peer = new Peer({
    side: "client",
    handlers: { requests: {}, notifications: {} },
    firstId: 3,
    version: 1,
    end: (why) => expect.unreachable(why),
    send: () => {
      close();
      void Promise.resolve().then(() => peer.closed());
    },
  });
  const keeper = new KeyKeeper({ origin: "http://127.0.0.1:1", key: "sk-kept" });
  const ended = await keeper.until(RUN, { peer, closed }, new AbortController().signal);
  expect(ended).toMatchObject({ ok: false, fault: { code: "CLI_HOST_LOST", error: "connection-lost" } });
});
