import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, onTestFinished, test } from "vitest";

import { hostPlaceBelow } from "#adapters/host-socket/place.ts";
import { makeFolders } from "#adapters/host-socket/private-files.ts";
import { HostLocks } from "#host/compose/host-locks.ts";
import { mountSmallDisk } from "#test/kit/small-disk.ts";
import { WORKSPACE } from "#test/ledger/world.ts";

const root = mkdtempSync(join(tmpdir(), "writ-locks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const signal = new AbortController().signal;

const locksWith = async (stateDirectory: string): Promise<HostLocks> => {
  const place = hostPlaceBelow(mkdtempSync(join(root, "p-")), WORKSPACE);
  if (!place.ok) throw new Error(place.fault.message);
  await makeFolders(place.value);
  const locks = new HostLocks(place.value, { stateDirectory, workspace: { id: WORKSPACE } });
  onTestFinished(() => locks.release());
  return locks;
};

const state = (): string => mkdtempSync(join(root, "state-"));
const lockIn = (folder: string): string => join(folder, "hosts", `${WORKSPACE}.lock`);

test("the locks of a host are free again once it lets go of them", async () => {
  const folder = state();
  const first = await locksWith(folder);
  expect(await first.take(signal)).toEqual({ ok: true, value: "taken" });
  first.release();
  expect(await (await locksWith(folder)).take(signal)).toEqual({ ok: true, value: "taken" });
});

test.each([
  ["a folder", (path: string) => mkdirSync(path)],
  ["a file of something else", (path: string) => writeFileSync(path, "no lock".repeat(1_000))],
])("%s in a lock's place is refused, with what to do", async (_what, put) => {
  const folder = state();
  mkdirSync(join(folder, "hosts"));
  put(lockIn(folder));
  expect(await (await locksWith(folder)).take(signal)).toMatchObject({
    fault: {
      code: "HOST_LOCK_REFUSED",
      message: `\`${lockIn(folder)}\` cannot be locked (NOT_A_LOCK)`,
      help: "it is no lock of writ: see who put it there, and remove it",
    },
  });
});

const disk = mountSmallDisk(64);
afterAll(() => disk?.dispose());

test.skipIf(disk === undefined)("a disk without room is said to be that", async () => {
  const folder = disk?.folder ?? "";
  mkdirSync(join(folder, "hosts"));
  disk?.fill();
  expect(await (await locksWith(folder)).take(signal)).toMatchObject({
    fault: { code: "HOST_LOCK_REFUSED", message: expect.stringContaining("disk is full") },
  });
});
