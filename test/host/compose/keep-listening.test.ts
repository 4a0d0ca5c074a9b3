import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { connectToHost } from "#adapters/host-socket/connect.ts";
import type { HostListener } from "#adapters/host-socket/listen.ts";
import type { HostPlace } from "#adapters/host-socket/place.ts";
import { hostPlaceBelow } from "#adapters/host-socket/place.ts";
import { makeFolders, readToken } from "#adapters/host-socket/private-files.ts";
import { keepListening, LOOK_MS } from "#host/compose/keep-listening.ts";
import type { Wire } from "#ports/wire.ts";
import type { ClockFake } from "#test/kit/clock-fake.ts";
import { createClockFake } from "#test/kit/clock-fake.ts";

const TOKEN = new Uint8Array(32).fill(0xcd);

let root: string;
let place: HostPlace;
let clock: ClockFake;
let listener: HostListener;
let locksTaken: number;
const wires: Wire[] = [];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "writ-keep-"));
  mkdirSync(join(root, "session"), { mode: 0o700 });
  const found = hostPlaceBelow(join(root, "session/writ"), "w");
  if (!found.ok) throw new Error(found.fault.message);
  place = found.value;
  await makeFolders(place);
  clock = createClockFake();
  locksTaken = 0;
  const takeAgain = async (): Promise<void> => void (locksTaken += 1);
  const made = await keepListening({ place, takeAgain }, TOKEN, clock, (wire) => wires.push(wire));
  if (!made.ok) throw new Error(made.fault.message);
  listener = made.value;
});
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.end();
  await listener.close();
  rmSync(root, { recursive: true, force: true });
});

const attempt = async (): Promise<string> => {
  const made = await connectToHost(place);
  if (made.ok) wires.push(made.value);
  return made.ok ? "connected" : made.fault.code;
};

/** Lets the listener look, until it is found in that state: its look ends some turns of the event loop later. */
const looksUntil = async (state: string): Promise<void> => {
  for (let found = ""; found !== state; found = await attempt()) {
    await clock.advance(LOOK_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

test.each([
  ["the folder", () => rmSync(place.folders[1], { recursive: true })],
  ["the outer folder", () => rmSync(place.folders[0], { recursive: true })],
  ["the socket", () => rmSync(place.socket)],
  ["the token", () => rmSync(place.token)],
])("a host is found again where %s was taken away", async (_what, takeAway) => {
  takeAway();
  expect(await attempt()).toBe("SOCKET_NO_HOST");
  await looksUntil("connected");
  expect(readToken(place)).toEqual({ ok: true, value: TOKEN });
  expect(locksTaken).toBe(1);
});

test("a host is found again once the folder of a new session is there", async () => {
  const session = dirname(place.folders[0]);
  renameSync(session, `${session}-over`);
  for (let looks = 0; looks < 3; looks += 1) await clock.advance(LOOK_MS);
  expect(await attempt()).toBe("SOCKET_NO_HOST");
  mkdirSync(session, { mode: 0o700 });
  await looksUntil("connected");
  expect(readToken(place)).toEqual({ ok: true, value: TOKEN });
});

test("a folder that was only away for a while comes back with its host", async () => {
  const session = dirname(place.folders[0]);
  renameSync(session, `${session}-away`);
  for (let looks = 0; looks < 3; looks += 1) await clock.advance(LOOK_MS);
  renameSync(`${session}-away`, session);
  await looksUntil("connected");
  expect(readToken(place)).toEqual({ ok: true, value: TOKEN });
});

test("what somebody else put in the socket's place stays", async () => {
  rmSync(place.socket);
  writeFileSync(place.socket, "");
  for (let looks = 0; looks < 3; looks += 1) await clock.advance(LOOK_MS);
  expect(await attempt()).toBe("SOCKET_EXPOSED");
  expect(locksTaken).toBe(0);
});

test("a place that was closed is not made again", async () => {
  await listener.close();
  for (let looks = 0; looks < 3; looks += 1) await clock.advance(LOOK_MS);
  expect(await attempt()).toBe("SOCKET_NO_HOST");
  expect(clock.sleepers).toBe(0);
});
