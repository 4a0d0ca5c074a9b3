import { describe, expect, test } from "vitest";

import { LISTED_FILES_MAX } from "#tools/file-tools.ts";

import { codeOf, createBench, valueOf } from "./kit.ts";

const FILES = { "a.txt": "first\n", "src/b.ts": "second\n", "src/deep/c.ts": "third\n" };
const signal = new AbortController().signal;

describe("read_file", () => {
  test("gives the text to the model and to bodies", async () => {
    const bench = await createBench({ files: FILES });
    expect(valueOf(await bench.call("read_file", { path: "src/b.ts" }))).toEqual({
      text: "second\n",
      value: "second\n",
      labels: [],
      changes: [],
    });
  });

  test("takes the path as models write it, and shows policies the plain one", async () => {
    const bench = await createBench({ files: FILES });
    const prepared = valueOf(await bench.prepare("read_file", { path: "./src/b.ts" }));
    expect(prepared).toMatchObject({
      arguments: { path: "src/b.ts" },
      resource: { type: "Tool", id: "read_file", attributes: {} },
      preview: null,
    });
  });

  test.each([
    ["not there", "none", "TOOL_NOT_FOUND"],
    ["a folder", "src", "TOOL_ARGUMENTS_INVALID"],
    ["above", "../a.txt", "TOOL_ARGUMENTS_INVALID"],
    ["absolute", "/work/a.txt", "TOOL_ARGUMENTS_INVALID"],
    ["empty", "", "TOOL_ARGUMENTS_INVALID"],
  ])("a path that is %s", async (_, path, code) => {
    expect(codeOf(await (await createBench({ files: FILES })).call("read_file", { path }))).toBe(code);
  });

  test("a file that is no text", async () => {
    const bench = await createBench();
    await bench.session.writeFile("image", Uint8Array.of(0xff, 0xd8), signal);
    const read = await bench.call("read_file", { path: "image" });
    expect(read).toMatchObject({
      fault: { code: "TOOL_UNSUPPORTED", message: "`image` is not UTF-8 text (2 bytes)" },
    });
  });

  test("a file that is larger than a text may be", async () => {
    const bench = await createBench();
    await bench.session.writeFile("large", new Uint8Array(4 * 1024 * 1024 + 1), signal);
    expect(codeOf(await bench.call("read_file", { path: "large" }))).toBe("TOOL_TOO_LARGE");
  });
});

describe("list_files", () => {
  const lists = (
    name: string,
    given: { readonly path?: string | null },
    expected: readonly string[],
  ): void => {
    test(`${name}: ${expected.length} files`, async () => {
      const done = valueOf(await (await createBench({ files: FILES })).call("list_files", given));
      expect(done.value).toEqual(
        expected.map((path) => ({ path, size_bytes: FILES[path as keyof typeof FILES].length })),
      );
      expect(done.text.split("\n")).toHaveLength(expected.length);
    });
  };
  lists("everything without a path", {}, ["a.txt", "src/b.ts", "src/deep/c.ts"]);
  lists("everything for a dot", { path: "." }, ["a.txt", "src/b.ts", "src/deep/c.ts"]);
  lists("everything for null", { path: null }, ["a.txt", "src/b.ts", "src/deep/c.ts"]);
  lists("a folder", { path: "src" }, ["src/b.ts", "src/deep/c.ts"]);
  lists("a folder with a slash behind it", { path: "./src/" }, ["src/b.ts", "src/deep/c.ts"]);

  test("says sizes, and when there is nothing", async () => {
    expect(valueOf(await (await createBench({ files: { a: "12" } })).call("list_files", {})).text).toBe(
      "a (2 bytes)",
    );
    expect(valueOf(await (await createBench()).call("list_files", {})).text).toBe("no files");
  });

  test("a folder that is not there", async () => {
    expect(codeOf(await (await createBench()).call("list_files", { path: "none" }))).toBe("TOOL_NOT_FOUND");
  });

  test("more files than one call lists: the folders are named instead", async () => {
    const many = Object.fromEntries(
      Array.from({ length: LISTED_FILES_MAX + 1 }, (_, index) => [
        `all/${index % 2 === 0 ? "even" : "odd"}/${index}`,
        "",
      ]),
    );
    const bench = await createBench({ files: many });
    expect(await bench.call("list_files", { path: "all" })).toMatchObject({
      fault: {
        code: "TOOL_TOO_LARGE",
        message:
          "there are 5001 files, at most 5000 are listed; list one of: all/even (2501), all/odd (2500)",
      },
    });
    expect(codeOf(await bench.call("list_files", { path: "all/odd" }))).toBe("ok");
  });
});

