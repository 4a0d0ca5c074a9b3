import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { ExecResult, SandboxLimits, SandboxSession } from "#ports/sandbox.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";
import { verifies } from "#test/kit/verifies.ts";

import { buildSandbox } from "./kit.ts";

/*
 * Programs that try to get out, to get more than their limits, or to be taken for something else.
 * All of them run in one session, one after the other: each also shows that the one before it left
 * nothing behind.
 */

const LIMITS: SandboxLimits = {
  memoryBytesMax: 32 * 1024 * 1024,
  fileBytesMax: 1024 * 1024,
  filesMax: 16,
  outputBytesMax: 16 * 1024,
};
const TIMEOUT_MS = 15_000;
const SHORT_MS = 150;

const built = buildSandbox();
let session: SandboxSession;

beforeAll(async () => {
  const files = [{ path: "a.txt", bytes: utf8("first"), executable: false }];
  const opened = await built.provider.open({ files, limits: LIMITS }, new AbortController().signal);
  if (!opened.ok) throw new Error(opened.fault.message);
  session = opened.value;
});
afterAll(async () => {
  await session.close();
  built.remove();
});

const run = async (code: string, timeoutMs = TIMEOUT_MS): Promise<ExecResult> => {
  const result = await session.exec(
    { kind: "javascript", code },
    { ...everyFile, timeoutMs, signal: new AbortController().signal },
  );
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};

/** The program's value as data. */
const gives = (name: string, code: string, expected: unknown): void => {
  test(`${name}: its value is data`, async () => {
    const result = await run(code);
    expect(result.stderr).toBe("");
    expect(result.value === null ? null : JSON.parse(result.value)).toEqual(expected);
  });
};

/** The program fails by an error of its own that says so. */
const fails = (name: string, code: string, said: string): void => {
  test(`${name}: the program fails`, async () => {
    const result = await run(code);
    expect(result).toMatchObject({ ended: "exited", exitCode: 1, value: null });
    expect(result.stderr).toContain(said);
  });
};

const isEnded = (name: string, code: string, ended: ExecResult["ended"], timeoutMs = TIMEOUT_MS): void => {
  test(`${name}: ${ended}`, async () => {
    expect(await run(code, timeoutMs)).toMatchObject({ ended, exitCode: null, value: null });
  });
};

