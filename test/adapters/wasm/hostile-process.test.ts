import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

import { encodeFrame } from "#adapters/wasm/frames.ts";
import { encodeAnswer } from "#adapters/wasm/messages.ts";
import type { Answer } from "#adapters/wasm/messages.ts";
import type { SandboxProgramFiles } from "#adapters/wasm/sandbox-process.ts";
import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type {
  ExecResult,
  SandboxFault,
  SandboxLimits,
  SandboxProvider,
  SandboxSession,
} from "#ports/sandbox.ts";
import type { Result } from "#kernel/result.ts";

import { everyFile } from "#test/kit/sandbox-fake.ts";
import { providerOf, realWasm } from "./kit.ts";

/*
 * What if a program broke out of the interpreter and speaks for the sandbox process itself? Here the
 * process is played by scripts that say whatever such a program might say.
 */

const folder = mkdtempSync(join(tmpdir(), "writ-hostile-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LIMITS: SandboxLimits = {
  memoryBytesMax: 8 * 1024 * 1024,
  fileBytesMax: 1024,
  filesMax: 4,
  outputBytesMax: 64,
};

let scripts = 0;

/** A sandbox whose process runs this script, with `say` to write bytes at once. */
const speaking = (script: string, startMsMax?: number): SandboxProvider => {
  scripts += 1;
  const entry = pathToFileURL(join(folder, `${scripts}.mjs`));
  writeFileSync(
    entry,
    `import { writeSync } from "node:fs";
     const say = (base64) => { const bytes = Buffer.from(base64, "base64"); for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at); };
     ${script}`,
  );
  const files: SandboxProgramFiles = { entry, readable: [entry], wasm: realWasm };
  return providerOf(files, startMsMax);
};

const says = (...parts: readonly Uint8Array[]): string =>
  `say("${Buffer.from(concatBytes(...parts)).toString("base64")}");`;

const open = async (provider: SandboxProvider): Promise<SandboxSession> => {
  const files = [{ path: "a.txt", bytes: utf8("first"), executable: false }];
  const opened = await provider.open({ files, limits: LIMITS }, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
};

const exec = (
  session: SandboxSession,
  access: Partial<typeof everyFile> = {},
): Promise<Result<ExecResult, SandboxFault>> =>
  session.exec(
    { kind: "javascript", code: "1" },
    { ...everyFile, ...access, timeoutMs: 200, signal: new AbortController().signal },
  );

const started = encodeFrame("started");
const answer: Answer = { ended: "exited", exitCode: 0, droppedBytes: 0, value: null, files: [] };
const answering = (fields: Partial<Answer>): Uint8Array =>
  encodeFrame("answer", encodeAnswer({ ...answer, ...fields }));
const WAIT = "setInterval(() => {}, 1000);";

describe("a process that lies", () => {
  const isLost = (name: string, script: string): void => {
    test(`${name}: the program is lost, the files stay, the session lives`, async () => {
      const session = await open(speaking(script));
      expect(await exec(session)).toMatchObject({
        ok: false,
        fault: { code: "SANDBOX_PROGRAM_LOST", retryable: false },
      });
      expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
      await session.close();
    });
  };

  isLost("no frames at all", `say("${Buffer.from("hello, host").toString("base64")}"); ${WAIT}`);
  isLost("an answer before it began", `${says(answering({}))} ${WAIT}`);
  isLost("output before it began", `${says(encodeFrame("stdout", utf8("x")))} ${WAIT}`);
  isLost("beginning twice", `${says(started, started)} ${WAIT}`);
  isLost("four gigabytes announced", `${says(started, Uint8Array.of(3, 255, 255, 255, 255))} ${WAIT}`);
  isLost(
    "more output than allowed",
    `${says(started)} for (;;) { ${says(encodeFrame("stdout", utf8("0123456789")))} }`,
  );
  isLost("an answer that is none", `${says(started, encodeFrame("answer", utf8("{}")))} ${WAIT}`);
  isLost("a value that is no JSON", `${says(started, answering({ value: "{} or 1" }))} ${WAIT}`);
  isLost("a value with one key twice", `${says(started, answering({ value: '{"a":1,"a":2}' }))} ${WAIT}`);

  const file = (path: string, bytes = 1) => ({ files: [{ path, bytes: new Uint8Array(bytes) }] });
  isLost("a file above the folder", `${says(started, answering(file("../outside")))} ${WAIT}`);
  isLost("an absolute file", `${says(started, answering(file("/etc/passwd")))} ${WAIT}`);
  isLost("a file below a file", `${says(started, answering(file("a.txt/b")))} ${WAIT}`);
  isLost("one file too large", `${says(started, answering(file("b", 1025)))} ${WAIT}`);
  isLost(
    "one good file and one bad: neither is taken",
    `${says(started, answering({ files: [...file("good").files, ...file("../bad").files] }))} ${WAIT}`,
  );
});

describe("a process that is not given a file", () => {
  const hiding = (...hidden: readonly string[]) => ({ hidden: new Set(hidden) });

  test.each([
    ["over", "a.txt"],
    ["below", "a.txt/b"],
    ["over, beside a good one", "b", "a.txt"],
    ["over one that the session lacks", "gone"],
    ["in place of its folder", "deep"],
  ])("cannot write %s: the program is lost, and nobody is asked about its changes", async (_, ...paths) => {
    const files = paths.map((path) => ({ path, bytes: utf8("x") }));
    const session = await open(speaking(`${says(started, answering({ files }))} ${WAIT}`));
    const mayKeep = (): Promise<boolean> => Promise.reject(new Error("was asked"));
    const access = { ...hiding("a.txt", "gone", "deep/er/c"), mayKeep };
    expect(await exec(session, access)).toMatchObject({
      ok: false,
      fault: { code: "SANDBOX_PROGRAM_LOST", retryable: false },
    });
    expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    await session.close();
  });

  test("does not have its content anywhere in what it reads", async () => {
    const session = await open(
      speaking(`
        const { readFileSync } = await import("node:fs");
        const job = readFileSync(0);
        const found = ["planted-hidden", "planted-shown"].filter((word) => job.includes(word)).join(" ");
        ${says(started)}
        const frame = Buffer.alloc(5 + found.length); frame[0] = 1;
        frame.writeUInt32BE(found.length, 1); frame.write(found, 5); writeSync(1, frame);
        process.exit(0);`),
    );
    const { signal } = new AbortController();
    await session.writeFile("b.txt", utf8("planted-shown"), signal);
    await session.writeFile("c.txt", utf8("planted-hidden"), signal);
    expect(await exec(session, hiding("c.txt"))).toMatchObject({
      ok: true,
      value: { stdout: "planted-shown" },
    });
    await session.close();
  });

  test("keeps nothing of its own where that is refused", async () => {
    const files = [
      { path: "a.txt", bytes: utf8("x") },
      { path: "b.txt", bytes: utf8("y") },
    ];
    const session = await open(speaking(`${says(started, answering({ files }))} ${WAIT}`));
    const asked: unknown[] = [];
    const mayKeep = async (changes: unknown): Promise<boolean> => {
      asked.push(changes);
      return false;
    };
    expect(await exec(session, { mayKeep })).toMatchObject({ ok: true, value: { ended: "exited" } });
    expect(asked).toEqual([
      [
        { path: "a.txt", kind: "changed", bytes: utf8("x") },
        { path: "b.txt", kind: "created", bytes: utf8("y") },
      ],
    ]);
    expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    await session.close();
  });
});

describe("a process that says what it may", () => {
  test("is believed about its own files and output, and killed after its answer", async () => {
    const session = await open(
      speaking(
        `${says(started, encodeFrame("stdout", utf8("said")), answering({ value: '{"b":1, "a":2}', files: [{ path: "b", bytes: utf8("x") }] }))} for (;;);`,
      ),
    );
    expect(await exec(session)).toMatchObject({
      ok: true,
      value: { ended: "exited", exitCode: 0, stdout: "said", value: '{"a":2,"b":1}' },
    });
    const changes = await session.changes(new AbortController().signal);
    expect(changes.ok && changes.value.map((change) => change.path)).toEqual(["b"]);
    await session.close();
  });

  test("may not keep files where it did not exit", async () => {
    const session = await open(
      speaking(
        `${says(started, answering({ ended: "memory", files: [{ path: "b", bytes: utf8("x") }] }))} ${WAIT}`,
      ),
    );
    expect(await exec(session)).toMatchObject({ ok: true, value: { ended: "memory", exitCode: null } });
    expect(await session.changes(new AbortController().signal)).toEqual({ ok: true, value: [] });
    await session.close();
  });
});

describe("a process that ends or hangs", () => {
  test("before it began: lost", async () => {
    expect(await exec(await open(speaking("process.exit(0)")))).toMatchObject({
      ok: false,
      fault: { code: "SANDBOX_PROGRAM_LOST" },
    });
  });
  test("after it began: the program crashed, its output is kept", async () => {
    const provider = speaking(`${says(started, encodeFrame("stderr", utf8("before")))} process.abort();`);
    expect(await exec(await open(provider))).toMatchObject({
      ok: true,
      value: { ended: "crashed", exitCode: null, stderr: "before", value: null },
    });
  });
  test("in the middle of a frame: crashed as well", async () => {
    const provider = speaking(`${says(started, answering({}).subarray(0, 20))} process.exit(0);`);
    expect(await exec(await open(provider))).toMatchObject({ ok: true, value: { ended: "crashed" } });
  });
  test("and never begins: lost after a time of its own", async () => {
    expect(await exec(await open(speaking(WAIT, 100)))).toMatchObject({
      ok: false,
      fault: {
        code: "SANDBOX_PROGRAM_LOST",
        message: "the embedded sandbox lost its program: its process did not begin within 100 ms",
      },
    });
  });
  test("and never ends: killed after its deadline", async () => {
    expect(await exec(await open(speaking(`${says(started)} for (;;);`)))).toMatchObject({
      ok: true,
      value: { ended: "deadline", exitCode: null },
    });
  });
});

describe("what such a process would find", () => {
  test("no environment, no file, no program, no thread, no debugger, no code from text", async () => {
    process.env["WRIT_TEST_SECRET"] = "planted";
    const provider = speaking(`
      const { readFileSync, writeFileSync } = await import("node:fs");
      const { spawnSync } = await import("node:child_process");
      const { Worker } = await import("node:worker_threads");
      const inspector = await import("node:inspector");
      const found = [];
      const attempt = (name, act) => { try { act(); found.push(name); } catch {} };
      attempt("read", () => readFileSync("/etc/hostname"));
      attempt("write", () => writeFileSync(${JSON.stringify(join(folder, "written"))}, ""));
      attempt("write beside its code", () => writeFileSync(new URL("x", import.meta.url), ""));
      attempt("spawn", () => { const { error } = spawnSync("/bin/true"); if (error) throw error; });
      attempt("worker", () => new Worker("", { eval: true }));
      attempt("inspector", () => inspector.open(0));
      attempt("eval", () => (0, eval)("1"));
      attempt("function", () => Function("return 1")());
      const state = { found, env: Object.keys(process.env), cwd: process.cwd(), inspect: process.execArgv.filter((one) => one.includes("inspect")) };
      const text = new TextEncoder().encode(JSON.stringify(state));
      const frame = (kind, bytes) => { const head = Buffer.alloc(5); head[0] = kind; head.writeUInt32BE(bytes.length, 1); writeSync(1, Buffer.concat([head, bytes])); };
      frame(0, Buffer.alloc(0));
      for (let at = 0; at < text.length; at += 64) frame(at < 64 ? 1 : 2, text.subarray(at, at + 64));
      process.exit(0);`);
    const session = await provider.open(
      { files: [], limits: { ...LIMITS, outputBytesMax: 1024 } },
      new AbortController().signal,
    );
    const result = session.ok ? await exec(session.value) : session;
    delete process.env["WRIT_TEST_SECRET"];
    const said = result.ok ? `${result.value.stdout}${result.value.stderr}` : result.fault.message;
    expect(JSON.parse(said)).toEqual({ found: [], env: [], cwd: "/", inspect: [] });
  });
});

describe("a sandbox that is not whole", () => {
  const code = async (files: Partial<SandboxProgramFiles>): Promise<string> => {
    const entry = pathToFileURL(join(folder, "absent.mjs"));
    const result = await exec(await open(providerOf({ entry, readable: [entry], wasm: realWasm, ...files })));
    return result.ok ? "ok" : result.fault.code;
  };
  test("without its code", async () => expect(await code({})).toBe("SANDBOX_PROGRAM_LOST"));
  test("without its interpreter", async () => {
    expect(await code({ wasm: pathToFileURL(join(folder, "absent.wasm")) })).toBe("SANDBOX_UNAVAILABLE");
  });
  test("below a folder that a permission cannot name", async () => {
    expect(await code({ readable: [pathToFileURL(join(folder, "*"))] })).toBe("SANDBOX_UNAVAILABLE");
  });
  test("is not usable, says its probe", async () => {
    const probe = await speaking("process.exit(0)").probe(new AbortController().signal);
    expect(probe.ok).toBe(false);
  });
  test("with too little memory to start", async () => {
    const opened = await speaking("").open(
      { files: [], limits: { ...LIMITS, memoryBytesMax: 1024 } },
      new AbortController().signal,
    );
    expect(opened).toMatchObject({ ok: false, fault: { code: "SANDBOX_UNSUPPORTED" } });
  });
});
