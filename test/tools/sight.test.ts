import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { SupposedCall, WouldAllow } from "#ports/executor.ts";
import type { ProgramChange } from "#ports/sandbox.ts";
import { caseCount } from "#test/kit/cases.ts";
import { fakeProgram } from "#test/kit/sandbox-fake.ts";
import type { FakeStep } from "#test/kit/sandbox-fake.ts";
import { allowsNothing } from "#test/kit/tool-fake.ts";
import { LISTED_FILES_MAX } from "#tools/file-tools.ts";
import { SIGHT_BYTES_MAX } from "#tools/sight.ts";
import { deniedWrites } from "#tools/supposed-writes.ts";

import { codeOf, createBench, sha256, valueOf } from "./kit.ts";
import type { Bench, BenchPlan } from "./kit.ts";

const FILES = { "a.txt": "1", "private/b.txt": "22", "private/deep/c.txt": "333", "src/d.ts": "4444" };
const { signal } = new AbortController();

const code = (...steps: readonly FakeStep[]): { readonly code: string } => {
  const program = fakeProgram(...steps);
  return { code: program.kind === "javascript" ? program.code : "" };
};

/** Policies that allow a tool where its path is one of these, and everything of every other tool. */
const only =
  (tool: string, isAllowed: (path: string) => boolean): WouldAllow =>
  async (calls) =>
    calls.map((call) => call.tool !== tool || isAllowed(pathOf(call)));

const pathOf = (call: SupposedCall): string => {
  const { path } = call.arguments;
  if (typeof path !== "string") throw new Error("a call without a path");
  return path;
};

const isPublic = (path: string): boolean => !path.startsWith("private");

const hiding = (plan: BenchPlan = {}): Promise<Bench> =>
  createBench({ files: FILES, wouldAllow: only("read_file", isPublic), ...plan });

const listed = async (bench: Bench): Promise<readonly string[]> => {
  const done = valueOf(await bench.call("run_javascript", code({ k: "print-list", path: "." })));
  return (done.value as { readonly stdout: string }).stdout.split("\n").filter((path) => path !== "");
};