describe("a way out of the interpreter", () => {
  verifies("sandbox.wasi");

  /** All of the language that the interpreter has, and what we add. */
  const known = [
    "Object Function Error EvalError RangeError ReferenceError SyntaxError TypeError URIError InternalError",
    "AggregateError SuppressedError Iterator Array parseInt parseFloat isNaN isFinite queueMicrotask decodeURI",
    "decodeURIComponent encodeURI encodeURIComponent escape unescape Infinity NaN undefined eval Number Boolean",
    "String Math Reflect Symbol DisposableStack globalThis BigInt Date RegExp JSON Proxy Map Set WeakMap WeakSet",
    "ArrayBuffer SharedArrayBuffer Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array",
    "Uint32Array BigInt64Array BigUint64Array Float16Array Float32Array Float64Array DataView Promise",
    "AsyncDisposableStack WeakRef FinalizationRegistry DOMException btoa atob performance console files",
  ].join(" ");
  gives(
    "the language, console and files are all there is",
    `const known = "${known}".split(" "); Object.getOwnPropertyNames(globalThis).filter((name) => !known.includes(name))`,
    [],
  );
  gives(
    "nothing by which scripts elsewhere reach the world",
    `["process", "require", "module", "fetch", "XMLHttpRequest", "WebSocket", "WebAssembly", "Worker", "std", "os",
      "bjson", "Deno", "Bun", "Buffer", "setTimeout", "Atomics", "print", "load", "scriptArgs", "host_call"]
      .filter((name) => name in globalThis)`,
    [],
  );

  const outside = (name: string, code: string): void => gives(name, code, "undefined");
  outside("Function of the console", `console.log.constructor("return typeof process")()`);
  outside(
    "Function of Function of the files",
    `files.read.constructor.constructor("return typeof require")()`,
  );
  outside("the global object of a host function", `typeof files.read.constructor("return this")().process`);
  outside(
    "the prototype chain of a host function",
    `typeof Object.getPrototypeOf(files.list).constructor("return this")().process`,
  );
  outside("the caller", `(function f() { try { return typeof f.caller } catch { return "undefined" } })()`);
  outside(
    "an error that a host function gave",
    `let e; try { files.read("none") } catch (error) { e = error } typeof e.constructor.constructor("return this")().process`,
  );
  outside(
    "call sites of an error",
    `Error.prepareStackTrace = (_, sites) => sites; let t = typeof new Error().stack?.[0]?.getThis?.(); t`,
  );
  outside("an async function", `typeof (async () => {}).constructor("return this").process`);
  outside(
    "a proxy given to a host function",
    `files.list(new Proxy({}, { get: () => () => "." })); typeof process`,
  );

  gives("a host function is not one's own", `files.read = () => "mine"; files.read("a.txt")`, "first");
  gives(
    "importing",
    `let said = []; for (const name of ["node:fs", "fs", "/etc/passwd", "std", "./a.txt", "data:text/javascript,1"]) { try { await import(name); said.push(name) } catch {} } said`,
    [],
  );
  fails("an import statement", `import fs from "node:fs";`, "SyntaxError");
  gives(
    "an error names no file of the host",
    `let e; try { files.read("none") } catch (error) { e = error } /[/]|node|file:/.test(String(e.stack).replaceAll(/\\(native\\)|library\\.js|program\\.js/g, ""))`,
    false,
  );

  gives(
    "the clock shows UTC and whole milliseconds",
    `[new Date().getTimezoneOffset(), Number.isInteger(performance.now())]`,
    [0, true],
  );
  test("the clock shows a moment of the program's own life", async () => {
    const before = Date.now();
    const shown = Number((await run("Date.now()")).value);
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(Date.now());
  });
  test("chance differs from program to program", async () => {
    const both = [await run("Math.random()"), await run("Math.random()")];
    expect(both[0]?.value).not.toBe(both[1]?.value);
  });
});

describe("files beside the run's own", () => {
  const bad = (path: string): void =>
    fails(`reading ${JSON.stringify(path)}`, `files.read(${JSON.stringify(path)})`, "cannot name a file");
  bad("/etc/passwd");
  bad("../../etc/passwd");
  bad("a/../../b");
  bad("C:/Windows/win.ini");
  bad("..\\..\\secret");
  bad("a.txt\u0000.png");
  bad("e\u0301");
  fails("a very long name", `files.read("x".repeat(1e7))`, "too long");
  fails("a name that is a symbol", `files.read(Symbol("a"))`, "has no file `Symbol(a)`");
  gives("a name that becomes a text when asked", `files.read({ toString: () => "a.txt" })`, "first");
  gives("a decorated name", `files.read("./a.txt")`, "first");
  gives(
    "names of the prototype are names",
    `files.write("__proto__", "1"); files.write("constructor", "2"); [files.read("__proto__"), files.read("constructor"), ({}).polluted]`,
    ["1", "2", null],
  );
  test("and are files for the session as well", async () => {
    const changes = await session.changes(new AbortController().signal);
    expect(changes.ok && changes.value.map((change) => change.path)).toEqual(["__proto__", "constructor"]);
  });
});

