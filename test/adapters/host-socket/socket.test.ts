import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectToHost } from "#adapters/host-socket/connect.ts";
import type { HostListener } from "#adapters/host-socket/listen.ts";
import { listenForClients } from "#adapters/host-socket/listen.ts";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { hostPlace } from "#adapters/host-socket/place.ts";
import { makeFolders, readToken } from "#adapters/host-socket/private-files.ts";
import { concatBytes, utf8, utf8Text } from "#kernel/bytes.ts";
import type { Wire } from "#ports/wire.ts";
import { WIRE_UNREAD_BYTES_MAX } from "#ports/wire.ts";

const TOKEN = new Uint8Array(32).fill(0xab);

let root: string;
let place: HostPlace;
let listener: HostListener | undefined;
let accepted: Wire[];
const open: Wire[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "writ-sock-"));
  const found = hostPlace("w", {
    platform: "linux",
    uid: process.getuid?.(),
    variables: { XDG_RUNTIME_DIR: root },
  });
  if (!found.ok) throw new Error(found.fault.message);
  place = found.value;
  accepted = [];
  await makeFolders(place);
});
afterEach(async () => {
  for (const wire of [...open.splice(0), ...accepted]) wire.end();
  await listener?.close();
  listener = undefined;
  rmSync(root, { recursive: true, force: true });
});

const listen = async (): Promise<string> => {
  const made = await listenForClients(place, TOKEN, (wire) => accepted.push(wire));
  if (!made.ok) return made.fault.code;
  listener = made.value;
  return "listening";
};

const connect = async (): Promise<Wire> => {
  const made = await connectToHost(place);
  if (!made.ok) throw new Error(made.fault.message);
  open.push(made.value);
  return made.value;
};

const refusal = async (): Promise<string> => {
  const made = await connectToHost(place);
  if (made.ok) open.push(made.value);
  return made.ok ? "connected" : made.fault.code;
};

const mode = (path: string): number => lstatSync(path).mode & 0o777;

const soon = (): Promise<undefined> =>
  new Promise((resolve) => {
    setImmediate(resolve, undefined);
  });

test("a socket that is being made is never wider than it will be", async () => {
  for (let round = 0; round < 30; round += 1) {
    const seen = new Set<number>();
    const listening = listen();
    let how: string | undefined;
    do {
      if (existsSync(place.socket)) seen.add(mode(place.socket));
      how = await Promise.race([listening, soon()]);
    } while (how === undefined);
    seen.add(mode(place.socket));
    expect([how, [...seen]]).toEqual(["listening", [0o600]]);
    await listener?.close();
  }
});

describe("the meeting place", () => {
  test("is one user's alone, and so is everything in it", async () => {
    expect(await listen()).toBe("listening");
    expect(place.folders.map(mode)).toEqual([0o700, 0o700]);
    expect([place.token, place.socket].map(mode)).toEqual([0o600, 0o600]);
    expect(readFileSync(place.token, "utf8")).toBe(`${"ab".repeat(32)}\n`);
    expect(readToken(place)).toEqual({ ok: true, value: TOKEN });
    expect(await refusal()).toBe("connected");
  });

  test.each([
    ["the outer folder", (): string => place.folders[0], 0o750],
    ["the folder", (): string => place.folders[1], 0o701],
    ["the token", (): string => place.token, 0o640],
    ["the socket", (): string => place.socket, 0o666],
  ])("is not trusted by a client where %s has another mode", async (_what, path, wider) => {
    await listen();
    chmodSync(path(), wider);
    expect(await refusal()).toBe("SOCKET_EXPOSED");
  });

  test.each([
    ["the folder", (): string => place.folders[1]],
    ["the token", (): string => place.token],
    ["the socket", (): string => place.socket],
  ])("is not trusted by a client where %s is a link", async (_what, path) => {
    await listen();
    renameSync(path(), join(root, "elsewhere"));
    symlinkSync(join(root, "elsewhere"), path());
    expect(await refusal()).toBe("SOCKET_EXPOSED");
  });

  test("is not made where others could write", async () => {
    chmodSync(place.folders[0], 0o777);
    expect(await makeFolders(place)).toMatchObject({
      fault: { code: "SOCKET_EXPOSED", help: expect.stringContaining("set XDG_RUNTIME_DIR") },
    });
    expect(await listen()).toBe("SOCKET_EXPOSED");
    chmodSync(place.folders[0], 0o700);
  });

  test("is made again where it is already", async () => {
    expect(await makeFolders(place)).toEqual({ ok: true, value: undefined });
  });

  test.each([
    ["too short", "ab\n"],
    ["too long", `${"ab".repeat(33)}\n`],
    ["in upper case", `${"AB".repeat(32)}\n`],
    ["without its line feed", "ab".repeat(32)],
  ])("has no token in a file that is %s", async (_what, text) => {
    await listen();
    writeFileSync(place.token, text, { mode: 0o600 });
    expect(readToken(place)).toMatchObject({ fault: { code: "SOCKET_UNREADABLE" } });
  });
});

