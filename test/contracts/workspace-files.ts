import { createHash } from "node:crypto";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { Sha256 } from "#kernel/digest.ts";
import type { Result } from "#kernel/result.ts";
import type { WorkspaceFault, WorkspaceFiles } from "#ports/workspace-files.ts";
import { anyCallId } from "#test/kit/call-ids.ts";

/** A workspace and the hands of the user who works in it. */
export interface WorkspaceSubject {
  readonly workspace: WorkspaceFiles;
  read(path: string): Uint8Array | undefined;
  write(path: string, text: string): void;
  /** What is there beside the files, such as temporary ones. */
  leftBehind(): readonly string[];
  remove(): void;
}

const never = (): AbortSignal => new AbortController().signal;

const sha256 = (text: string): Sha256 => createHash("sha256").update(text).digest("hex") as Sha256;

const codeOf = (result: Result<unknown, WorkspaceFault>): string => (result.ok ? "ok" : result.fault.code);

/** What every workspace must do, wherever its files are. */
export const workspaceContract = (
  name: string,
  create: (files: Readonly<Record<string, string>>) => WorkspaceSubject,
): void => {
  describe(`${name} keeps the workspace contract`, () => {
    let subject: WorkspaceSubject;
    let workspace: WorkspaceFiles;
    beforeEach(() => {
      subject = create({ "b.txt": "second", "a/x.txt": "first" });
      ({ workspace } = subject);
    });
    afterEach(() => {
      expect(subject.leftBehind()).toEqual([]);
      subject.remove();
    });

    const text = (path: string): string | undefined => {
      const bytes = subject.read(path);
      return bytes && Buffer.from(bytes).toString();
    };

    test("a snapshot has every file, sorted", async () => {
      expect(await workspace.snapshot(never())).toEqual({
        ok: true,
        value: {
          files: [
            { path: "a/x.txt", bytes: utf8("first"), executable: false },
            { path: "b.txt", bytes: utf8("second"), executable: false },
          ],
          leftOut: [],
        },
      });
    });

    test("a cancelled snapshot is an AbortError", async () => {
      await expect(workspace.snapshot(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
    });

    test("a digest is that of the bytes as they are now, or null", async () => {
      expect(await workspace.digest("b.txt")).toEqual({ ok: true, value: sha256("second") });
      subject.write("b.txt", "changed");
      expect(await workspace.digest("b.txt")).toEqual({ ok: true, value: sha256("changed") });
      expect(await workspace.digest("none/at/all")).toEqual({ ok: true, value: null });
    });

    test("a file is replaced while it is what it was", async () => {
      expect(codeOf(await workspace.publish("b.txt", utf8("new"), sha256("second"), anyCallId()))).toBe("ok");
      expect(text("b.txt")).toBe("new");
      expect(codeOf(await workspace.publish("b.txt", utf8("newer"), sha256("new"), anyCallId()))).toBe("ok");
      expect(text("b.txt")).toBe("newer");
    });

    test("a file is made where there is none, with its folders", async () => {
      expect(codeOf(await workspace.publish("new/folder/c.txt", utf8("c"), null, anyCallId()))).toBe("ok");
      expect(text("new/folder/c.txt")).toBe("c");
    });

    test("any bytes are published, and none", async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      expect(codeOf(await workspace.publish("bytes", bytes, null, anyCallId()))).toBe("ok");
      expect(codeOf(await workspace.publish("empty", new Uint8Array(), null, anyCallId()))).toBe("ok");
      expect([...(subject.read("bytes") ?? [])]).toEqual([...bytes]);
      expect(subject.read("empty")).toHaveLength(0);
    });

    test("after a publish that ended there is nothing left to remove, and the file stays", async () => {
      const call = anyCallId();
      expect(codeOf(await workspace.publish("a/x.txt", utf8("new"), sha256("first"), call))).toBe("ok");
      for (const path of ["a/x.txt", "never/there"]) {
        expect(codeOf(await workspace.removeLeft(path, call))).toBe("ok");
      }
      expect(text("a/x.txt")).toBe("new");
    });

    test.each(["", "/tmp/outside", "../outside", "b.txt\0", "b.txt/c"])(
      "nothing is removed for %j, which is no path of a file",
      async (path) => {
        expect(codeOf(await workspace.removeLeft(path, anyCallId()))).toBe("WORKSPACE_BAD_PATH");
      },
    );

    test("what was changed meanwhile stays", async () => {
      subject.write("b.txt", "by hand");
      expect(codeOf(await workspace.publish("b.txt", utf8("new"), sha256("second"), anyCallId()))).toBe(
        "WORKSPACE_CHANGED",
      );
      expect(text("b.txt")).toBe("by hand");
    });

    test("what came into being meanwhile stays", async () => {
      expect(codeOf(await workspace.publish("b.txt", utf8("new"), null, anyCallId()))).toBe(
        "WORKSPACE_CHANGED",
      );
      expect(text("b.txt")).toBe("second");
    });

    test("what was removed meanwhile is not brought back", async () => {
      const result = await workspace.publish("gone.txt", utf8("new"), sha256("old"), anyCallId());
      expect(codeOf(result)).toBe("WORKSPACE_CHANGED");
      expect(subject.read("gone.txt")).toBeUndefined();
    });

    test.each([
      ["empty", ""],
      ["absolute", "/tmp/outside"],
      ["above", "../outside"],
      ["above in the middle", "a/../../outside"],
      ["NUL", "b.txt\0"],
      ["line feed", "a\nb"],
      ["backslash", "a\\x.txt"],
      ["decomposed", "e\u0301"],
      ["too long", "x".repeat(1025)],
      ["a folder", "a"],
      ["below a file", "b.txt/c"],
    ])("a path that is %s is refused", async (_, path) => {
      expect(codeOf(await workspace.publish(path, utf8("x"), null, anyCallId()))).toBe("WORKSPACE_BAD_PATH");
      expect(codeOf(await workspace.digest(path))).toBe("WORKSPACE_BAD_PATH");
    });
  });
};
