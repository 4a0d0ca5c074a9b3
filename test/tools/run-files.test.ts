import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { fault } from "#kernel/result.ts";
import { caseCount } from "#test/kit/cases.ts";
import { createFakeSandbox, everyFile, fakeProgram } from "#test/kit/sandbox-fake.ts";
import type { FakeStep } from "#test/kit/sandbox-fake.ts";
import { createRunFiles } from "#tools/index.ts";
import type { PastCall } from "#tools/index.ts";
import { resumeFiles } from "#tools/index.ts";
import type { RunFiles } from "#tools/run-files.ts";

import { LIMITS, MemoryArtefacts, SCOPE, codeOf, createBench, file, valueOf } from "./kit.ts";
import type { Bench } from "./kit.ts";

const signal = new AbortController().signal;

describe("labels", () => {
  test("of a written file are those of the call, and no others", async () => {
    const bench = await createBench({ files: { a: "" } });
    valueOf(await bench.call("write_file", { path: "a", content: "1" }, ["secret", "personal"]));
    expect(bench.files.labelsOf(["a"])).toEqual(["personal", "secret"]);
    valueOf(await bench.call("write_file", { path: "a", content: "2" }, ["public"]));
    expect(bench.files.labelsOf(["a"])).toEqual(["public"]);
  });

  test("come back with what is read", async () => {
    const bench = await createBench();
    valueOf(await bench.call("write_file", { path: "a", content: "1" }, ["secret"]));
    expect(valueOf(await bench.prepare("read_file", { path: "a" })).labels).toEqual(["secret"]);
    expect(valueOf(await bench.call("read_file", { path: "a" })).labels).toEqual(["secret"]);
    expect(valueOf(await bench.call("list_files", {})).labels).toEqual(["secret"]);
  });

  test("of every file go through a program to what it writes", async () => {
    const bench = await createBench();
    valueOf(await bench.call("write_file", { path: "a", content: "1" }, ["secret"]));
    valueOf(await bench.call("write_file", { path: "b", content: "1" }, ["personal"]));
    const program = fakeProgram({ k: "write", path: "c", text: "" });
    const code = program.kind === "javascript" ? program.code : "";
    expect(valueOf(await bench.prepare("run_javascript", { code })).labels).toEqual(["personal", "secret"]);
    valueOf(await bench.call("run_javascript", { code }, ["own"]));
    expect(bench.files.labelsOf(["c"])).toEqual(["own", "personal", "secret"]);
    expect(bench.files.labelsOf(["a"])).toEqual(["secret"]);
  });

  test("stand on what is published", async () => {
    const bench = await createBench();
    valueOf(await bench.call("write_file", { path: "a", content: "1" }, ["secret"]));
    expect(valueOf(await bench.prepare("publish_file", { path: "a" }))).toMatchObject({
      labels: ["secret"],
      resource: { attributes: { labels: ["secret"] } },
    });
  });

  test("stay as they are where nothing changed", async () => {
    const bench = await createBench({ files: { a: "same" } });
    valueOf(await bench.call("write_file", { path: "a", content: "same" }, ["secret"]));
    expect(bench.files.labelsOf(["a"])).toEqual([]);
  });
});

describe("a store that refuses", () => {
  test("ends what can be done with the files: nothing goes on from what cannot be kept", async () => {
    const bench = await createBench({ files: { a: "old" } });
    bench.artefacts.fails = fault("LEDGER_DISK_FULL", "the disk is full");
    expect(await bench.call("write_file", { path: "a", content: "new" })).toMatchObject({
      fault: {
        code: "TOOL_OUTCOME_UNKNOWN",
        message: "what the call changed cannot be kept: the disk is full",
      },
    });
    bench.artefacts.fails = null;
    expect(codeOf(await bench.call("write_file", { path: "a", content: "newer" }))).toBe("TOOL_UNAVAILABLE");
    expect(codeOf(await bench.call("read_file", { path: "a" }))).toBe("TOOL_UNAVAILABLE");
    expect(codeOf(await bench.call("list_files", {}))).toBe("TOOL_UNAVAILABLE");
    expect(codeOf(await bench.call("run_javascript", { code: "[]" }))).toBe("TOOL_UNAVAILABLE");
    expect(codeOf(await bench.call("publish_file", { path: "a" }))).toBe("TOOL_UNAVAILABLE");
  });
});

