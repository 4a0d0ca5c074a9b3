import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "vitest";

import { hostPlaceBelow } from "#adapters/host-socket/place.ts";
import { recordedPlace, recordPlace } from "#adapters/host-socket/place-record.ts";
import { WORKSPACE } from "#test/ledger/world.ts";

const root = mkdtempSync(join(tmpdir(), "writ-place-record-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const state = (): string => mkdtempSync(join(root, "state-"));
const fileIn = (folder: string): string => join(folder, "hosts", `${WORKSPACE}.json`);
const placeBelow = (outer: string) => {
  const place = hostPlaceBelow(outer, WORKSPACE);
  if (!place.ok) throw new Error(place.fault.message);
  return place.value;
};

describe("the record of where a host listens", () => {
  test("gives the place that was recorded last, and is this user's alone", async () => {
    const folder = state();
    expect(await recordedPlace(folder, WORKSPACE)).toBeNull();
    for (const outer of ["/run/user/1/writ", "/tmp/writ-1"]) {
      expect(await recordPlace(folder, WORKSPACE, placeBelow(outer))).toEqual({ ok: true, value: undefined });
      expect(await recordedPlace(folder, WORKSPACE)).toEqual(placeBelow(outer));
    }
    expect(statSync(fileIn(folder)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "hosts")).mode & 0o777).toBe(0o700);
  });

  test.each([
    ["no JSON", "{"],
    ["of another version", '{"v":2,"folder":"/tmp/writ-1"}'],
    ["relative", '{"v":1,"folder":"writ"}'],
    ["no text", '{"v":1,"folder":7}'],
    ["longer than any socket", JSON.stringify({ v: 1, folder: `/${"x".repeat(200)}` })],
    ["endless", `${JSON.stringify({ v: 1, folder: "/tmp/writ-1" })}${" ".repeat(5_000)}`],
  ])("counts for nothing where it is %s", async (_what, text) => {
    const folder = state();
    mkdirSync(join(folder, "hosts"));
    writeFileSync(fileIn(folder), text, { mode: 0o600 });
    expect(await recordedPlace(folder, WORKSPACE)).toBeNull();
  });

  test("counts for nothing where others can read or write it, or it is a link", async () => {
    const folder = state();
    await recordPlace(folder, WORKSPACE, placeBelow("/tmp/writ-1"));
    chmodSync(fileIn(folder), 0o644);
    expect(await recordedPlace(folder, WORKSPACE)).toBeNull();
    chmodSync(fileIn(folder), 0o600);
    const linked = state();
    mkdirSync(join(linked, "hosts"));
    symlinkSync(fileIn(folder), fileIn(linked));
    expect(await recordedPlace(linked, WORKSPACE)).toBeNull();
    expect(await recordedPlace(folder, WORKSPACE)).not.toBeNull();
  });

  test("says that it cannot be written", async () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    expect(await recordPlace(file, WORKSPACE, placeBelow("/tmp/writ-1"))).toMatchObject({
      ok: false,
      fault: { code: "SOCKET_UNREADABLE" },
    });
  });
});
