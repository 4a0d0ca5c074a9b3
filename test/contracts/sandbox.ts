import { createHash } from "node:crypto";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { utf8 } from "#kernel/bytes.ts";
import type { JsonValue } from "#kernel/json.ts";
import type { Result } from "#kernel/result.ts";
import type {
  ExecOptions,
  ExecResult,
  ProgramChange,
  SandboxFault,
  SandboxFile,
  SandboxLimits,
  SandboxProgram,
  SandboxProvider,
  SandboxSession,
} from "#ports/sandbox.ts";
import { everyFile } from "#test/kit/sandbox-fake.ts";

/** Programs in whatever the tier runs, each doing just what its name says. */
export interface SandboxPrograms {
  /** Prints a text and a line feed. */
  prints(stream: "stdout" | "stderr", text: string): SandboxProgram;
  /** Prints a file's text and a line feed. */
  printsFile(path: string): SandboxProgram;
  /** Prints the paths of the files below a folder, each with a line feed; fails where there is none. */
  lists(folder: string): SandboxProgram;
  writes(path: string, text: string): SandboxProgram;
  /** Writes and then ends with an exit code that is not 0. */
  writesAndFails(path: string, text: string): SandboxProgram;
  /** Writes, prints `begun` and a line feed, and then never ends by itself. */
  writesAndHangs(path: string, text: string): SandboxProgram;
  /** Writes and then asks for more memory without end. */
  writesAndHogs(path: string, text: string): SandboxProgram;
  /** Null where programs of the tier have no value. */
  gives(value: JsonValue): SandboxProgram | null;
}

export interface SandboxSubject {
  readonly name: string;
  readonly provider: SandboxProvider;
  readonly programs: SandboxPrograms;
  /** What a closed session left behind on this machine, such as ids of processes. */
  leftBehind(): Promise<readonly string[]>;
}

const LIMITS: SandboxLimits = {
  memoryBytesMax: 16 * 1024 * 1024,
  fileBytesMax: 64 * 1024,
  filesMax: 32,
  outputBytesMax: 4096,
};

const TIMEOUT_MS = 20_000;
/** For programs that never end by themselves. */
const SHORT_MS = 250;

const never = (): AbortSignal => new AbortController().signal;

