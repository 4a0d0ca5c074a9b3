import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { readSourceFile, SOURCE_BYTES_MAX } from "#host/source-file.ts";
import { findWorkspace, workspacePath } from "#host/workspace.ts";

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "writ-host-")));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const file = (path: string, text = "x"): string => {
  const whole = join(root, path);
  mkdirSync(join(whole, ".."), { recursive: true });
  writeFileSync(whole, text);
  return whole;
};

describe("the workspace of a file", () => {
  test.each([
    ["its own folder when nothing is marked", "a/b/agent.symbi", [], "a/b"],
    ["the nearest ancestor with writ.toml", "a/b/agent.symbi", ["a/writ.toml"], "a"],
    [
      "the nearest ancestor with policies/",
      "a/b/c/agent.symbi",
      ["a/b/policies/p.cedar", "a/writ.toml"],
      "a/b",
    ],
    ["the nearest ancestor with .git", "a/b/agent.symbi", [".git/HEAD"], ""],
  ])("is %s", async (_, agent, others, expected) => {
    const path = file(agent);
    for (const other of others) file(other);
    expect(await findWorkspace(path, null)).toEqual({ ok: true, value: join(root, expected) });
  });

  test("is the one whose policies are a link that leads nowhere: they are missing, not none", async () => {
    const path = file("a/b/agent.symbi");
    symlinkSync(join(root, "gone"), join(root, "a/policies"));
    expect(await findWorkspace(path, null)).toEqual({ ok: true, value: join(root, "a") });
  });

  test("is the chosen one, without links", async () => {
    const path = file("a/agent.symbi");
    symlinkSync(join(root, "a"), join(root, "link"));
    expect(await findWorkspace(path, join(root, "link"))).toEqual({ ok: true, value: join(root, "a") });
  });

  test("that does not exist is a fault with a remedy", async () => {
    expect(await findWorkspace(file("agent.symbi"), join(root, "none"))).toMatchObject({
      ok: false,
      fault: { code: "HOST_NO_WORKSPACE" },
    });
  });

  test.each([
    ["a/agent.symbi", "", "a/agent.symbi"],
    ["a/agent.symbi", "a", "agent.symbi"],
    ["a/agent.symbi", "b", null],
    ["a/e\u0301.symbi", "a", "\u00e9.symbi"],
    ["..a/agent.symbi", "", "..a/agent.symbi"],
  ])("%s seen from %j is %j", async (path, from, expected) => {
    mkdirSync(join(root, from), { recursive: true });
    expect(await workspacePath(join(root, from), file(path))).toBe(expected);
  });

  test("a link out of the workspace lies outside", async () => {
    const outside = file("outside/agent.symbi");
    mkdirSync(join(root, "w"));
    symlinkSync(outside, join(root, "w/agent.symbi"));
    expect(await workspacePath(join(root, "w"), join(root, "w/agent.symbi"))).toBeNull();
  });
});

describe("a file that a user named", () => {
  test("is read whole", async () => {
    expect(await readSourceFile(file("a.symbi", "agent a {}"))).toEqual({
      ok: true,
      value: new TextEncoder().encode("agent a {}"),
    });
  });

  test("may be empty", async () => {
    expect(await readSourceFile(file("a.symbi", ""))).toEqual({ ok: true, value: new Uint8Array() });
  });

  test.each([
    ["none", "HOST_NO_SUCH_FILE"],
    ["a.symbi/below", "HOST_NO_SUCH_FILE"],
    [".", "HOST_NOT_A_FILE"],
    ["x".repeat(300), "HOST_FILE_UNREADABLE"],
  ])("%s: %s", async (path, code) => {
    file("a.symbi");
    expect(await readSourceFile(join(root, path))).toMatchObject({ ok: false, fault: { code } });
  });

  test("that is a device is not read", async () => {
    expect(await readSourceFile("/dev/zero")).toMatchObject({
      ok: false,
      fault: { code: "HOST_NOT_A_FILE" },
    });
  });

  test("that is too large is refused before it is read", async () => {
    const path = file("big.symbi");
    truncateSync(path, SOURCE_BYTES_MAX + 1);
    expect(await readSourceFile(path)).toMatchObject({ ok: false, fault: { code: "HOST_FILE_TOO_LARGE" } });
  });
});
