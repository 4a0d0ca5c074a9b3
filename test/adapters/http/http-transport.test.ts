import { describe, expect, test } from "vitest";

import { isPublicAddress } from "#adapters/http/addresses.ts";
import { openHttpTransport } from "#adapters/http/open-transport.ts";
import { UndiciTransport } from "#adapters/http/undici-transport.ts";
import { HTTP_LIMITS_DEFAULT } from "#ports/http-transport.ts";
import { httpTransportContract } from "#test/contracts/http-transport.ts";
import { createServer } from "node:http";
import { createServer as createNetServer } from "node:net";
import type { AddressInfo } from "node:net";

httpTransportContract("undici", async (origin, limits) => {
  const opened = await openHttpTransport(origin, limits);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
});

describe("an origin is scheme, host and port", () => {
  test.each([
    "127.0.0.1:80",
    "ftp://127.0.0.1",
    "http://127.0.0.1/path",
    "http://127.0.0.1?x",
    "http://user@127.0.0.1",
    "http://127.0.0.1#x",
    "file:///etc/passwd",
    "http://",
    "",
  ])("%j is none", async (origin) => {
    expect(await openHttpTransport(origin)).toMatchObject({ fault: { code: "HTTP_ORIGIN_REFUSED" } });
  });

  test.each([
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
    ["HTTP://LOCALHOST:80", "http://localhost"],
    ["http://[::1]:8080", "http://[::1]:8080"],
  ])("%s is %s", async (text, origin) => {
    const opened = await openHttpTransport(text);
    expect(opened.ok && opened.value.origin).toBe(origin);
    if (opened.ok) await opened.value.close();
  });

  test("a name that cannot be resolved is not reached", async () => {
    expect(await openHttpTransport("http://name.invalid")).toMatchObject({
      fault: { code: "HTTP_UNREACHABLE" },
    });
  });
});

describe("what is broken of an answer is named", () => {
  test.each([
    ["SSH-2.0-OpenSSH_9.2\r\n", "expected HTTP/, RTSP/ or ICE/"],
    ["HTTP/1.1 abc OK\r\n\r\n", "invalid status code"],
    ["HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "invalid header token"],
    ["HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "invalid character in Content-Length"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid character in chunk size"],
    ["HTTP/1.1 000 X\r\n\r\n", "not HTTP/1.1"],
    ["HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "another protocol (101)"],
  ])("%j", async (text, reason) => {
    const server = createNetServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", () => socket.end(text));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const opened = await openHttpTransport(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    if (!opened.ok) throw new Error(opened.fault.message);
    const request = { method: "GET", target: "/", headers: [], body: null };
    const sent = await opened.value.send(request, new AbortController().signal);
    await opened.value.close();
    server.close();
    expect(sent).toMatchObject({ ok: false, fault: { code: "HTTP_MALFORMED" } });
    const message = sent.ok ? "" : sent.fault.message;
    expect(message).toContain(reason);
    expect(message).not.toMatch(/unknown|UND_ERR|ERR_/);
  });
});

describe("which addresses are of the public internet", () => {
  test.each(["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1"])("%s is", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
  ])("%s is not", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

test("a name goes to the address that was found for it, whatever it would resolve to now", async () => {
  const hosts: string[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host ?? "");
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const pinned = { address: "127.0.0.1", family: 4 };
  const transport = new UndiciTransport(`http://name.invalid:${port}`, pinned, HTTP_LIMITS_DEFAULT);
  const sent = await transport.send(
    { method: "GET", target: "/", headers: [], body: null },
    new AbortController().signal,
  );
  expect([sent.ok, hosts]).toEqual([true, [`name.invalid:${port}`]]);
  await transport.close();
  server.close();
});