describe("changes of a program that no store would take", () => {
  const exec = (bench: Bench, ...steps: readonly FakeStep[]): ReturnType<RunFiles["exec"]> =>
    bench.files.exec(fakeProgram(...steps), [], { ...everyFile, timeoutMs: 1000, signal });

  test("are not kept where an entry could not name them all, and the run goes on", async () => {
    const bench = await createBench({ files: { a: "old" } });
    const folder = "x".repeat(250);
    const long = `${folder}/${folder}/${folder}/${"y".repeat(240)}`;
    const steps = Array.from(
      { length: 8000 },
      (_, index) => ({ k: "write", path: `${long}${index}`, text: "" }) as const,
    );
    expect(await exec(bench, ...steps)).toMatchObject({
      fault: { code: "TOOL_TOO_LARGE", message: expect.stringContaining("8000 with their names") },
    });
    expect(valueOf(await bench.files.list(".", signal))).toMatchObject([{ path: "a" }]);
    expect(valueOf(await exec(bench, { k: "write", path: "a", text: "new" })).changes).toHaveLength(1);
  });

  test("are not kept where one file is larger than any that is stored, which is named", async () => {
    const opened = await createFakeSandbox().open({ files: [], limits: LIMITS }, signal);
    if (!opened.ok) throw new Error(opened.fault.message);
    const session = opened.value;
    const large = { path: "large", kind: "created", bytes: new Uint8Array(64 * 1024 * 1024 + 1) } as const;
    const bench = await createBench({
      session: Object.assign(Object.create(session) as typeof session, {
        exec: (async (program, options) => {
          expect(await options.mayKeep([large], signal)).toBe(false);
          return session.exec(program, options);
        }) satisfies typeof session.exec,
      }),
    });
    expect(await exec(bench)).toMatchObject({
      fault: {
        code: "TOOL_TOO_LARGE",
        message:
          "the program ran, but none of its changes were kept: `large` has 67108865 bytes, and one file of a run has at most 67108864",
      },
    });
    expect(valueOf(await exec(bench, { k: "write", path: "a", text: "new" })).changes).toHaveLength(1);
  });
});

test("the files that a program left are stored several at a time, each once", async () => {
  const bench = await createBench();
  const { artefacts } = bench;
  const put = artefacts.put.bind(artefacts);
  let under = 0;
  let most = 0;
  artefacts.put = async (scope, bytes) => {
    most = Math.max(most, (under += 1));
    await new Promise((resolve) => setImmediate(resolve));
    under -= 1;
    return put(scope, bytes);
  };
  const steps = Array.from({ length: 100 }, (_, n) => ({ k: "write", path: `f${n}`, text: `${n}` }) as const);
  const program = fakeProgram(...steps);
  const done = valueOf(await bench.files.exec(program, [], { ...everyFile, timeoutMs: 1000, signal }));
  expect(done.changes.map(({ digest }) => artefacts.text(digest)).sort()).toEqual(
    steps.map(({ text }) => text).sort(),
  );
  expect(most).toBeGreaterThan(8);
  expect(most).toBeLessThanOrEqual(64);
});