describe("a file", () => {
  const hidingPrograms = async (code: string): Promise<ExecResult> => {
    const result = await session.exec(
      { kind: "javascript", code },
      {
        ...everyFile,
        hidden: new Set(["safe/key.txt"]),
        timeoutMs: TIMEOUT_MS,
        signal: new AbortController().signal,
      },
    );
    if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
    return result.value;
  };
  const tries = (name: string, code: string, expected: unknown): void => {
    test(`that programs must not see ${name}`, async () => {
      const result = await hidingPrograms(
        `const attempt = (act) => { try { return act() } catch (error) { return "none" } }; ${code}`,
      );
      expect([result.stderr, result.value === null ? null : JSON.parse(result.value)]).toEqual([
        "",
        expected,
      ]);
    });
  };

  beforeAll(async () => {
    await session.writeFile("safe/key.txt", utf8("planted-content"), new AbortController().signal);
  });

  const names = JSON.stringify([
    "safe/key.txt",
    "./safe/key.txt",
    "safe/key.txt/",
    "./././safe/key.txt//",
    "safe//key.txt",
    "safe/./key.txt",
    "safe/../safe/key.txt",
    "SAFE/KEY.TXT",
    "safe\\key.txt",
    "safe/key.txt\u0000",
    "safe",
    ".",
  ]);
  tries(
    "is not read, however it is called",
    `${names}.map((name) => attempt(() => files.read(name)))`,
    Array.from({ length: 12 }, () => "none"),
  );
  tries(
    "is not listed, however its folder is called",
    `["safe", "./safe/", "safe/key.txt", "."].map((name) => attempt(() => files.list(name).filter((path) => path.includes("key"))))`,
    ["none", "none", "none", []],
  );
  tries(
    "is in no object, error or source that a program reaches",
    `const seen = new Set(); const found = [];
     const walk = (value) => {
       if (typeof value === "string" && (value.includes("planted") || value.includes("key" + ".txt"))) found.push(value);
       if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
       seen.add(value);
       for (const key of Reflect.ownKeys(value)) attempt(() => walk(value[key]));
       if (typeof value === "function") attempt(() => walk(String(value)));
       walk(Object.getPrototypeOf(value));
     };
     walk(globalThis); attempt(() => files.read("nothing")); [seen.size > 100, found]`,
    [true, []],
  );
  tries(
    "is not written over, however it is called, nor is anything put in its way",
    `${names}.filter((name) => attempt(() => { files.write(name, "x"); return "written" }) === "written")`,
    ["SAFE/KEY.TXT"],
  );
  test("that programs must not see is as it was, for programs that may see it", async () => {
    expect(await run(`files.read("safe/key.txt")`)).toMatchObject({ value: '"planted-content"' });
  });
});

describe("what one program leaves for the next", () => {
  test("is files and nothing else", async () => {
    await run(
      `globalThis.left = 1; Object.prototype.left = 1; Array.prototype.push = () => 0; JSON.stringify = () => '"forged"'`,
    );
    expect((await run("[typeof left, ({}).left, [].push(1)]")).value).toBe('["undefined",null,1]');
    expect(({} as { left?: unknown }).left).toBeUndefined();
  });
});

