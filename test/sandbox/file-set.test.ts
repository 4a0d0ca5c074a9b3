import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { createFileSet } from "#sandbox/file-set.ts";
import type { FileSet } from "#sandbox/file-set.ts";

const LIMITS = { fileBytesMax: 100, filesMax: 4 };

const setOf = (files: Readonly<Record<string, string>>, limits = LIMITS): FileSet => {
  const made = createFileSet(
    Object.entries(files).map(([path, text]) => ({ path, bytes: utf8(text) })),
    limits,
  );
  if (!made.ok) throw new Error(made.fault.message);
  return made.value;
};

const code = (result: { readonly ok: boolean; readonly fault?: { readonly code: string } }): string =>
  result.ok ? "ok" : (result.fault?.code ?? "");

describe("reading", () => {
  const set = setOf({ "a/b": "text" });
  test("gives the bytes", () => expect(set.read("a/b")).toEqual({ ok: true, value: utf8("text") }));
  test("a file that is not there", () => expect(code(set.read("a/c"))).toBe("SANDBOX_NO_SUCH_FILE"));
  test("a folder", () => expect(code(set.read("a"))).toBe("SANDBOX_NOT_A_FILE"));
  test("a name of the prototype", () => expect(code(set.read("__proto__"))).toBe("SANDBOX_NO_SUCH_FILE"));
  test("no name at all", () => expect(code(set.read("../a"))).toBe("SANDBOX_BAD_PATH"));
});

describe("writing", () => {
  test("a new file makes its folders", () => {
    const set = setOf({});
    expect(code(set.write("x/y/z", utf8("1")))).toBe("ok");
    expect(code(set.read("x/y"))).toBe("SANDBOX_NOT_A_FILE");
  });
  test("over a folder", () => {
    expect(code(setOf({ "a/b": "" }).write("a", utf8("")))).toBe("SANDBOX_NOT_A_FILE");
  });
  test("below a file", () => {
    expect(code(setOf({ a: "" }).write("a/b", utf8("")))).toBe("SANDBOX_NOT_A_FILE");
  });
  test("one file more than the limit", () => {
    const set = setOf({ a: "", b: "", c: "", d: "" });
    expect(code(set.write("e", utf8("")))).toBe("SANDBOX_TOO_LARGE");
    expect(code(set.write("d", utf8("still allowed")))).toBe("ok");
  });
  test("one byte more than the limit, and the file stays as it was", () => {
    const set = setOf({ a: "x".repeat(60), b: "old" });
    expect(code(set.write("b", utf8("x".repeat(41))))).toBe("SANDBOX_TOO_LARGE");
    expect(set.read("b")).toEqual({ ok: true, value: utf8("old") });
    expect(code(set.write("b", utf8("x".repeat(40))))).toBe("ok");
  });
  test("a set cannot begin beyond its limits", () => {
    const made = createFileSet([{ path: "a", bytes: new Uint8Array(101) }], LIMITS);
    expect(code(made)).toBe("SANDBOX_TOO_LARGE");
  });
});

describe("listing", () => {
  const set = setOf({ "b/x": "12", "b-c": "", B: "" });
  const paths = (folder: string): readonly string[] => {
    const listed = set.list(folder);
    return listed.ok ? listed.value.map((file) => file.path) : [listed.fault.code];
  };
  test("all, by code units", () => expect(paths(".")).toEqual(["B", "b-c", "b/x"]));
  test("a folder, not its namesakes", () => expect(paths("b")).toEqual(["b/x"]));
  test("a file", () => expect(paths("B")).toEqual(["B"]));
  test("nothing", () => expect(paths("c")).toEqual(["SANDBOX_NO_SUCH_FILE"]));
  test("an empty set", () => expect(setOf({}).list(".")).toEqual({ ok: true, value: [] }));
  test("with sizes", () =>
    expect(set.list("b")).toEqual({ ok: true, value: [{ path: "b/x", sizeBytes: 2 }] }));
});

describe("a set with other files over it", () => {
  const set = setOf({ a: "x".repeat(60), b: "x".repeat(40) });
  const over = (files: Readonly<Record<string, string>>) =>
    set.with(Object.entries(files).map(([path, text]) => ({ path, bytes: utf8(text) })));

  test("may grow a file where it shrinks another", () => {
    const next = over({ b: "x".repeat(60), a: "" });
    expect(next.ok && next.value.changes().map((change) => change.path)).toEqual(["a", "b"]);
  });
  test("keeps the limits", () => {
    expect(code(over({ a: "", c: "x".repeat(61) }))).toBe("SANDBOX_TOO_LARGE");
  });
  test("keeps the rules for names", () => expect(code(over({ "../c": "" }))).toBe("SANDBOX_BAD_PATH"));
  test("leaves the first set alone", () => expect(set.changes()).toEqual([]));
});

describe("changes", () => {
  test("a set that was only read has none", () => expect(setOf({ a: "1" }).changes()).toEqual([]));

  test("whatever is written, they lead from the first files to the last", () => {
    const path = fc.constantFrom("a", "b", "c/d", "c/e");
    const text = fc.constantFrom("", "1", "2");
    fc.assert(
      fc.property(fc.dictionary(path, text), fc.array(fc.tuple(path, text)), (before, writes) => {
        const set = setOf(before);
        const after = new Map(Object.entries(before));
        for (const [name, content] of writes) {
          if (set.write(name, utf8(content)).ok) after.set(name, content);
        }
        const expected = [...after]
          .filter(([name, content]) => before[name] !== content)
          .map(([name, content]) => ({
            path: name,
            kind: Object.hasOwn(before, name) ? "changed" : "created",
            bytes: utf8(content),
          }))
          .sort((left, right) => (left.path < right.path ? -1 : 1));
        expect(set.changes()).toEqual(expected);
      }),
    );
  });
});
