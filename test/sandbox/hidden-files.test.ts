import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { Result } from "#kernel/result.ts";
import type { SandboxFault } from "#ports/sandbox.ts";
import { createFileSet, writtenOf } from "#sandbox/file-set.ts";
import type { FileSet } from "#sandbox/file-set.ts";
import { guardedFiles, programFiles, takeOver } from "#sandbox/hidden-files.ts";
import { caseCount } from "#test/kit/cases.ts";

const LIMITS = { fileBytesMax: 60, filesMax: 6 };

const valueOf = <T>(result: Result<T, SandboxFault>): T => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};

const setOf = (files: Readonly<Record<string, string>>): FileSet =>
  valueOf(
    createFileSet(
      Object.entries(files).map(([path, text]) => ({ path, bytes: utf8(text) })),
      LIMITS,
    ),
  );

const textsOf = (files: FileSet): Readonly<Record<string, string>> =>
  Object.fromEntries([...files.all()].map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)]));

const left = (path: string, text: string) => ({ path, bytes: utf8(text) });

describe("what a program is given", () => {
  test("is the files that are not hidden, the names of those that are, and the room that is left", () => {
    const given = programFiles(setOf({ a: "12", "h/b": "345" }), LIMITS, new Set(["h/b", "gone"]));
    expect(given).toEqual({
      files: [left("a", "12")],
      hidden: ["h/b", "gone"],
      limits: { fileBytesMax: 57, filesMax: 5 },
    });
  });
});

describe("a path where a hidden file is", () => {
  const hidden = ["h/deep/x", "y"];
  test.each(["h/deep/x", "y", "h/deep", "h", "y/below", "h/deep/x/far/below"])(
    "%s is not written, and not taken over",
    (path) => {
      const files = guardedFiles(setOf({}), hidden);
      expect(files.write(path, utf8(""))).toMatchObject({
        fault: { code: "SANDBOX_BAD_PATH", message: `\`${path}\` cannot be written here` },
      });
      expect(takeOver(setOf({ "h/deep/x": "1", y: "2" }), [left(path, "")], new Set(hidden))).toMatchObject({
        fault: { code: "SANDBOX_BAD_PATH" },
      });
    },
  );
  test.each(["h/other", "h/deep/y", "hh", "Y", "h.deep", "h/deep/xx", "deep/x", "x", "__proto__"])(
    "is not %s",
    (path) => {
      expect(guardedFiles(setOf({}), hidden).write(path, utf8("")).ok).toBe(true);
      const taken = takeOver(setOf({ "h/deep/x": "1", y: "2" }), [left(path, "")], new Set(hidden));
      expect(taken).toMatchObject({ ok: true, value: { changes: [{ path, kind: "created" }] } });
    },
  );
});

describe("what is taken over", () => {
  test("is told as what it changes; equal bytes change nothing", () => {
    const before = setOf({ same: "1", other: "2" });
    const taken = valueOf(
      takeOver(before, [left("same", "1"), left("other", "3"), left("new", "4")], new Set()),
    );
    expect(taken.changes).toEqual([
      { path: "other", kind: "changed", bytes: utf8("3") },
      { path: "new", kind: "created", bytes: utf8("4") },
    ]);
    expect(textsOf(taken.files)).toEqual({ same: "1", other: "3", new: "4" });
    expect(textsOf(before)).toEqual({ same: "1", other: "2" });
  });

  test("every content of a path that is given twice is told", () => {
    const taken = valueOf(takeOver(setOf({}), [left("a", "first"), left("a", "last")], new Set()));
    expect(taken.changes.map(({ bytes }) => bytes)).toEqual([utf8("first"), utf8("last")]);
    expect(textsOf(taken.files)).toEqual({ a: "last" });
  });
});

test("whatever a program writes to what it was given is taken over, and no hidden file is touched", () => {
  const path = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/a", "d/e", "d");
  const text = fc.string({ maxLength: 24, unit: fc.constantFrom("x", "y") });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(path, text, fc.boolean()), { maxLength: 7 }),
      fc.array(fc.tuple(path, text), { maxLength: 10 }),
      (begun, writes) => {
        const session = setOf({});
        for (const [name, content] of begun) session.write(name, utf8(content));
        const before = textsOf(session);
        const hidden = new Set(begun.filter(([, , isHidden]) => isHidden).map(([name]) => name));

        const given = programFiles(session, LIMITS, hidden);
        const own = valueOf(createFileSet(given.files, given.limits));
        const files = guardedFiles(own, given.hidden);
        for (const [name, content] of writes) files.write(name, utf8(content));
        const taken = valueOf(takeOver(session, writtenOf(own.changes()), hidden));

        const after = textsOf(taken.files);
        for (const name of hidden) expect(after[name]).toBe(before[name]);
        expect(after).toEqual({ ...before, ...textsOf(own) });
      },
    ),
    { numRuns: caseCount(500) },
  );
});

describe("what is removed", () => {
  test("is told, is gone, and counts as a change from the beginning", () => {
    const taken = valueOf(takeOver(setOf({ a: "1", b: "2" }), [], new Set(), ["b"]));
    expect(taken.changes).toEqual([{ path: "b", kind: "removed", bytes: null }]);
    expect(textsOf(taken.files)).toEqual({ a: "1" });
    expect(taken.files.changes()).toEqual([{ path: "b", kind: "removed", bytes: null }]);
  });

  test("makes room for a file in place of its folder", () => {
    const taken = valueOf(takeOver(setOf({ "a/b": "1" }), [left("a", "2")], new Set(), ["a/b"]));
    expect(textsOf(taken.files)).toEqual({ a: "2" });
  });

  test.each(["hidden", "missing", "../up"])("is nothing where it is %s", (path) => {
    const taken = valueOf(takeOver(setOf({ hidden: "1" }), [], new Set(["hidden"]), [path]));
    expect(taken.changes).toEqual([]);
    expect(textsOf(taken.files)).toEqual({ hidden: "1" });
  });
});