describe("a value that is not what it seems", () => {
  gives("the program's own JSON.stringify is not asked", `JSON.stringify = () => "forged"; ({ a: 1 })`, {
    a: 1,
  });
  gives(
    "nor are its changed prototypes",
    `Promise.prototype.then = () => { throw 1 }; Object.prototype.value = 2; 5`,
    5,
  );
  gives("toJSON is the language", `({ toJSON: () => ["said"] })`, ["said"]);
  gives(
    "getters are asked once, in the sandbox",
    `let asked = 0; const o = { get a() { return ++asked } }; o`,
    { a: 1 },
  );
  gives(
    "a proxy",
    `new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }), get: (_, key) => key === "toJSON" ? undefined : "trapped" })`,
    { a: "trapped" },
  );
  gives("what JSON has no word for", `[NaN, -0, Infinity, undefined, () => 1, Symbol("s")]`, [
    null,
    0,
    null,
    null,
    null,
    null,
  ]);
  gives("nothing", "undefined", null);
  gives("a function", "(() => 1)", null);
  test("a key of the prototype stays a key", async () => {
    expect((await run(`JSON.parse('{"__proto__": {"x": 1}, "a": 2}')`)).value).toBe(
      '{"__proto__":{"x":1},"a":2}',
    );
  });
  test("keys are sorted and numbers canonical", async () => {
    expect((await run(`({ b: 1.0, a: 1e21, "\\u00e9": 1e-7 })`)).value).toBe('{"a":1e+21,"b":1,"é":1e-7}');
  });
  fails("a circle", "const o = {}; o.o = o; o", "circular");
  fails("a large integer", "10n", "BigInt");
  fails("a getter that throws", `({ get a() { throw new Error("trap") } })`, "trap");
  fails("half a surrogate pair", `"\\ud800"`, "surrogate");
  fails("sixty-five levels", "let o = 1; for (let i = 0; i < 65; i += 1) o = [o]; o", "64 deep");
  fails(
    "more than the output limit",
    `"x".repeat(${LIMITS.outputBytesMax})`,
    `${LIMITS.outputBytesMax} bytes`,
  );
  fails(
    "few characters of many bytes",
    `"é".repeat(${LIMITS.outputBytesMax - 10})`,
    `${LIMITS.outputBytesMax} bytes`,
  );
  fails("a promise that nothing settles", "new Promise(() => {})", "nothing settles");
  fails("a promise that is rejected", `Promise.reject(new Error("no"))`, "Error: no");
  fails(
    "a rejection that nobody handles",
    `Promise.reject(new Error("lost")); 1`,
    "unhandled rejection: Error: lost",
  );
  fails("a thrown text", `throw "plain"`, "thrown: plain");
  fails(
    "an error that cannot be shown",
    `throw { get toString() { throw 1 }, toJSON() { throw 2 } }`,
    "cannot be shown",
  );
  fails("an error with a very long message", `throw new Error("x".repeat(1e6))`, "xxx");
  gives(
    "an awaited main function",
    `const main = async () => { await null; return files.read("a.txt") }; main()`,
    "first",
  );
});

describe("more time than allowed", () => {
  verifies("sandbox.wasi.timeout");
  const expires = (name: string, code: string): void => isEnded(name, code, "deadline", SHORT_MS);
  expires("a loop", "for (;;);");
  expires("a loop that catches everything", "for (;;) { try { for (;;); } catch {} finally { continue } }");
  expires("a regular expression", `/^(a+)+$/.test("a".repeat(60) + "b")`);
  expires("a hostile comparator", `[3, 1, 2].sort(() => { for (;;); })`);
  expires("a getter of the value", `({ get a() { for (;;); } })`);
  expires("a trap of the value", `new Proxy({}, { ownKeys() { for (;;); } })`);
  expires("a getter of a thrown error", `throw { get message() { for (;;); }, toString() { for (;;); } }`);
  expires(
    "the text of a thrown error",
    `const e = new Error(); Object.defineProperty(e, "name", { get() { for (;;); } }); throw e`,
  );
  expires("promises that make promises", "(function again() { Promise.resolve().then(again) })()");
  expires("an async loop", "(async () => { for (;;) await null })()");
  expires("microtasks", "(function again() { queueMicrotask(again) })()");
  expires("a generator", "const g = (function* () { for (;;) yield 1 })(); [...g]");
  expires("an iterator without end", "Array.from({ length: 1 }, () => { for (;;); })");
  expires("a conversion to a name", `files.read({ toString() { for (;;); } })`);
  expires("a search that cannot be interrupted", "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)");
  expires(
    "a join that cannot be interrupted",
    "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)",
  );
});

describe("more memory than allowed", () => {
  verifies("sandbox.wasi.memory");
  const runsOut = (name: string, code: string): void => isEnded(name, code, "memory");
  runsOut("buffers", "const kept = []; for (;;) kept.push(new ArrayBuffer(1 << 16))");
  runsOut("arrays", "const kept = []; for (;;) kept.push(new Array(1e5).fill(1))");
  runsOut("objects", "let o = {}; for (;;) o = { o, a: 1 }");
  runsOut(
    "texts",
    `let s = "x"; const kept = []; for (;;) { s += "y".repeat(1000); kept.push(s + kept.length) }`,
  );
  runsOut("a text given to the console", `console.log("x".repeat(2e7), "y".repeat(2e7))`);
  runsOut(
    "JSON of a large object",
    `JSON.stringify(Array.from({ length: 4e5 }, (_, i) => ({ ["key" + i]: "v".repeat(20) })))`,
  );
  runsOut("promises", "const kept = []; for (;;) kept.push(new Promise(() => {}))");
  gives(
    "memory that runs out can be caught, and the program goes on",
    `let n = 0; for (let i = 0; i < 3; i += 1) { try { const kept = []; for (;;) kept.push(new ArrayBuffer(1 << 16)) } catch { n += 1 } } n`,
    3,
  );
  fails("one buffer that is too large to ask for", "new ArrayBuffer(2 ** 40)", "RangeError");
  fails("a text that is too long to ask for", `"x".repeat(2 ** 31)`, "RangeError");
});