describe("nobody there", () => {
  test("is said of a place that nobody made", async () => {
    rmSync(place.folders[0], { recursive: true });
    expect(await refusal()).toBe("SOCKET_NO_HOST");
  });

  test("is said of an empty place", async () => {
    expect(await refusal()).toBe("SOCKET_NO_HOST");
  });

  test("is said of a stale socket, which the next host replaces", async () => {
    await listen();
    // What kill -9 leaves: a socket at which nobody listens.
    renameSync(place.socket, `${place.socket}.kept`);
    await listener?.close();
    renameSync(`${place.socket}.kept`, place.socket);
    writeFileSync(place.token, `${"cd".repeat(32)}\n`, { mode: 0o600 });
    expect(await refusal()).toBe("SOCKET_NO_HOST");
    expect(await listen()).toBe("listening");
    expect(await refusal()).toBe("connected");
    expect(readToken(place)).toEqual({ ok: true, value: TOKEN });
  });

  test("something else than a socket is left alone", async () => {
    mkdirSync(place.socket);
    expect(await listen()).toBe("SOCKET_UNREADABLE");
    expect(existsSync(place.socket)).toBe(true);
  });

  test("is said after a host ended, and what it left is gone", async () => {
    await listen();
    await listener?.close();
    expect(await refusal()).toBe("SOCKET_NO_HOST");
    expect([place.socket, place.token].map((path) => existsSync(path))).toEqual([false, false]);
  });
});

/** Everything that comes until the other side ends. */
const heard = (wire: Wire): Promise<Uint8Array> =>
  new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    wire.listen({ onBytes: (chunk) => chunks.push(chunk), onClosed: () => resolve(concatBytes(...chunks)) });
  });

const until = async <T>(look: () => T | undefined): Promise<T> => {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
};

describe("a wire", () => {
  test("carries bytes both ways, whole and in order, also those that came before anybody listened", async () => {
    await listen();
    const client = await connect();
    client.send(utf8("hello "));
    client.send(utf8("host"));
    const server = await until(() => accepted[0]);
    let atHost = "";
    server.listen({ onBytes: (chunk) => (atHost += utf8Text(chunk)), onClosed: () => undefined });
    expect(await until(() => (atHost.length < 10 ? undefined : atHost))).toBe("hello host");
    server.send(utf8("hello client"));
    server.end();
    expect(utf8Text(await heard(client))).toBe("hello client");
  });

  test("sends what was said before its end, and nothing after", async () => {
    await listen();
    const client = await connect();
    const server = await until(() => accepted[0]);
    server.send(new Uint8Array(1_000_000).fill(1));
    server.end();
    server.end();
    server.send(utf8("late"));
    expect((await heard(client)).length).toBe(1_000_000);
  });

  test("ends when its reader leaves too much unread", async () => {
    await listen();
    const client = await connect();
    const server = await until(() => accepted[0]);
    const chunk = new Uint8Array(1024 * 1024);
    let isClosed = false;
    server.listen({ onBytes: () => undefined, onClosed: () => (isClosed = true) });
    // The client listens to nothing, so all of it stays with us but what the system takes.
    for (let sent = 0; sent <= WIRE_UNREAD_BYTES_MAX * 2; sent += chunk.length) server.send(chunk);
    expect(await until(() => (isClosed ? "closed" : undefined))).toBe("closed");
    client.end();
  });

  test("tells who listens late that it is closed already", async () => {
    await listen();
    const client = await connect();
    const server = await until(() => accepted[0]);
    server.end();
    await heard(server);
    expect(await heard(client)).toHaveLength(0);
  });

  test("to something that ends at once is closed, not an error", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(place.socket, resolve));
    chmodSync(place.socket, 0o600);
    writeFileSync(place.token, `${"cd".repeat(32)}\n`, { mode: 0o600 });
    const client = await connect();
    expect(await heard(client)).toHaveLength(0);
    server.close();
  });
});