describe("a run that was killed", () => {
  const path = fc.constantFrom("a", "b", "dir/c", "dir/d");
  const text = fc.constantFrom("", "1", "2");
  const label = fc.constantFrom("x", "y");

  test("finds its files and their labels again, whatever it had done", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(path, text),
        fc.array(
          fc.record({ writes: fc.array(fc.tuple(path, text), { minLength: 1, maxLength: 3 }), label }),
          { maxLength: 6 },
        ),
        async (begun, calls) => {
          const workspace = Object.entries(begun).map(([name, content]) => file(name, content));
          const opened = await createFakeSandbox().open({ files: workspace, limits: LIMITS }, signal);
          if (!opened.ok) throw new Error(opened.fault.message);
          const artefacts = new MemoryArtefacts();
          const files = createRunFiles({ session: opened.value, artefacts, scope: SCOPE, workspace });
          const past: PastCall[] = [];
          for (const call of calls) {
            const steps = call.writes.map(
              ([name, content]) => ({ k: "write", path: name, text: content }) as const,
            );
            const done = valueOf(
              await files.exec(fakeProgram(...steps), [call.label], {
                ...everyFile,
                timeoutMs: 1000,
                signal,
              }),
            );
            past.push({ k: "changed", changes: done.changes, labels: [call.label] });
          }
          const resumed = await resumeFiles(workspace, past, artefacts, SCOPE);
          if (!resumed.ok) throw new Error(resumed.fault.message);
          const listed = valueOf(await files.list(".", signal));
          expect(resumed.value.files.map((one) => one.path)).toEqual(listed.map((one) => one.path));
          for (const one of resumed.value.files) {
            const bytes = valueOf(await files.read(one.path, { bytesMax: 10, signal }));
            expect([...one.bytes]).toEqual([...bytes]);
            expect(resumed.value.labels.get(one.path) ?? []).toEqual(files.labelsOf([one.path]));
          }
        },
      ),
      { numRuns: caseCount(60) },
    );
  });

  test("goes on from them: changes count from there, publishes still from the workspace", async () => {
    const bench = await createBench({ files: { a: "old" } });
    const resumed = [file("a", "new"), file("b", "made")];
    const opened = await createFakeSandbox().open({ files: resumed, limits: LIMITS }, signal);
    if (!opened.ok) throw new Error(opened.fault.message);
    const next = await createBench({
      workspace: bench.workspace,
      session: opened.value,
      runFiles: { opened: resumed, labels: new Map([["b", ["secret"]]]) },
    });
    expect(next.files.labelsOf(["b"])).toEqual(["secret"]);
    expect(valueOf(await next.call("write_file", { path: "b", content: "again" })).changes).toMatchObject([
      { path: "b", kind: "changed" },
    ]);
    expect(valueOf(await next.prepare("publish_file", { path: "a" })).preview).toContain("-old\n");
    valueOf(await next.call("publish_file", { path: "a" }));
    expect(Buffer.from(bench.workspace.contents.get("a") ?? []).toString()).toBe("new");
  });

  test("of the workspace are those it had, with what was published as it was then", async () => {
    const bench = await createBench({ files: { a: "old", b: "" } });
    const write = async (content: string): Promise<PastCall> => {
      const { changes } = valueOf(await bench.call("write_file", { path: "a", content }));
      return { k: "changed", changes, labels: [] };
    };
    const begun = [file("a", "old"), file("b", "")];
    const calls: readonly PastCall[] = [
      await write("first"),
      { k: "published", path: "a" },
      await write("second"),
    ];
    const resumed = await resumeFiles(begun, calls, bench.artefacts, SCOPE);
    if (!resumed.ok) throw new Error(resumed.fault.message);
    expect(resumed.value.files).toEqual([file("a", "second"), file("b", "")]);
    expect(resumed.value.workspace).toEqual([file("a", "first"), file("b", "")]);
  });

  test("is told when a file cannot be had again", async () => {
    const bench = await createBench();
    const { changes } = valueOf(await bench.call("write_file", { path: "a", content: "x" }));
    bench.artefacts.stored.clear();
    expect(
      await resumeFiles([], [{ k: "changed", changes, labels: [] }], bench.artefacts, SCOPE),
    ).toMatchObject({
      ok: false,
      fault: { code: "LEDGER_UNREADABLE" },
    });
  });
});

test("a file that is written back to what it was is a change, once", async () => {
  const bench = await createBench({ files: { a: "old" } });
  const write = async (content: string) =>
    valueOf(await bench.call("write_file", { path: "a", content })).changes;
  expect(await write("new")).toMatchObject([{ kind: "changed", sizeBytes: 3 }]);
  const back = await write("old");
  expect(back).toMatchObject([{ path: "a", kind: "changed" }]);
  expect(bench.artefacts.text(back[0]?.digest ?? null)).toBe("old");
  expect(await write("old")).toEqual([]);
});
