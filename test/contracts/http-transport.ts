import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { HttpLimits, HttpTransport } from "#ports/http-transport.ts";
import type { ApiRequest } from "#protocol/api-test.ts";

const LIMITS: HttpLimits = {
  connectTimeoutMs: 2000,
  headersTimeoutMs: 300,
  bodyTimeoutMs: 300,
  wholeTimeoutMs: 1500,
  headerBytesMax: 4096,
  bodyBytesMax: 10_000,
  connectionsMax: 2,
};

const GET: ApiRequest = { method: "GET", target: "/", headers: [], body: null };

/** What every transport must do; servers here are bare sockets, so that nothing but the transport speaks HTTP. */
export const httpTransportContract = (
  name: string,
  open: (origin: string, limits: HttpLimits) => Promise<HttpTransport>,
): void => {
  describe(`${name} keeps the contract of a transport`, () => {
    const servers: Server[] = [];
    const sockets = new Set<Socket>();
    const transports: HttpTransport[] = [];
    afterEach(async () => {
      for (const transport of transports.splice(0)) await transport.close();
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      for (const server of servers.splice(0)) server.close();
    });

    const never = new AbortController().signal;

    /** A transport to a server that does this with each connection once its first bytes have come. */
    const to = async (
      act: (socket: Socket, received: string) => unknown,
      limits: Partial<HttpLimits> = {},
    ): Promise<HttpTransport> => {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("data", (bytes) => act(socket, bytes.toString("latin1")));
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const transport = await open(origin, { ...LIMITS, ...limits });
      transports.push(transport);
      return transport;
    };
    const saying = (text: string, isEnd = false) =>
      to((socket) => {
        socket.write(text, "latin1");
        if (isEnd) socket.end();
      });
    const codeOf = async (transport: HttpTransport, request: ApiRequest = GET): Promise<string> => {
      const sent = await transport.send(request, never);
      return sent.ok ? "ok" : sent.fault.code;
    };

    test("an answer is handed over as it is", async () => {
      const transport = await saying("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\nabc");
      const sent = await transport.send(GET, never);
      expect(sent).toMatchObject({
        ok: true,
        value: {
          status: 200,
          headers: [
            ["x-a", "1"],
            ["x-a", "2"],
            ["content-length", "3"],
          ],
          body: utf8("abc"),
        },
      });
    });

    test.each(["/items/%2e%2e/x", "/a//b/../c", "//evil.example/x", "/q?a=b%20c&a=%27", "/%00?x=/../"])(
      "the target %s is sent byte for byte",
      async (target) => {
        let seen = "";
        const transport = await to((socket, received) => {
          seen = received.split("\r\n")[0] ?? "";
          socket.write("HTTP/1.1 204 No Content\r\n\r\n");
        });
        expect(await codeOf(transport, { ...GET, target })).toBe("ok");
        expect(seen).toBe(`GET ${target} HTTP/1.1`);
      },
    );

    test("headers and body are sent as planned, and only three headers are added", async () => {
      let seen = "";
      const transport = await to((socket, received) => {
        seen += received;
        if (seen.endsWith('{"a":"\xc3\xa9"}')) socket.write("HTTP/1.1 204 No Content\r\n\r\n");
      });
      const request = {
        method: "POST",
        target: "/",
        headers: [
          ["X-Odd-Case", "1"],
          ["content-type", "application/json"],
        ] as const,
        body: '{"a":"é"}',
      };
      expect(await codeOf(transport, request)).toBe("ok");
      const names =
        seen
          .split("\r\n\r\n")[0]
          ?.split("\r\n")
          .slice(1)
          .map((line) => line.split(":")[0]) ?? [];
      expect(new Set(names)).toEqual(
        new Set(["host", "connection", "X-Odd-Case", "content-type", "content-length"]),
      );
    });

    test.each<[string, Partial<ApiRequest>]>([
      ["another origin", { target: "http://evil.example/" }],
      ["a second request in the target", { target: "/ HTTP/1.1\r\nX: y" }],
      ["a second header in a value", { headers: [["a", "b\r\nc: d"]] }],
      ["a second header in a name", { headers: [["a: b\r\nc", "d"]] }],
      ["another host", { headers: [["Host", "evil.example"]] }],
      ["another length", { headers: [["Content-Length", "0"]] }],
      ["chunks", { headers: [["transfer-encoding", "chunked"]] }],
      ["a tunnel", { method: "CONNECT" }],
      ["no method", { method: "G E T" }],
    ])("a request that smuggles %s is not sent", async (_, change) => {
      let isAsked = false;
      const transport = await to(() => void (isAsked = true));
      expect(await codeOf(transport, { ...GET, ...change })).toBe("HTTP_UNSENDABLE");
      expect(isAsked).toBe(false);
    });

    test("a redirect is an answer like any other", async () => {
      const transport = await saying(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
      );
      expect(await transport.send(GET, never)).toMatchObject({ ok: true, value: { status: 302 } });
    });

    const endless = (piece: string) => (socket: Socket) => {
      const write = (): void => {
        if (!socket.destroyed) socket.write(piece, () => setImmediate(write));
      };
      write();
    };

    test.each<[string, string, (socket: Socket) => void]>([
      ["says nothing", "HTTP_TIMEOUT", () => undefined],
      ["stops within the headers", "HTTP_TIMEOUT", (socket) => socket.write("HTTP/1.1 200 OK\r\nA: ")],
      [
        "stops within the body",
        "HTTP_TIMEOUT",
        (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
      ],
      ["hangs up at once", "HTTP_CUT_OFF", (socket) => socket.end()],
      ["breaks the connection", "HTTP_CUT_OFF", (socket) => socket.resetAndDestroy()],
      [
        "promises more than it sends",
        "HTTP_CUT_OFF",
        (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
      ],
      [
        "ends within a chunk",
        "HTTP_CUT_OFF",
        (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"),
      ],
      ["speaks another language", "HTTP_MALFORMED", (socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")],
      [
        "has a length that is none",
        "HTTP_MALFORMED",
        (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
      ],
      [
        "says two lengths",
        "HTTP_CUT_OFF",
        (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
      ],
      [
        "has large headers",
        "HTTP_TOO_LARGE",
        (socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${"x".repeat(9000)}\r\n\r\n`),
      ],
      [
        "has a large body",
        "HTTP_TOO_LARGE",
        (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n${"x".repeat(20_000)}`),
      ],
      [
        "never ends its body",
        "HTTP_TOO_LARGE",
        (socket) => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          endless("x".repeat(500))(socket);
        },
      ],
      [
        "never ends its headers",
        "HTTP_TOO_LARGE",
        (socket) => {
          socket.write("HTTP/1.1 200 OK\r\n");
          endless(`A: ${"x".repeat(200)}\r\n`)(socket);
        },
      ],
    ])("a server that %s is %s", async (_, code, act) => {
      expect(await codeOf(await to(act))).toBe(code);
    });

    const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
    const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHT";

    test.each<[string, string]>([
      ["one", CONTINUE],
      ["several", CONTINUE.repeat(5)],
      ["one with headers", "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"],
      ["one without a reason", "HTTP/1.1 100\r\n\r\n"],
      [
        "one among others",
        `HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n${CONTINUE}HTTP/1.1 102 Processing\r\n\r\n`,
      ],
    ])("an answer behind `100 Continue` that nobody asked for is the answer: %s", async (_, before) => {
      const text = `${before}${ANSWER}`;
      const whole = await to((socket) => socket.write(text));
      const inDrops = await to(async (socket) => {
        for (const sign of text) {
          socket.write(sign);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      for (const transport of [whole, inDrops]) {
        // On the same connection too.
        for (let time = 0; time < 3; time += 1) {
          const sent = await transport.send({ ...GET, method: "POST", body: "{}" }, never);
          expect(sent).toMatchObject({ ok: true, value: { status: 200, body: utf8("HT") } });
        }
      }
    });

    test("a large answer that comes together with `100 Continue` is whole", async () => {
      const body = "x".repeat(9000);
      const transport = await to((socket) =>
        socket.write(`${CONTINUE}HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      );
      expect(await transport.send(GET, never)).toMatchObject({ ok: true, value: { body: utf8(body) } });
    });

    test("what looks like `100 Continue` within an answer is part of it", async () => {
      const transport = await to((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${CONTINUE.length}\r\n\r\n`);
        setTimeout(() => socket.write(CONTINUE), 30);
      });
      expect(await transport.send(GET, never)).toMatchObject({ ok: true, value: { body: utf8(CONTINUE) } });
    });

    test.each([
      ["", CONTINUE],
      ["HTTP/1.1 100 Continue\r\nA: ", "x"],
    ])("`100 Continue` without end behind %j is too slow", async (first, next) => {
      const transport = await to((socket) => {
        socket.write(first);
        const drops = setInterval(() => socket.write(next), 20);
        socket.on("close", () => clearInterval(drops));
      });
      expect(await codeOf(transport)).toBe("HTTP_TIMEOUT");
    });

    test("a body that comes in drops ends with the time for a whole answer", async () => {
      const transport = await to(
        (socket) => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          const drops = setInterval(() => socket.write("x"), 50);
          socket.on("close", () => clearInterval(drops));
        },
        { wholeTimeoutMs: 400 },
      );
      expect(await codeOf(transport)).toBe("HTTP_TIMEOUT");
    });

    test("after a bad answer the next request has an answer of its own", async () => {
      let count = 0;
      const transport = await to((socket) => {
        count += 1;
        if (count === 1) socket.end("garbage\r\n\r\n");
        else socket.write("HTTP/1.1 204 No Content\r\n\r\n");
      });
      expect([await codeOf(transport), await codeOf(transport)]).toEqual(["HTTP_MALFORMED", "ok"]);
    });

    test("where nobody listens nothing is reached", async () => {
      const transport = await open("http://127.0.0.1:1", LIMITS);
      transports.push(transport);
      expect(await codeOf(transport)).toBe("HTTP_UNREACHABLE");
    });

    test("an abort ends it at once and lets go of the connection", async () => {
      const closed = Promise.withResolvers<void>();
      const abort = new AbortController();
      const transport = await to(
        (socket) => {
          socket.on("close", () => closed.resolve());
          abort.abort();
        },
        { headersTimeoutMs: 60_000, wholeTimeoutMs: 60_000 },
      );
      const sending = transport.send(GET, abort.signal);
      await expect(sending).rejects.toMatchObject({ name: "AbortError" });
      await closed.promise;
    });

    test("one that was aborted before sends nothing, and closing twice is fine", async () => {
      const transport = await saying("");
      await expect(transport.send(GET, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
      await transport.close();
      await transport.close();
      expect(await codeOf(transport)).toMatch(/^HTTP_/);
    });
  });
};