describe("deeper than allowed", () => {
  const bounded = (name: string, code: string): void => fails(name, code, "Maximum call stack size exceeded");
  bounded("recursion", "(function f() { return f() + 1 })()");
  bounded("recursion through getters", "const o = { get x() { return this.x + 1 } }; o.x");
  bounded("recursion through replace", `(function f() { "a".replace(/a/, f) })()`);
  bounded("recursion through sort", "(function f() { [1, 2].sort(f) })()");
  bounded("recursion through a proxy", "const p = new Proxy({}, { get: (_, k, r) => r[k] }); p.x");
  bounded(
    "nested objects as JSON",
    "let o = {}; for (let i = 0; i < 5e4; i += 1) o = { o }; JSON.stringify(o)",
  );
  bounded("JSON of nested arrays", `JSON.parse("[".repeat(1e6))`);
  bounded("nested source", `eval("(".repeat(1e5))`);
  gives(
    "can be caught, and the program goes on",
    "let n = 0; try { (function f() { n += 1; f() })() } catch {} n > 100",
    true,
  );
});

describe("more files and output than allowed", () => {
  fails("one large file", `files.write("large", "x".repeat(${LIMITS.fileBytesMax + 1}))`, "too long");
  fails(
    "many files that are too large together",
    `for (let i = 0; i < 10; i += 1) files.write("f" + i, "x".repeat(200000))`,
    "bytes together",
  );
  fails("too many files", `for (let i = 0; i < 100; i += 1) files.write("f" + i, "")`, "16 files");
  fails("a file that is no text", `files.write("x", { toString: () => "x" })`, "TypeError");

  test("fifty megabytes of output", async () => {
    const result = await run(
      `const line = "x".repeat(99999); for (let i = 0; i < 500; i += 1) console.log(line); 1`,
    );
    expect(result).toMatchObject({ ended: "exited", exitCode: 0, value: "1" });
    expect(result.stdout).toHaveLength(LIMITS.outputBytesMax);
    expect(result.droppedBytes).toBe(500 * 100_000 - LIMITS.outputBytesMax);
  });
  test("a flood on both streams keeps both limits", async () => {
    const result = await run(`for (let i = 0; i < 1e4; i += 1) { console.log("out"); console.error("err") }`);
    expect([result.stdout.length, result.stderr.length]).toEqual([
      LIMITS.outputBytesMax,
      LIMITS.outputBytesMax,
    ]);
  });
  test("bytes that look like the host's own frames are output", async () => {
    const result = await run(`console.log("\\u0003\\u0000\\u0000\\u0000\\u0002{}"); 7`);
    expect(result).toMatchObject({ stdout: "\u0003\0\0\0\u0002{}\n", value: "7" });
  });
  test("control sequences are data", async () => {
    const text = "\u001b]0;title\u0007\u001b[2J\u202e";
    expect((await run(`console.log(${JSON.stringify(text)})`)).stdout).toBe(`${text}\n`);
  });
  test("half a surrogate pair becomes the replacement character", async () => {
    expect((await run(`console.log("a\\ud800b")`)).stdout).toBe("a\ufffdb\n");
  });
  test("a long line is not cut inside a character", async () => {
    const result = await run(`console.log("🙂".repeat(3000))`);
    expect(result.stdout).toBe(`${"🙂".repeat(3000)}\n`);
  });
});

test("after all of this no process is left behind", async () => {
  expect(await built.processes()).toEqual([]);
});