describe("what a program sees", () => {
  test("is what the agent may read", async () => {
    expect(await listed(await hiding())).toEqual(["a.txt", "src/d.ts"]);
    const bench = await hiding();
    const read = await bench.call("run_javascript", code({ k: "print-file", path: "private/b.txt" }));
    expect(valueOf(read).text).toBe("exit code 1\nstderr:\nthe run has no file `private/b.txt`");
  });

  test("is nothing where the agent may read nothing", async () => {
    expect(await listed(await createBench({ files: FILES, wouldAllow: allowsNothing }))).toEqual([]);
  });

  test("is asked as `read_file` would be, with the labels of the call", async () => {
    const asked: (readonly [SupposedCall, readonly string[]])[] = [];
    const bench = await createBench({
      files: FILES,
      runFiles: { labels: new Map([["private/b.txt", ["secret"]]]) },
      wouldAllow: async (calls, { labels }) => {
        asked.push(...calls.map((call) => [call, labels] as const));
        return calls.map(() => true);
      },
    });
    const { labels } = valueOf(await bench.prepare("run_javascript", code()));
    expect(labels).toEqual(["secret"]);
    for (const [call, carried] of asked) {
      const prepared = valueOf(await bench.prepare("read_file", { path: pathOf(call) }));
      const { tool, arguments: args, resource } = prepared;
      expect([call, carried]).toEqual([{ tool, arguments: args, resource }, labels]);
    }
    expect(asked.map(([call]) => pathOf(call))).toEqual(Object.keys(FILES));
  });

  test("is what was decided when the call was prepared, whatever is allowed by the time it is executed", async () => {
    const bench = await hiding();
    const prepared = valueOf(await bench.prepare("run_javascript", code({ k: "print-list", path: "." })));
    const wouldAllow: WouldAllow = async (calls) => calls.map(() => true);
    const done = valueOf(await bench.execute(prepared, { wouldAllow }));
    expect(done.text).toBe("exit code 0\nstdout:\na.txt\nsrc/d.ts");
  });

  test("is what the handed-out call says, not what was prepared last", async () => {
    let isAllowed = (path: string): boolean => path === "a.txt";
    const bench = await hiding({ wouldAllow: only("read_file", (path) => isAllowed(path)) });
    const first = valueOf(await bench.prepare("run_javascript", code({ k: "print-list", path: "." })));
    isAllowed = () => true;
    valueOf(await bench.prepare("run_javascript", code({ k: "print-list", path: "." })));
    expect(valueOf(await bench.execute(first)).text).toBe("exit code 0\nstdout:\na.txt");
  });

  test("is a conflict once the run has other files than it was decided for", async () => {
    const bench = await hiding();
    const prepared = valueOf(await bench.prepare("run_javascript", code({ k: "print-list", path: "." })));
    valueOf(await bench.call("write_file", { path: "private/new.txt", content: "" }));
    expect(await bench.execute(prepared)).toMatchObject({
      fault: {
        code: "TOOL_CONFLICT",
        message: "the run has other files now than when the call was proposed",
      },
    });
  });

  test("cannot be had from a sandbox that does not hide files", async () => {
    const blind = await hiding({ hidesFiles: false });
    expect(codeOf(await blind.call("run_javascript", code()))).toBe("TOOL_UNSUPPORTED");
    const open = await hiding({ hidesFiles: false, wouldAllow: only("read_file", () => true) });
    expect(codeOf(await open.call("run_javascript", code()))).toBe("ok");
  });

  test("is not asked for a program that the sandbox cannot run", async () => {
    const bench = await createBench({
      files: FILES,
      wouldAllow: () => Promise.reject(new Error("was asked")),
    });
    expect(codeOf(await bench.prepare("shell", { command: "ls" }))).toBe("TOOL_UNSUPPORTED");
  });

  test("is what the agent may read, whatever files there are and whatever is allowed", async () => {
    const names: readonly string[] = ["a", "b", "d/a", "d/b", "d/e/a", "e", "f/g", "f/h"];
    const path = fc.constantFrom(...names);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path), fc.uniqueArray(path), async (paths, readable) => {
        const bench = await createBench({
          files: Object.fromEntries(paths.map((name) => [name, name])),
          wouldAllow: only("read_file", (name) => readable.includes(name)),
        });
        const expected = names.filter((name) => paths.includes(name) && readable.includes(name));
        expect(await listed(bench)).toEqual(expected);
        const list = valueOf(await bench.call("list_files", {}));
        expect((list.value as readonly JsonObject[]).map((file) => file["path"])).toEqual(expected);
      }),
      { numRuns: caseCount(60) },
    );
  });
});

describe("the details of a call that sees files", () => {
  const filesOf = async (bench: Bench, tool = "run_javascript", given: JsonObject = code()) =>
    valueOf(await bench.prepare(tool, given)).details["files"];
  const names = sha256(Object.keys(FILES).join("\n"));

  test("say how many there are, and which are hidden", async () => {
    const wouldAllow = only("read_file", (path) => path !== "private/b.txt");
    expect(await filesOf(await hiding({ wouldAllow }))).toEqual({
      count: 4,
      names,
      hidden: ["private/b.txt"],
    });
  });

  test("say which are shown where these are fewer", async () => {
    const wouldAllow = only("read_file", (path) => path === "a.txt");
    expect(await filesOf(await hiding({ wouldAllow }))).toEqual({ count: 4, names, shown: ["a.txt"] });
  });

  test("are short where everything is hidden, and where nothing is", async () => {
    expect(await filesOf(await hiding({ wouldAllow: allowsNothing }))).toEqual({
      count: 4,
      names,
      shown: [],
    });
    const wouldAllow = only("read_file", () => true);
    expect(await filesOf(await hiding({ wouldAllow }))).toEqual({ count: 4, names, hidden: [] });
  });

  test("are about the folder that is listed", async () => {
    const files = await filesOf(await hiding(), "list_files", { path: "src" });
    expect(files).toEqual({ count: 1, names: sha256("src/d.ts"), hidden: [] });
  });

  test("have a limit: rules that divide more than a call can be recorded with refuse it", async () => {
    const part = "x".repeat(250);
    const count = Math.ceil((2 * SIGHT_BYTES_MAX) / 1_000);
    const many = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`${part}/${part}/${part}/${part.slice(9)}${index}`, ""]),
    );
    const half = await createBench({
      files: many,
      wouldAllow: only("read_file", (path) => /[02468]$/.test(path)),
    });
    expect(codeOf(await half.prepare("run_javascript", code()))).toBe("TOOL_TOO_LARGE");
    expect(codeOf(await half.prepare("list_files", {}))).toBe("TOOL_TOO_LARGE");
    // Not before it is decided whether the call may be made: it is about files that may be hidden.
    const lists = half.executors.find(({ descriptor }) => descriptor.name === "list_files");
    const options = {
      signal: new AbortController().signal,
      wouldAllow: only("read_file", (path) => /[02468]$/.test(path)),
    };
    expect(await lists?.prepare({}, options)).toMatchObject({
      ok: true,
      value: { call: { details: {} }, fault: { code: "TOOL_TOO_LARGE" } },
    });
    const none = await createBench({ files: many, wouldAllow: allowsNothing });
    expect(codeOf(await none.prepare("run_javascript", code()))).toBe("ok");
  });
});