const valueOf = <T>(result: Result<T, SandboxFault>): T => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${result.fault.message}`);
  return result.value;
};

const codeOf = (result: Result<unknown, SandboxFault>): string => (result.ok ? "ok" : result.fault.code);

const file = (path: string, text: string): SandboxFile => ({ path, bytes: utf8(text), executable: false });

/** What every tier must do, whatever it is made of. */
export const sandboxContract = (subject: SandboxSubject): void => {
  const { provider, programs } = subject;

  describe(`${subject.name} keeps the sandbox contract`, () => {
    let session: SandboxSession;
    const files = [
      file("a.txt", "first"),
      file("folder/b.txt", "second"),
      file("folder/deep/c.txt", "third"),
    ];

    beforeEach(async () => {
      session = valueOf(await provider.open({ files, limits: LIMITS }, never()));
    });
    afterEach(async () => {
      await session.close();
      expect(await subject.leftBehind()).toEqual([]);
    });

    const exec = async (program: SandboxProgram, timeoutMs = TIMEOUT_MS): Promise<ExecResult> =>
      valueOf(await session.exec(program, { ...everyFile, timeoutMs, signal: never() }));
    const read = async (path: string): Promise<string> =>
      Buffer.from(valueOf(await session.readFile(path, { bytesMax: 65_536, signal: never() }))).toString();
    const paths = async (folder = "."): Promise<readonly string[]> =>
      valueOf(await session.listFiles(folder, never())).map((one) => one.path);
    const changes = async (): Promise<readonly string[]> =>
      valueOf(await session.changes(never())).map((change) => `${change.kind} ${change.path}`);

    describe("files", () => {
      test("come out as they went in", async () => {
        expect(await paths()).toEqual(["a.txt", "folder/b.txt", "folder/deep/c.txt"]);
        expect(await read("folder/b.txt")).toBe("second");
      });

      test("hold any bytes, and none", async () => {
        const bytes = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);
        valueOf(await session.writeFile("bytes", bytes, never()));
        valueOf(await session.writeFile("nothing", new Uint8Array(), never()));
        expect(valueOf(await session.readFile("bytes", { bytesMax: 1024, signal: never() }))).toEqual(bytes);
        expect(valueOf(await session.readFile("nothing", { bytesMax: 0, signal: never() }))).toHaveLength(0);
      });

      test("are replaced whole, in folders made as needed", async () => {
        valueOf(await session.writeFile("a.txt", utf8("1"), never()));
        valueOf(await session.writeFile("new/folder/d.txt", utf8("2"), never()));
        expect(await read("a.txt")).toBe("1");
        expect(await paths("new")).toEqual(["new/folder/d.txt"]);
      });

      test("are not shared with whoever wrote them", async () => {
        const bytes = utf8("mine");
        valueOf(await session.writeFile("a.txt", bytes, never()));
        bytes.fill(0);
        expect(await read("a.txt")).toBe("mine");
      });

      test("are listed below a folder only, with sizes, by code units", async () => {
        for (const name of ["folder-2/x", "folder/B.txt", "folder/ä.txt"]) {
          valueOf(await session.writeFile(name, utf8("12"), never()));
        }
        expect(valueOf(await session.listFiles("folder", never()))).toEqual([
          { path: "folder/B.txt", sizeBytes: 2 },
          { path: "folder/b.txt", sizeBytes: 6 },
          { path: "folder/deep/c.txt", sizeBytes: 5 },
          { path: "folder/ä.txt", sizeBytes: 2 },
        ]);
      });

      test("with names that differ in case only are different files", async () => {
        valueOf(await session.writeFile("A.TXT", utf8("other"), never()));
        expect(await read("a.txt")).toBe("first");
        expect(await read("A.TXT")).toBe("other");
      });

      test.each(["__proto__", "constructor", "toString", "-rf", "a b'\"$(id)`;&|*", "日本/🙂"])(
        "may be called %s",
        async (name) => {
          valueOf(await session.writeFile(name, utf8("x"), never()));
          expect(await read(name)).toBe("x");
        },
      );

      test.each([
        ["empty", ""],
        ["absolute", "/etc/passwd"],
        ["above", "../outside"],
        ["above in the middle", "folder/../../outside"],
        ["NUL", "a.txt\0.png"],
        ["line feed", "a\nb"],
        ["backslash", "folder\\b.txt"],
        ["decomposed", "e\u0301.txt"],
        ["too long", "x".repeat(1025)],
        ["too long a part", "x".repeat(256)],
      ])("cannot have a name that is %s", async (_, name) => {
        expect(codeOf(await session.readFile(name, { bytesMax: 10, signal: never() }))).toBe(
          "SANDBOX_BAD_PATH",
        );
        expect(codeOf(await session.writeFile(name, utf8("x"), never()))).toBe("SANDBOX_BAD_PATH");
        expect(codeOf(await session.listFiles(name, never()))).toBe("SANDBOX_BAD_PATH");
        const opened = await provider.open({ files: [file(name, "x")], limits: LIMITS }, never());
        expect(codeOf(opened)).toBe("SANDBOX_BAD_PATH");
      });

      test("that are not there, or are folders, are faults", async () => {
        const reading = { bytesMax: 10, signal: never() };
        expect(codeOf(await session.readFile("none", reading))).toBe("SANDBOX_NO_SUCH_FILE");
        expect(codeOf(await session.readFile("folder", reading))).toBe("SANDBOX_NOT_A_FILE");
        expect(codeOf(await session.listFiles("none", never()))).toBe("SANDBOX_NO_SUCH_FILE");
        expect(codeOf(await session.writeFile("folder", utf8("x"), never()))).toBe("SANDBOX_NOT_A_FILE");
        expect(codeOf(await session.writeFile("a.txt/x", utf8("x"), never()))).toBe("SANDBOX_NOT_A_FILE");
      });

      test("larger than asked for are not read", async () => {
        const reading = await session.readFile("a.txt", { bytesMax: 4, signal: never() });
        expect(codeOf(reading)).toBe("SANDBOX_TOO_LARGE");
      });
    });

    describe("limits on files", () => {
      test("bind what a session begins with", async () => {
        const large = { path: "large", bytes: new Uint8Array(LIMITS.fileBytesMax + 1), executable: false };
        const many = Array.from({ length: LIMITS.filesMax + 1 }, (_, index) => file(`f${index}`, ""));
        for (const begun of [[large], many]) {
          expect(codeOf(await provider.open({ files: begun, limits: LIMITS }, never()))).toBe(
            "SANDBOX_TOO_LARGE",
          );
        }
      });

      test("bind what is written", async () => {
        const large = new Uint8Array(LIMITS.fileBytesMax);
        expect(codeOf(await session.writeFile("large", large, never()))).toBe("SANDBOX_TOO_LARGE");
        expect(await changes()).toEqual([]);
        valueOf(await session.writeFile("large", large.subarray(1024), never()));
      });

      test("bind programs", async () => {
        const result = await exec(programs.writes("large", "x".repeat(LIMITS.fileBytesMax)));
        expect(result.exitCode).not.toBe(0);
        const sizes = valueOf(await session.listFiles(".", never())).map((one) => one.sizeBytes);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(LIMITS.fileBytesMax);
      });
    });

    describe("programs", () => {
      test("exit with 0 and keep their outputs apart", async () => {
        const said = await exec(programs.prints("stdout", "out"));
        expect(said).toMatchObject({
          exitCode: 0,
          ended: "exited",
          stdout: "out\n",
          stderr: "",
          droppedBytes: 0,
        });
        expect(await exec(programs.prints("stderr", "err"))).toMatchObject({ stdout: "", stderr: "err\n" });
      });

      test("see the session's files", async () => {
        valueOf(await session.writeFile("new.txt", utf8("given"), never()));
        expect((await exec(programs.printsFile("new.txt"))).stdout).toBe("given\n");
      });

      test("leave files to the session and to the next program", async () => {
        await exec(programs.writes("folder/b.txt", "written"));
        expect(await read("folder/b.txt")).toBe("written");
        expect((await exec(programs.printsFile("folder/b.txt"))).stdout).toBe("written\n");
      });

      test("that fail are values, and their files stay", async () => {
        const result = await exec(programs.writesAndFails("left.txt", "here"));
        expect(result).toMatchObject({ ended: "exited", value: null });
        expect(result.exitCode).toBeGreaterThan(0);
        expect(await read("left.txt")).toBe("here");
      });

      test("run one after the other", async () => {
        const both = await Promise.all([
          exec(programs.writes("one", "1")),
          exec(programs.writes("two", "2")),
        ]);
        expect(both.map((result) => result.exitCode)).toEqual([0, 0]);
        expect(await changes()).toEqual(["created one", "created two"]);
      });

      test("of a kind that the tier lacks are refused", async () => {
        const kinds: readonly SandboxProgram[] = [
          { kind: "javascript", code: "1" },
          { kind: "shell", command: "true" },
        ];
        for (const program of kinds.filter(({ kind }) => !session.programs.includes(kind))) {
          const result = await session.exec(program, {
            ...everyFile,
            timeoutMs: TIMEOUT_MS,
            signal: never(),
          });
          expect(codeOf(result)).toBe("SANDBOX_UNSUPPORTED");
        }
      });

      test("give a value as canonical JSON where the tier has values", async () => {
        const program = programs.gives({ b: [1, null, "é"], a: 1e21 });
        const result = program === null ? null : await exec(program);
        expect(result?.value ?? '{"a":1e+21,"b":[1,null,"é"]}').toBe('{"a":1e+21,"b":[1,null,"é"]}');
      });
    });

    describe("hidden files", () => {
      const execHiding = async (
        program: SandboxProgram,
        hidden: readonly string[],
        options: Partial<ExecOptions> = {},
      ): Promise<ExecResult> =>
        valueOf(
          await session.exec(program, {
            ...everyFile,
            hidden: new Set(hidden),
            timeoutMs: TIMEOUT_MS,
            signal: never(),
            ...options,
          }),
        );
      const all = ["a.txt", "folder/b.txt", "folder/deep/c.txt"];

      test("are read like files that are not there", async () => {
        const hidden = await execHiding(programs.printsFile("a.txt"), ["a.txt"]);
        const missing = await execHiding(programs.printsFile("n.txt"), ["a.txt"]);
        expect(hidden.exitCode).not.toBe(0);
        expect({ ...hidden, wallMs: 0 }).toEqual({
          ...missing,
          stderr: missing.stderr.replaceAll("n.txt", "a.txt"),
          wallMs: 0,
        });
        expect(hidden.stdout).toBe("");
      });

      test("are not listed, nor are folders that hold nothing else", async () => {
        expect((await execHiding(programs.lists("."), ["folder/b.txt"])).stdout).toBe(
          "a.txt\nfolder/deep/c.txt\n",
        );
        const deep = await execHiding(programs.lists("folder/deep"), ["folder/deep/c.txt"]);
        expect(deep).toMatchObject({ stdout: "" });
        expect(deep.exitCode).not.toBe(0);
        expect((await execHiding(programs.lists("."), all)).stdout).toBe("");
      });

      test.each([
        ["written over", "a.txt", "a.txt"],
        ["written below", "a.txt/x", "a.txt"],
        ["replaced by a file in place of their folder", "folder/deep", "folder/deep/c.txt"],
        ["replaced by a file in place of a folder further up", "folder", "folder/deep/c.txt"],
      ])("cannot be %s", async (_, path, hidden) => {
        const result = await execHiding(programs.writes(path, "x"), [hidden]);
        expect(result.exitCode).not.toBe(0);
        expect(await changes()).toEqual([]);
      });

      test("are written beside, and are there again for the next program", async () => {
        await execHiding(programs.writes("folder/deep/new.txt", "new"), ["folder/deep/c.txt"]);
        expect(await paths()).toEqual([...all, "folder/deep/new.txt"]);
        expect(await read("folder/deep/c.txt")).toBe("third");
        expect((await exec(programs.printsFile("folder/deep/c.txt"))).stdout).toBe("third\n");
      });

      test("that are not there cannot be made", async () => {
        const result = await execHiding(programs.writes("n.txt", "x"), ["n.txt"]);
        expect(result.exitCode).not.toBe(0);
        expect(await changes()).toEqual([]);
      });

      test("count towards the session's limits", async () => {
        valueOf(await session.writeFile("large", new Uint8Array(LIMITS.fileBytesMax / 2), never()));
        const program = programs.writes("other", "x".repeat(LIMITS.fileBytesMax / 2));
        expect((await execHiding(program, ["large"])).exitCode).not.toBe(0);
        expect(await paths()).toEqual(["a.txt", ...all.slice(1), "large"]);
      });
    });

    describe("changes of a program", () => {
      const execAsking = async (
        program: SandboxProgram,
        mayKeep: ExecOptions["mayKeep"],
      ): Promise<Result<ExecResult, SandboxFault>> =>
        session.exec(program, { ...everyFile, mayKeep, timeoutMs: TIMEOUT_MS, signal: never() });

      test("are shown as they would be kept, once", async () => {
        const asked: (readonly ProgramChange[])[] = [];
        valueOf(await session.writeFile("mine.txt", utf8("before"), never()));
        for (const program of [programs.writes("a.txt", "A"), programs.writesAndFails("z.txt", "Z")]) {
          valueOf(
            await execAsking(program, async (made) => {
              asked.push(made);
              return true;
            }),
          );
        }
        expect(asked).toEqual([
          [{ path: "a.txt", kind: "changed", bytes: utf8("A") }],
          [{ path: "z.txt", kind: "created", bytes: utf8("Z") }],
        ]);
        expect(await read("a.txt")).toBe("A");
      });

      test("that are refused leave files as if it had never run, and its end as it was", async () => {
        const result = valueOf(await execAsking(programs.writes("a.txt", "A"), async () => false));
        expect(result).toMatchObject({ ended: "exited", exitCode: 0 });
        expect(await changes()).toEqual([]);
        expect((await exec(programs.printsFile("a.txt"))).stdout).toBe("first\n");
      });

      test("that are none are not asked about", async () => {
        const never = (): Promise<boolean> => Promise.reject(new Error("was asked"));
        for (const program of [programs.printsFile("a.txt"), programs.writes("a.txt", "first")]) {
          expect(valueOf(await execAsking(program, never)).ended).toBe("exited");
        }
      });

      test("are dropped, and the call rejects, where asking does", async () => {
        const running = execAsking(programs.writes("a.txt", "A"), () => Promise.reject(new Error("broke")));
        await expect(running).rejects.toThrow("broke");
        expect(await changes()).toEqual([]);
      });

      test("are dropped by an abort while somebody is asked", async () => {
        const abort = new AbortController();
        const running = session.exec(programs.writes("a.txt", "A"), {
          ...everyFile,
          timeoutMs: TIMEOUT_MS,
          signal: abort.signal,
          mayKeep: async () => {
            abort.abort();
            return true;
          },
        });
        await expect(running).rejects.toMatchObject({ name: "AbortError" });
        expect(await changes()).toEqual([]);
      });

      test("do not hold up closing the session", async () => {
        let asked = (): void => undefined;
        const isAsked = new Promise<void>((resolve) => (asked = resolve));
        const running = execAsking(
          programs.writes("a.txt", "A"),
          (_, signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(new Error("told to stop")), { once: true });
              asked();
            }),
        );
        await isAsked;
        await session.close();
        expect(codeOf(await running)).toBe("SANDBOX_LOST");
      });
    });

    describe("output", () => {
      const flood = "0123456789abcdef".repeat(1024);

      test("beyond the limit is dropped and counted", async () => {
        const result = await exec(programs.prints("stdout", flood));
        expect(result.stdout).toBe(flood.slice(0, LIMITS.outputBytesMax));
        expect(result.droppedBytes).toBe(flood.length + 1 - LIMITS.outputBytesMax);
      });

      test("is cut between characters", async () => {
        const result = await exec(programs.prints("stderr", `x${"é".repeat(LIMITS.outputBytesMax)}`));
        expect(result.stderr).toBe(`x${"é".repeat((LIMITS.outputBytesMax - 2) / 2)}`);
      });

      test("comes as it is printed, and is the same in the end", async () => {
        const seen: string[] = [];
        const result = valueOf(
          await session.exec(programs.prints("stdout", flood), {
            ...everyFile,
            timeoutMs: TIMEOUT_MS,
            signal: never(),
            onOutput: (stream, text) => seen.push(`${stream}:${text}`),
          }),
        );
        expect(seen.join("").replaceAll("stdout:", "")).toBe(result.stdout);
      });

      test("is data: control sequences stay as they are", async () => {
        const text = "\u001b[31m\u0000\u202e\r\n";
        expect((await exec(programs.prints("stdout", text))).stdout).toBe(`${text}\n`);
      });
    });

    describe("a program that does not end by itself", () => {
      const usable = async (): Promise<void> => {
        expect(await changes()).toEqual([]);
        expect((await exec(programs.printsFile("a.txt"))).stdout).toBe("first\n");
      };

      test("is ended at its deadline, its output kept and its files as before", async () => {
        const result = await exec(programs.writesAndHangs("left.txt", "x"), SHORT_MS);
        expect(result).toMatchObject({ ended: "deadline", exitCode: null, value: null, stdout: "begun\n" });
        await usable();
      });

      test("is ended where it takes too much memory, its files as before", async () => {
        const result = await exec(programs.writesAndHogs("left.txt", "x"));
        expect(result).toMatchObject({ ended: "memory", exitCode: null, value: null });
        await usable();
      });

      test("is ended by an abort, which is no fault, its files as before", async () => {
        const abort = new AbortController();
        const running = session.exec(programs.writesAndHangs("left.txt", "x"), {
          ...everyFile,
          timeoutMs: TIMEOUT_MS,
          signal: abort.signal,
          onOutput: () => abort.abort(),
        });
        await expect(running).rejects.toMatchObject({ name: "AbortError" });
        await usable();
      });

      test("is ended by closing the session", async () => {
        let begun = (): void => undefined;
        const hasBegun = new Promise<void>((resolve) => (begun = resolve));
        const running = session.exec(programs.writesAndHangs("left.txt", "x"), {
          ...everyFile,
          timeoutMs: TIMEOUT_MS,
          signal: never(),
          onOutput: () => begun(),
        });
        await hasBegun;
        await session.close();
        expect(codeOf(await running)).toBe("SANDBOX_LOST");
      });
    });

    describe("changes", () => {
      test("are none at first, and none where bytes are equal", async () => {
        valueOf(await session.writeFile("a.txt", utf8("first"), never()));
        expect(await changes()).toEqual([]);
      });

      test("count from the beginning, with bytes and digests", async () => {
        await exec(programs.writes("z.txt", "new"));
        valueOf(await session.writeFile("a.txt", utf8("second"), never()));
        const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
        expect(valueOf(await session.changes(never()))).toEqual([
          { path: "a.txt", kind: "changed", bytes: utf8("second"), digest: sha256("second") },
          { path: "z.txt", kind: "created", bytes: utf8("new"), digest: sha256("new") },
        ]);
      });
    });

    describe("cancelled before it begins", () => {
      const aborted = AbortSignal.abort();
      test.each<readonly [string, () => Promise<unknown>]>([
        ["probing", () => provider.probe(aborted)],
        ["opening", () => provider.open({ files: [], limits: LIMITS }, aborted)],
        [
          "running",
          () =>
            session.exec(programs.prints("stdout", "x"), { ...everyFile, timeoutMs: 1000, signal: aborted }),
        ],
        ["reading", () => session.readFile("a.txt", { bytesMax: 10, signal: aborted })],
        ["writing", () => session.writeFile("a.txt", utf8("x"), aborted)],
        ["listing", () => session.listFiles(".", aborted)],
        ["comparing", () => session.changes(aborted)],
      ])("%s is an AbortError", async (_, act) => {
        await expect(act()).rejects.toMatchObject({ name: "AbortError" });
        expect(await changes()).toEqual([]);
      });
    });

    describe("a closed session", () => {
      test("closes twice and does nothing more", async () => {
        await session.close();
        await session.close();
        const after = [
          session.exec(programs.prints("stdout", "x"), { ...everyFile, timeoutMs: 1000, signal: never() }),
          session.readFile("a.txt", { bytesMax: 10, signal: never() }),
          session.writeFile("a.txt", utf8("x"), never()),
          session.listFiles(".", never()),
          session.changes(never()),
        ];
        for (const result of after) expect(codeOf(await result)).toBe("SANDBOX_LOST");
      });
    });

    test("two sessions share nothing", async () => {
      const other = valueOf(await provider.open({ files: [], limits: LIMITS }, never()));
      valueOf(await other.writeFile("a.txt", utf8("other"), never()));
      expect(await read("a.txt")).toBe("first");
      await session.close();
      const result = valueOf(
        await other.exec(programs.printsFile("a.txt"), {
          ...everyFile,
          timeoutMs: TIMEOUT_MS,
          signal: never(),
        }),
      );
      expect(result.stdout).toBe("other\n");
      await other.close();
    });

    test("the probe names the engine and shows its limits", async () => {
      const probe = valueOf(await provider.probe(never()));
      expect(probe.tier).toBe(provider.tier);
      expect(probe.engine).toMatch(/\d/);
      expect(probe.limits.length).toBeGreaterThan(0);
      for (const limit of probe.limits) expect(limit.shown).not.toBe("");
    });
  });
};
