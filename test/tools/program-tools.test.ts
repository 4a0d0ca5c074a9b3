import { describe, expect, test } from "vitest";

import type { SandboxProgram } from "#ports/sandbox.ts";
import { fakeProgram } from "#test/kit/sandbox-fake.ts";
import type { FakeStep } from "#test/kit/sandbox-fake.ts";

import { codeOf, createBench, valueOf } from "./kit.ts";

const code = (...steps: readonly FakeStep[]): { readonly code: string } => {
  const program: SandboxProgram = fakeProgram(...steps);
  return { code: program.kind === "javascript" ? program.code : "" };
};

describe("run_javascript", () => {
  test("tells the model how it ended, what it gave, printed and changed", async () => {
    const bench = await createBench({ files: { a: "old" } });
    const done = valueOf(
      await bench.call(
        "run_javascript",
        code(
          { k: "write", path: "a", text: "new" },
          { k: "write", path: "b", text: "x" },
          { k: "print", stream: "stdout", text: "said\n" },
          { k: "print", stream: "stderr", text: "warned\n" },
          { k: "return", value: { b: 1, a: [true] } },
        ),
      ),
    );
    expect(done.text).toBe(
      'exit code 0\nvalue: {"a":[true],"b":1}\nstdout:\nsaid\nstderr:\nwarned\nfiles:\nchanged a\ncreated b',
    );
    expect(done.value).toEqual({
      ended: "exited",
      exit_code: 0,
      value: { a: [true], b: 1 },
      stdout: "said\n",
      stderr: "warned\n",
      dropped_bytes: 0,
    });
    expect(done.changes.map((change) => `${change.kind} ${change.path}`)).toEqual(["changed a", "created b"]);
  });

  test("that fails is a result like any other", async () => {
    const bench = await createBench();
    const done = valueOf(await bench.call("run_javascript", code({ k: "fail", message: "no" })));
    expect(done).toMatchObject({
      text: "exit code 1\nstderr:\nno",
      value: { exit_code: 1, value: null },
      changes: [],
    });
  });

  test("that is ended at its deadline is one too, and says that files are as before", async () => {
    const bench = await createBench();
    const prepared = valueOf(
      await bench.prepare("run_javascript", code({ k: "write", path: "a", text: "" }, { k: "hang" })),
    );
    const done = valueOf(await bench.execute(prepared, { timeoutMs: 1050 }));
    expect(done).toMatchObject({
      text: "it ran longer than it may and was ended; files are as they were before it",
      value: { ended: "deadline", exit_code: null },
      changes: [],
    });
  });

  test("that takes too much memory is one too", async () => {
    const bench = await createBench();
    const done = valueOf(await bench.call("run_javascript", code({ k: "allocate", bytes: 1e9 })));
    expect(done).toMatchObject({ value: { ended: "memory" } });
  });

  test("that was killed does not say by whom where nobody knows, as its own first process may have done it", async () => {
    const bench = await createBench();
    const { text } = valueOf(await bench.call("run_javascript", code({ k: "be-killed" })));
    expect(text).toMatch(
      /^it was killed, and nothing says by whom: by itself, .* or because it took more memory/,
    );
    expect(text).not.toMatch(/from outside|most likely/);
  });

  test("says how much of its output was dropped", async () => {
    const bench = await createBench();
    const flood = code({ k: "print", stream: "stdout", text: "x".repeat(5000) });
    expect(valueOf(await bench.call("run_javascript", flood)).text).toMatch(
      /\(904 more bytes of output were dropped\)$/,
    );
  });

  test("streams its output", async () => {
    const bench = await createBench();
    const seen: string[] = [];
    const prepared = valueOf(
      await bench.prepare("run_javascript", code({ k: "print", stream: "stderr", text: "ab" })),
    );
    await bench.execute(prepared, { onOutput: (stream, text) => seen.push(`${stream} ${text}`) });
    expect(seen).toEqual(["stderr a", "stderr b"]);
  });

  test("that is aborted has changed nothing and says so, so that nobody must wonder", async () => {
    const bench = await createBench();
    const abort = new AbortController();
    const prepared = valueOf(
      await bench.prepare(
        "run_javascript",
        code({ k: "write", path: "a", text: "" }, { k: "print", stream: "stdout", text: "." }, { k: "hang" }),
      ),
    );
    const done = await bench.execute(prepared, { signal: abort.signal, onOutput: () => abort.abort() });
    expect(done).toMatchObject({ ok: false, fault: { code: "TOOL_UNAVAILABLE" } });
    expect(codeOf(await bench.call("read_file", { path: "a" }))).toBe("TOOL_NOT_FOUND");
  });

  test("in a session that is lost is a fault that changed nothing, and that ends a run", async () => {
    const bench = await createBench();
    expect(bench.files.isLost).toBe(false);
    await bench.session.close();
    expect(codeOf(await bench.call("run_javascript", code()))).toBe("TOOL_SANDBOX_LOST");
    expect(bench.files.isLost).toBe(true);
  });
});

describe("shell", () => {
  test("is refused by a session that has none", async () => {
    const bench = await createBench();
    expect(codeOf(await bench.prepare("shell", { command: "true" }))).toBe("TOOL_UNSUPPORTED");
  });
});

describe("the executors of a run", () => {
  test.each([
    ["wasm", ["read_file", "list_files", "write_file", "run_javascript", "publish_file"]],
    ["docker", ["read_file", "list_files", "write_file", "run_javascript", "shell", "publish_file"]],
    ["gvisor", ["read_file", "list_files", "write_file", "run_javascript", "shell", "publish_file"]],
  ] as const)("in %s are those that it can run", async (tier, names) => {
    const bench = await createBench({ tier });
    expect(bench.executors.map((executor) => executor.descriptor.name)).toEqual(names);
  });
});