describe("a list of files", () => {
  const list = async (bench: Bench, given: JsonObject = {}) => bench.call("list_files", given);

  test("holds what the agent may read", async () => {
    expect(valueOf(await list(await hiding()))).toMatchObject({
      text: "a.txt (1 bytes)\nsrc/d.ts (4 bytes)",
      value: [
        { path: "a.txt", size_bytes: 1 },
        { path: "src/d.ts", size_bytes: 4 },
      ],
    });
  });

  test("says nothing of a hidden file's labels", async () => {
    const labels = new Map([
      ["a.txt", ["shown"]],
      ["private/b.txt", ["hidden"]],
    ]);
    expect(valueOf(await list(await hiding({ runFiles: { labels } }))).labels).toEqual(["shown"]);
  });

  test.each([["private"], ["private/deep"], ["private/b.txt"]])(
    "of %s, where all is hidden, is as if it were not there",
    async (path) => {
      const hidden = await list(await hiding(), { path });
      const missing = await list(await createBench(), { path });
      expect(hidden.ok).toBe(false);
      expect(hidden).toEqual(missing);
    },
  );

  test("is empty where nothing may be read", async () => {
    const bench = await hiding({ wouldAllow: allowsNothing });
    expect(valueOf(await list(bench))).toMatchObject({ text: "no files", value: [] });
  });

  test("has its limit on what is shown, and names no folder that is hidden", async () => {
    const files = Object.fromEntries(
      Array.from({ length: LISTED_FILES_MAX + 1 }, (_, index) => [
        `${index === 0 ? "private" : "all"}/${index}`,
        "",
      ]),
    );
    expect(codeOf(await list(await hiding({ files })))).toBe("ok");
    const more = await hiding({ files: { ...files, "all/more": "" } });
    expect(await list(more)).toMatchObject({
      fault: {
        message: "there are 5001 files, at most 5000 are listed; list one of: all (5001)",
      },
    });
  });
});