describe("write_file", () => {
  test("creates and changes files of the run, and leaves the workspace alone", async () => {
    const bench = await createBench({ files: FILES });
    const created = valueOf(await bench.call("write_file", { path: "new/d.txt", content: "é" }));
    expect(created).toMatchObject({
      text: "wrote new/d.txt (2 bytes)",
      value: null,
      changes: [{ path: "new/d.txt", kind: "created", sizeBytes: 2 }],
    });
    const changed = valueOf(await bench.call("write_file", { path: "a.txt", content: "other" }));
    expect(changed).toMatchObject({
      text: "wrote a.txt (5 bytes)",
      changes: [{ path: "a.txt", kind: "changed" }],
    });
    expect(bench.workspace.contents.has("new/d.txt")).toBe(false);
    expect(Buffer.from(bench.workspace.contents.get("a.txt") ?? []).toString()).toBe("first\n");
  });

  test("the same text again is no change, and nothing tells what stood there", async () => {
    const bench = await createBench({ files: FILES });
    const same = valueOf(await bench.call("write_file", { path: "a.txt", content: "first\n" }));
    expect(same).toMatchObject({ text: "wrote a.txt (6 bytes)", changes: [] });
    const other = valueOf(await bench.call("write_file", { path: "a.txt", content: "guess\n" }));
    expect([other.text, other.value]).toEqual([same.text, same.value]);
  });

  test("stores what it wrote, by the digest that its change names", async () => {
    const bench = await createBench();
    const [change] = valueOf(await bench.call("write_file", { path: "a", content: "kept" })).changes;
    expect(bench.artefacts.text(change?.digest ?? null)).toBe("kept");
  });

  test("shows people the difference before it is done", async () => {
    const bench = await createBench({ files: FILES });
    const changed = valueOf(await bench.prepare("write_file", { path: "a.txt", content: "second\n" }));
    expect(changed.preview).toBe("--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n-first\n+second\n");
    const created = valueOf(await bench.prepare("write_file", { path: "n", content: "x\n" }));
    expect(created.preview).toBe("--- /dev/null\n+++ b/n\n@@ -0,0 +1,1 @@\n+x\n");
  });

  test("shows how many bytes of a binary file it would replace", async () => {
    const bench = await createBench();
    await bench.session.writeFile("image", Uint8Array.of(0xff, 0xd8), signal);
    const prepared = valueOf(await bench.prepare("write_file", { path: "image", content: "x" }));
    expect(prepared.preview).toBe("Binary file image: 2 bytes become 1 bytes.\n");
  });

  test.each([
    ["over a folder", { path: "src", content: "" }, "TOOL_ARGUMENTS_INVALID"],
    ["below a file", { path: "a.txt/b", content: "" }, "TOOL_ARGUMENTS_INVALID"],
    ["above", { path: "../x", content: "" }, "TOOL_ARGUMENTS_INVALID"],
    ["without content", { path: "x" }, "TOOL_ARGUMENTS_INVALID"],
    ["too much", { path: "x", content: "x".repeat(4 * 1024 * 1024 + 1) }, "TOOL_ARGUMENTS_INVALID"],
  ])("%s is refused", async (_, given, code) => {
    expect(codeOf(await (await createBench({ files: FILES })).call("write_file", given))).toBe(code);
  });
});
