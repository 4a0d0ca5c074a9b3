import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import { fault } from "#kernel/result.ts";
import type { WorkspaceFault } from "#ports/workspace-files.ts";
import { verifies } from "#test/kit/verifies.ts";

import { codeOf, createBench, sha256, valueOf } from "./kit.ts";
import type { Bench } from "./kit.ts";

const changedRun = async (): Promise<Bench> => {
  const bench = await createBench({ files: { "a.txt": "old\n", "b.txt": "same\n" } });
  valueOf(await bench.call("write_file", { path: "a.txt", content: "new\n" }));
  valueOf(await bench.call("write_file", { path: "dir/ä b.txt", content: "created\n" }));
  return bench;
};
const inWorkspace = (bench: Bench, path: string): string | undefined => {
  const bytes = bench.workspace.contents.get(path);
  return bytes && Buffer.from(bytes).toString();
};
const publish = (bench: Bench, path: string) => bench.call("publish_file", { path });

describe("publish_file", () => {
  verifies("sandbox.beyond.reviewed-publish");

  test("asks about the file in the workspace, with what would change", async () => {
    const bench = await changedRun();
    expect(valueOf(await bench.prepare("publish_file", { path: "./a.txt" }))).toEqual({
      tool: "publish_file",
      arguments: { path: "a.txt" },
      resource: { type: "File", id: "a.txt", attributes: { change: "changed", size_bytes: 4, labels: [] } },
      labels: [],
      preview: "--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n-old\n+new\n",
      details: { content: sha256("new\n"), base: sha256("old\n") },
    });
    expect(valueOf(await bench.prepare("publish_file", { path: "dir/ä b.txt" }))).toMatchObject({
      resource: { id: "dir/%C3%A4%20b.txt", attributes: { change: "created", size_bytes: 8 } },
      preview: "--- /dev/null\n+++ b/dir/ä b.txt\n@@ -0,0 +1,1 @@\n+created\n",
      details: { base: null },
    });
    expect(inWorkspace(bench, "a.txt")).toBe("old\n");
  });

  test("puts the file in place", async () => {
    const bench = await changedRun();
    const done = valueOf(await publish(bench, "a.txt"));
    expect(done).toMatchObject({
      text: "published a.txt (4 bytes)",
      changes: [{ path: "a.txt", kind: "changed", sizeBytes: 4 }],
    });
    expect(bench.artefacts.text(done.changes[0]?.digest ?? null)).toBe("new\n");
    expect(valueOf(await publish(bench, "dir/ä b.txt")).changes).toMatchObject([{ kind: "created" }]);
    expect([inWorkspace(bench, "a.txt"), inWorkspace(bench, "dir/ä b.txt")]).toEqual(["new\n", "created\n"]);
  });

  test("again publishes what was changed since", async () => {
    const bench = await changedRun();
    valueOf(await publish(bench, "a.txt"));
    expect(codeOf(await publish(bench, "a.txt"))).toBe("TOOL_NOT_FOUND");
    valueOf(await bench.call("write_file", { path: "a.txt", content: "newer\n" }));
    expect(valueOf(await bench.prepare("publish_file", { path: "a.txt" })).preview).toContain(
      "-new\n+newer\n",
    );
    valueOf(await publish(bench, "a.txt"));
    expect(inWorkspace(bench, "a.txt")).toBe("newer\n");
  });

  test.each([
    ["was not changed", "b.txt", "TOOL_NOT_FOUND"],
    ["is not there", "none", "TOOL_NOT_FOUND"],
    ["is a folder", "dir", "TOOL_ARGUMENTS_INVALID"],
    ["is above", "../a.txt", "TOOL_ARGUMENTS_INVALID"],
    ["has no name", "", "TOOL_ARGUMENTS_INVALID"],
  ])("refuses a file that %s", async (_, path, code) => {
    expect(codeOf(await publish(await changedRun(), path))).toBe(code);
  });

  test("refuses where the workspace has changed before it was proposed", async () => {
    const bench = await changedRun();
    bench.workspace.contents.set("a.txt", utf8("by hand"));
    bench.workspace.contents.set("dir/ä b.txt", utf8("by hand"));
    const conflict = (path: string, became: string): object => ({
      fault: {
        code: "TOOL_CONFLICT",
        message: `\`${path}\` ${became} in the workspace since this run began, so it is not published`,
      },
    });
    const prepare = (path: string) => bench.prepare("publish_file", { path });
    expect(await prepare("a.txt")).toMatchObject(conflict("a.txt", "was changed by somebody else"));
    expect(await prepare("dir/ä b.txt")).toMatchObject({
      fault: {
        code: "TOOL_CONFLICT",
        message: "`dir/ä b.txt` stands in the workspace, and this run did not start from it",
        help: expect.stringContaining("it came later or is kept from runs") as string,
      },
    });
    bench.workspace.contents.delete("a.txt");
    expect(await prepare("a.txt")).toMatchObject(conflict("a.txt", "was removed"));
  });

  test("refuses where the workspace has changed while a person looked at it", async () => {
    const bench = await changedRun();
    const prepared = valueOf(await bench.prepare("publish_file", { path: "a.txt" }));
    bench.workspace.contents.set("a.txt", utf8("by hand"));
    expect(codeOf(await bench.execute(prepared))).toBe("TOOL_CONFLICT");
    expect(inWorkspace(bench, "a.txt")).toBe("by hand");
  });

  test("refuses where the run has changed the file while a person looked at it", async () => {
    const bench = await changedRun();
    const prepared = valueOf(await bench.prepare("publish_file", { path: "a.txt" }));
    valueOf(await bench.call("write_file", { path: "a.txt", content: "something else\n" }));
    expect(codeOf(await bench.execute(prepared))).toBe("TOOL_CONFLICT");
    expect(inWorkspace(bench, "a.txt")).toBe("old\n");
  });

  test("writes what the handed-out call names, whatever else was prepared since", async () => {
    const bench = await changedRun();
    const prepared = valueOf(await bench.prepare("publish_file", { path: "a.txt" }));
    valueOf(await bench.prepare("publish_file", { path: "dir/ä b.txt" }));
    valueOf(await bench.execute(prepared));
    expect(inWorkspace(bench, "dir/ä b.txt")).toBeUndefined();
  });

  test.each<readonly [WorkspaceFault["code"], string]>([
    ["WORKSPACE_READ_ONLY", "TOOL_UNAVAILABLE"],
    ["WORKSPACE_DISK_FULL", "TOOL_UNAVAILABLE"],
    ["WORKSPACE_UNREADABLE", "TOOL_UNAVAILABLE"],
    ["WORKSPACE_CHANGED", "TOOL_CONFLICT"],
    ["WORKSPACE_BAD_PATH", "TOOL_ARGUMENTS_INVALID"],
    ["WORKSPACE_TOO_LARGE", "TOOL_TOO_LARGE"],
  ])("says what the workspace said: %s is %s", async (said, code) => {
    const bench = await changedRun();
    bench.workspace.failWith(fault(said, "it said so"));
    expect(await publish(bench, "a.txt")).toMatchObject({ fault: { code, message: "it said so" } });
  });

  test("of bytes that are no text shows how many they are", async () => {
    const bench = await createBench();
    await bench.session.writeFile("image", Uint8Array.of(0xff, 0xd8), new AbortController().signal);
    expect(valueOf(await bench.prepare("publish_file", { path: "image" })).preview).toBe(
      "Binary file image: no file become 2 bytes.\n",
    );
    valueOf(await publish(bench, "image"));
    expect([...(bench.workspace.contents.get("image") ?? [])]).toEqual([0xff, 0xd8]);
  });
});
