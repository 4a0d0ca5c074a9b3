import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { makeFolders } from "#kernel/make-folders.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "writ-folders-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const make = (path: string): Promise<boolean> => makeFolders(path, 0o700, { mkdir, stat, dirname });

test("one folder after the other is made, each of this mode", async () => {
  expect(await make(join(root, "a/b/c"))).toBe(true);
  for (const path of ["a", "a/b", "a/b/c"]) expect(statSync(join(root, path)).mode & 0o777).toBe(0o700);
});

test("what is there is left as it is, a link to a folder too", async () => {
  mkdirSync(join(root, "a"), { mode: 0o755 });
  symlinkSync(join(root, "a"), join(root, "link"));
  expect(await make(join(root, "a"))).toBe(false);
  expect(await make(join(root, "link"))).toBe(false);
  expect(await make(join(root, "link/b"))).toBe(true);
  expect(existsSync(join(root, "a/b"))).toBe(true);
  expect(statSync(join(root, "a")).mode & 0o777).toBe(0o755);
});

test("several at the same moment agree", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => make(join(root, "a/b/c"))));
  expect(made.filter(Boolean)).toHaveLength(1);
});

test.each([
  ["a file", "file", "EEXIST"],
  ["a folder below a file", "file/below", "ENOTDIR"],
  ["a link that leads nowhere", "nowhere", "EEXIST"],
  ["a folder below such a link", "nowhere/below", "EEXIST"],
  ["a name that is too long", "x".repeat(300), "ENAMETOOLONG"],
])("%s is not taken for a folder", async (_, path, code) => {
  writeFileSync(join(root, "file"), "mine");
  symlinkSync(join(root, "gone"), join(root, "nowhere"));
  await expect(make(join(root, path))).rejects.toMatchObject({ code });
});

test.runIf(process.platform === "linux")("a place where nothing can be made ends at once", async () => {
  // Node's own recursive `mkdir` goes round for ever here, and no signal is heard meanwhile.
  await expect(make("/proc/x/y")).rejects.toMatchObject({ code: "ENOENT" });
});
