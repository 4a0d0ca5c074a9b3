import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";

import { skipContinue } from "#adapters/http/skip-continue.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

const readNext = async (socket: Socket): Promise<string> => {
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) return chunk.toString("latin1");
    await once(socket, "readable");
  }
};

test("what has come of an answer is kept while the rest of the request is still written", async () => {
  const server = createServer((peer) => {
    let asked = "";
    peer.on("data", (bytes: Buffer) => {
      asked += bytes.toString("latin1");
      if (asked === "head ") peer.write("HTTP/1.1 1");
      else if (asked === "head body") peer.write(`00 Continue\r\n\r\n${ANSWER}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  try {
    skipContinue(socket, 16_384);
    socket.write("head ");
    await once(socket, "readable");
    expect(socket.read()).toBe(null);
    socket.write("body");
    expect(await readNext(socket)).toBe(ANSWER);
  } finally {
    socket.destroy();
    server.close();
  }
});
