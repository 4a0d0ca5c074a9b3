import {
  type AddressInfo,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from "node:net";
import { afterEach, describe, expect, test } from "vitest";

import { runAt } from "./orders-server.ts";
import { manyTests } from "./thing-servers.ts";

describe("a run with a server that never comes to an end", () => {
  const listening = new Set<NetServer>();
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of listening) server.close();
    sockets.clear();
    listening.clear();
  });

  /** A bare socket that does this with each connection, however long it may stay. */
  const bare = async (act: (socket: Socket) => void): Promise<string> => {
    const server = createNetServer({ pauseOnConnect: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      act(socket);
    });
    listening.add(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  /** Says something once a request is there, and then the next drop for ever. */
  const dripping = (first: string, drop: string) => (socket: Socket) => {
    socket.resume();
    socket.once("data", () => {
      socket.write(first);
      const drops = setInterval(() => socket.write(drop), 20);
      socket.on("close", () => clearInterval(drops));
    });
  };

  test.each<[string, string, (socket: Socket) => void]>([
    ["drips one header", "no headers of an answer came", dripping("HTTP/1.1 200 OK\r\nA: ", "x")],
    ["drips headers", "no headers of an answer came", dripping("HTTP/1.1 200 OK\r\n", "A: b\r\n")],
    ["drips its body", "no whole answer came", dripping("HTTP/1.1 200 OK\r\n\r\n", "x")],
    ["sends 1xx for ever", "no headers of an answer came", dripping("", "HTTP/1.1 103 Early Hints\r\n\r\n")],
    ["sends 100 for ever", "no headers of an answer came", dripping("", "HTTP/1.1 100 Continue\r\n\r\n")],
    ["never reads the request", "no headers of an answer came", () => undefined],
  ])("that %s the run ends, and says that %s", async (_, why, act) => {
    const tests = await manyTests();
    const isBody = why.startsWith("no whole");
    const [headersTimeoutMs, wholeTimeoutMs] = isBody ? [60_000, 400] : [150, 60_000];
    const limits = { headersTimeoutMs, bodyTimeoutMs: 60_000, wholeTimeoutMs };
    const report = await runAt(tests, await bare(act), { concurrencyMax: 8 }, limits);
    if (!report.ok) throw new Error(report.fault.message);
    expect(report.value).toMatchObject({ ended: "silent", warnings: [] });
    expect(report.value.failures.map(({ check }) => check)).toEqual(["answered"]);
    expect(report.value.failures[0]?.message).toContain(`there was no answer, twice: ${why}`);
    expect(report.value.operations).toMatchObject([{ asExpected: 0, notJudged: 0 }]);
  });
});
