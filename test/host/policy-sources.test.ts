import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { gatherPolicySources } from "#host/policy-sources.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-policies-"));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const write = (path: string, text: string | Uint8Array): string => {
  const whole = join(folder, path);
  mkdirSync(join(whole, ".."), { recursive: true });
  writeFileSync(whole, text);
  return whole;
};

const gather = () => gatherPolicySources([{ layer: "workspace", folder, shownAs: "policies" }]);

test("every .cedar file below the folder is read, sorted, also in folders with other names", async () => {
  write("b.cedar", "b");
  write("run/a.cedar", "a");
  write("A.CEDAR", "A");
  write("notes.md", "not a policy");
  expect(await gather()).toEqual({
    ok: true,
    value: [
      { layer: "workspace", file: "policies/A.CEDAR", kind: "cedar", text: "A" },
      { layer: "workspace", file: "policies/b.cedar", kind: "cedar", text: "b" },
      { layer: "workspace", file: "policies/run/a.cedar", kind: "cedar", text: "a" },
    ],
  });
});

test("no folder is no policy", async () => {
  rmSync(folder, { recursive: true });
  expect(await gather()).toEqual({ ok: true, value: [] });
  mkdirSync(folder);
});

test("a link in place of the folder is followed, and one that leads nowhere stops everything", async () => {
  const shownAs = "policies";
  const linked = join(folder, "linked");
  write("real/a.cedar", "a");
  symlinkSync(join(folder, "real"), linked);
  const layer = "workspace";
  expect(await gatherPolicySources([{ layer, folder: linked, shownAs }])).toMatchObject({
    ok: true,
    value: [{ text: "a" }],
  });
  rmSync(join(folder, "real"), { recursive: true });
  expect(await gatherPolicySources([{ layer, folder: linked, shownAs }])).toMatchObject({
    ok: false,
    fault: { code: "HOST_POLICY_UNREADABLE" },
  });
});

test("a link to a file that is no policy is passed over", async () => {
  write("notes.md", "not a policy");
  symlinkSync(join(folder, "notes.md"), join(folder, "more.md"));
  expect(await gather()).toEqual({ ok: true, value: [] });
});

test("a link to a policy is read where it leads", async () => {
  const outside = mkdtempSync(join(tmpdir(), "writ-outside-"));
  writeFileSync(join(outside, "x"), "linked");
  symlinkSync(join(outside, "x"), join(folder, "linked.cedar"));
  expect(await gather()).toMatchObject({ ok: true, value: [{ text: "linked" }] });
  rmSync(outside, { recursive: true });
});

test.each([
  [
    "is a dangling link",
    () => symlinkSync(join(folder, "gone"), join(folder, "x.cedar")),
    "HOST_POLICY_UNREADABLE",
  ],
  ["is a link to a folder", () => symlinkSync(folder, join(folder, "x.cedar")), "HOST_POLICY_UNREADABLE"],
  [
    "stands below a link to a folder",
    () => symlinkSync(folder, join(folder, "shared")),
    "HOST_POLICY_UNREADABLE",
  ],
  [
    "stands below a dangling link",
    () => symlinkSync(join(folder, "gone"), join(folder, "shared")),
    "HOST_POLICY_UNREADABLE",
  ],
  ["is not text", () => write("x.cedar", Uint8Array.of(0xff, 0xfe)), "HOST_POLICY_UNREADABLE"],
  ["is too large", () => truncateSync(write("x.cedar", "x"), 1024 * 1024 + 1), "HOST_POLICY_TOO_LARGE"],
  ["lies too deep", () => write(`${"d/".repeat(9)}x.cedar`, "x"), "HOST_POLICY_UNREADABLE"],
  [
    "is one of too many",
    () => Array.from({ length: 257 }, (_, index) => write(`${index}.cedar`, "x")),
    "HOST_POLICY_TOO_LARGE",
  ],
])("a policy file that %s stops everything", async (_, make, code) => {
  make();
  expect(await gather()).toMatchObject({ ok: false, fault: { code } });
});