describe("what a program changes", () => {
  const writing = (...paths: readonly string[]) =>
    code(
      { k: "print", stream: "stdout", text: "said" },
      ...paths.map((path) => ({ k: "write", path, text: "new" }) as const),
    );

  test("is kept where each of it may be written", async () => {
    const bench = await createBench({ files: FILES, wouldAllow: only("write_file", isPublic) });
    const done = valueOf(await bench.call("run_javascript", writing("a.txt", "new.txt")));
    expect(done.changes.map(({ path }) => path)).toEqual(["a.txt", "new.txt"]);
  });

  test("is dropped whole where one of it may not, and the call says which", async () => {
    const bench = await createBench({ files: FILES, wouldAllow: only("write_file", isPublic) });
    expect(await bench.call("run_javascript", writing("a.txt", "private/b.txt", "z"))).toMatchObject({
      fault: {
        code: "TOOL_CHANGES_DENIED",
        message:
          "the program ran, but none of its changes were kept: the rules of this run do not let it write `private/b.txt`",
      },
    });
    expect(await bench.session.changes(signal)).toEqual({ ok: true, value: [] });
    expect(bench.artefacts.stored.size).toBe(0);
    expect(valueOf(await bench.call("read_file", { path: "a.txt" })).text).toBe("1");
  });

  test("is dropped also where the program failed", async () => {
    const bench = await createBench({ wouldAllow: only("write_file", () => false) });
    const failing = code({ k: "write", path: "a", text: "" }, { k: "fail", message: "no" });
    expect(codeOf(await bench.call("run_javascript", failing))).toBe("TOOL_CHANGES_DENIED");
  });

  test("is not asked about where it is nothing", async () => {
    const bench = await createBench({
      files: { "a.txt": "new" },
      wouldAllow: only("write_file", () => false),
    });
    expect(codeOf(await bench.call("run_javascript", writing("a.txt")))).toBe("ok");
  });

  test("is named up to ten files, escaped", async () => {
    const bench = await createBench({ wouldAllow: only("write_file", () => false) });
    const paths = Array.from({ length: 12 }, (_, index) => `${String.fromCharCode(97 + index)}\u202e`);
    expect(await bench.call("run_javascript", writing(...paths))).toMatchObject({
      fault: { message: expect.stringMatching(/ `a\\u\{202e\}`, .*`j\\u\{202e\}`, 2 more$/) },
    });
  });

  test("is not kept by a program that is cancelled while its changes are decided", async () => {
    const cancel = new AbortController();
    const bench = await createBench({
      wouldAllow: async (calls) => {
        if (calls.some(({ tool }) => tool === "write_file")) cancel.abort();
        return calls.map(() => true);
      },
    });
    const prepared = valueOf(await bench.prepare("run_javascript", writing("a.txt")));
    const done = await bench.execute(prepared, { signal: cancel.signal });
    expect(done).toMatchObject({ fault: { code: "TOOL_UNAVAILABLE" } });
    expect(await bench.session.changes(signal)).toEqual({ ok: true, value: [] });
  });

  describe("is asked about", () => {
    const asked = async (change: ProgramChange): Promise<JsonObject | undefined> => {
      let args: JsonObject | undefined;
      const denied = await deniedWrites(
        [change],
        async ([call]) => {
          args = call?.arguments;
          return [false];
        },
        { labels: [], signal },
      );
      expect(denied).toEqual([change.path]);
      return args;
    };

    test("as `write_file` with its new content would be, with the labels of the call", async () => {
      let given: unknown;
      const bench = await createBench({
        wouldAllow: async (calls, { labels }) => {
          if (calls.length > 0) given = [calls, labels];
          return calls.map(() => true);
        },
      });
      valueOf(await bench.call("run_javascript", writing("a.txt"), ["own"]));
      const written = valueOf(await bench.prepare("write_file", { path: "a.txt", content: "new" }));
      const { tool, arguments: args, resource } = written;
      expect(given).toEqual([[{ tool, arguments: args, resource }], ["own"]]);
    });

    const text = "x".repeat(4 * 1024 * 1024);
    test.each<[string, ProgramChange, JsonObject]>([
      ["text", { path: "a", kind: "created", bytes: utf8("é") }, { path: "a", content: "é" }],
      ["an empty file", { path: "a", kind: "changed", bytes: utf8("") }, { path: "a", content: "" }],
      ["the longest text", { path: "a", kind: "changed", bytes: utf8(text) }, { path: "a", content: text }],
      ["a longer one", { path: "a", kind: "changed", bytes: utf8(`${text}x`) }, { path: "a" }],
      ["bytes that are no text", { path: "a", kind: "created", bytes: Uint8Array.of(255) }, { path: "a" }],
      ["a file that is gone", { path: "a", kind: "removed", bytes: null }, { path: "a" }],
    ])("with its path, and its content where it has one: %s", async (_, change, expected) => {
      expect(await asked(change)).toEqual(expected);
    });
  });
});
