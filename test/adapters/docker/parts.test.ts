import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createArchiveEnd, createDriverOutput, driverInput, wholeArchive } from "#adapters/docker/driver.ts";
import { isStaticProgram } from "#adapters/docker/elf.ts";
import { engineSocket } from "#adapters/docker/endpoint.ts";
import { wantedImage } from "#adapters/docker/image.ts";
import { createFrameReader } from "#adapters/docker/frames.ts";
import { localImage } from "#adapters/docker/local-image.ts";
import { readProcessorShare, shownShare } from "#adapters/docker/processor-share.ts";
import { createProgramOutput } from "#adapters/docker/program-output.ts";
import { createContainerMemory } from "#adapters/docker/state-files.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { SandboxProbe, SandboxProgram } from "#ports/sandbox.ts";
import { containerProfile } from "#sandbox/container-profile.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";
import type { TarFile } from "#sandbox/tar-write.ts";

const folder = mkdtempSync(join(tmpdir(), "writ-docker-"));
const MARK = "0123456789abcdef".repeat(2);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the engine's socket", () => {
  test.each([
    [undefined, "/var/run/docker.sock"],
    ["", "/var/run/docker.sock"],
    ["unix:///run/user/1000/docker.sock", "/run/user/1000/docker.sock"],
  ])("named %s is %s", (host, socket) => {
    expect(engineSocket({ DOCKER_HOST: host })).toEqual({ ok: true, value: socket });
  });
  test.each([
    "tcp://127.0.0.1:2375",
    "tcp://10.0.0.1:2376",
    "http://x",
    "ssh://x",
    "npipe:////./pipe/x",
    "unix://",
    "unix://relative",
    "/var/run/docker.sock",
    "fd://",
    "unix:///",
    `unix:///${"a".repeat(107)}`,
  ])("is not %s", (host) => {
    expect(engineSocket({ DOCKER_HOST: host })).toMatchObject({
      ok: false,
      fault: { code: "SANDBOX_UNAVAILABLE" },
    });
  });
});

test.each(["../../containers/json", "a b", "-x", "a\nb", "a/../b", "?", "x".repeat(501)])(
  "%j is no name of an image, and no engine is asked for it",
  async (named) => {
    expect(await wantedImage(named, createNodeCrypto())).toMatchObject({
      fault: { message: expect.stringMatching(/^WRIT_SANDBOX_IMAGE is no name of an image: /) },
    });
  },
);
test.each(["node:24", "a1b2c3d4e5f6", "registry.example:5000/team/box@sha256:00ff"])(
  "%s is a name of an image",
  async (named) => {
    expect(await wantedImage(named, createNodeCrypto())).toEqual({
      ok: true,
      value: { name: named, made: null },
    });
  },
);

describe("frames of output", () => {
  const frame = (stream: number, text: string): Uint8Array => {
    const bytes = utf8(text);
    const header = new Uint8Array(8);
    header[0] = stream;
    new DataView(header.buffer).setUint32(4, bytes.length);
    return concatBytes(header, bytes);
  };
  test("are the same however they are cut", () => {
    const said = fc.array(fc.record({ stream: fc.constantFrom(1, 2), text: fc.string({ maxLength: 40 }) }));
    fc.assert(
      fc.property(said, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (frames, cuts) => {
        const all = concatBytes(...frames.map(({ stream, text }) => frame(stream, text)));
        const reader = createFrameReader();
        const seen = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
        for (let at = 0, turn = 0; at < all.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          for (const { stream, bytes } of reader.push(all.subarray(at, at + size)) ?? [])
            seen[stream].push(bytes);
          at += size;
        }
        for (const [number, stream] of [
          [1, "stdout"],
          [2, "stderr"],
        ] as const) {
          const wanted = frames.filter((one) => one.stream === number).map(({ text }) => text);
          expect(concatBytes(...seen[stream])).toEqual(utf8(wanted.join("")));
        }
      }),
    );
  });
  test.each([0, 3, 255])("of a stream %d are none", (stream) => {
    expect(createFrameReader().push(frame(stream, "x"))).toBeNull();
  });
});

describe("a program's outputs", () => {
  test("end in the replacement character where a character is not whole", () => {
    const output = createProgramOutput(100, undefined);
    output.take({ stream: "stdout", bytes: Uint8Array.of(0x61, 0xc3) });
    expect(output.end()).toEqual({ stdout: "a\ufffd", stderr: "", droppedBytes: 0 });
  });
  test("are one text, however characters are cut", () => {
    const output = createProgramOutput(100, undefined);
    for (const byte of utf8("é🙂")) output.take({ stream: "stderr", bytes: Uint8Array.of(byte) });
    expect(output.end().stderr).toBe("é🙂");
  });
  test("that never end are no longer taken", () => {
    const output = createProgramOutput(10, undefined);
    const bytes = new Uint8Array(32 * 1024 * 1024).fill(0x78);
    const taken = Array.from({ length: 6 }, () => output.take({ stream: "stdout", bytes }));
    expect(taken).toEqual([true, true, true, true, false, false]);
    expect(output.end().stdout).toBe("x".repeat(10));
  });
});

describe("what a driver is given", () => {
  const given = (program: SandboxProgram, files: readonly TarFile[] = []): readonly [string, Uint8Array] => {
    const input = driverInput({ program, files, limits: WASM_LIMITS_DEFAULT, mark: MARK, lifeSecondsMax: 7 });
    const line = input.indexOf(0x0a);
    return [Buffer.from(input.subarray(0, line)).toString(), input.subarray(line + 1)];
  };
  test("is a program of any length, on standard input and not on the command line", () => {
    const long = "x".repeat(1_000_000);
    expect(given({ kind: "shell", command: long })).toEqual([`${MARK} 0 shell 256 262144 7`, utf8(long)]);
    expect(given({ kind: "javascript", code: long })[1]).toEqual(utf8(long));
  });
  test("is a line of settings, which no text of a program reaches, and whole records of files", () => {
    const [line, rest] = given({ kind: "javascript", code: "a\nb" }, [
      { path: "a", bytes: utf8("1"), executable: false },
    ]);
    expect(line).toBe(`${MARK} 1 javascript 256 262144 7`);
    expect(rest).toHaveLength(10_240 + 3);
    expect(rest.subarray(10_240)).toEqual(utf8("a\nb"));
  });
});

describe("what a driver says", () => {
  const said = (chunks: readonly Uint8Array[]) => {
    const archive: Uint8Array[] = [];
    const output = createDriverOutput(MARK, (bytes) => archive.push(bytes));
    const own = chunks.map((chunk) => output.push(chunk).slice());
    return { own: concatBytes(...own, output.rest()), archive: concatBytes(...archive), end: output.end() };
  };
  test("is told from the program's output, however both are cut", () => {
    const looksLikeIt = fc.constantFrom("\n", `\n${MARK.slice(0, 9)}`, `\n${MARK.slice(0, -1)}`, MARK, "x");
    fc.assert(
      fc.property(
        fc.array(looksLikeIt),
        fc.uint8Array({ maxLength: 60 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        fc.boolean(),
        (texts, files, cuts, ends) => {
          fc.pre(!texts.join("").includes(`\n${MARK}`));
          const own = utf8(texts.join(""));
          const all = ends ? concatBytes(own, utf8(`\n${MARK} 3 1\n`), files) : own;
          const chunks: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < all.length; turn += 1) {
            const size = cuts[turn % cuts.length] ?? 1;
            chunks.push(all.subarray(at, at + size));
            at += size;
          }
          expect(said(chunks)).toEqual({
            own,
            archive: ends ? files : new Uint8Array(),
            end: ends ? { exitCode: 3, memoryKills: 1 } : null,
          });
        },
      ),
    );
  });
  test.each([" 1000 0\n", " x 0\n", " 0 \n", "  0 0\n", " 0 0 \n", " 0 99999999999999999999\n"])(
    "is no end where its line is %j",
    (line) => {
      expect(said([utf8(`\n${MARK}${line}`), new Uint8Array(100_000)])).toMatchObject({
        end: null,
        own: new Uint8Array(),
      });
    },
  );
  test("ends an archive where its last line is the last thing said, however it is cut", () => {
    const tails = fc.constantFrom(`\n${MARK} 0\n`, `\n${MARK} 1\n`, `${MARK} 0\n`, "");
    fc.assert(
      fc.property(fc.string(), tails, fc.integer({ min: 1, max: 40 }), (files, tail, size) => {
        const all = utf8(`${files}x${tail}`);
        const end = createArchiveEnd(MARK);
        for (let at = 0; at < all.length; at += size) end.push(all.subarray(at, at + size));
        expect(end.isThere()).toBe(wholeArchive(all, MARK) !== null);
        expect(end.isThere()).toBe(tail === `\n${MARK} 0\n`);
      }),
    );
  });
  test.each([
    [`files\n${MARK} 0\n`, "files"],
    [`\n${MARK} 0\n`, ""],
    [`files\n${MARK} 1\n`, null],
    [`files\n${MARK} 0\nx`, null],
    [`files`, null],
    ["", null],
  ])("is a whole archive or none: %j", (text, files) => {
    expect(wholeArchive(utf8(text), MARK)).toEqual(files === null ? null : utf8(files));
  });
});

describe("a container's share of the processors", () => {
  const id = "ab".repeat(32);
  const first = {
    "/proc/7/cgroup": `9:memory:/docker/${id}\n1:cpu,cpuacct:/docker/${id}\n0::/\n`,
    [`/sys/fs/cgroup/cpu/docker/${id}/cgroup.procs`]: "6\n7\n",
    [`/sys/fs/cgroup/cpu/docker/${id}/cpu.cfs_quota_us`]: "100000\n",
    [`/sys/fs/cgroup/cpu/docker/${id}/cpu.cfs_period_us`]: "100000\n",
    [`/sys/fs/cgroup/cpu/docker/${id}/cpu.stat`]: "nr_periods 9\nnr_throttled 4\nthrottled_time 5\n",
  };
  const scope = `/system.slice/docker-${id}.scope`;
  const second = {
    "/proc/7/cgroup": `0::${scope}\n`,
    [`/sys/fs/cgroup${scope}/cgroup.procs`]: "7\n8\n",
    [`/sys/fs/cgroup${scope}/cpu.max`]: "100000 100000\n",
    [`/sys/fs/cgroup${scope}/cpu.stat`]: "usage_usec 1\nnr_periods 9\nnr_throttled 4\nnr_bursts 0\n",
  };
  const shown = async (files: Readonly<Record<string, string>>, processId = 7): Promise<string | null> => {
    const read = (path: string): Promise<string> =>
      Object.hasOwn(files, path) ? Promise.resolve(files[path] ?? "") : Promise.reject(new Error("ENOENT"));
    return shownShare(await readProcessorShare({ id, processId }, read), 1);
  };
  const HELD = "100000 of each 100000 microseconds, read back from its control group";

  test.each([
    ["version 1", first],
    ["version 2", second],
  ])("is read back from a group of %s, with the periods in which it was held back", async (_, files) => {
    expect(await shown(files)).toBe(`${HELD}; a program that wanted more was held back in 4 of 9 periods`);
  });
  test("that nothing wanted more of is said so", async () => {
    const idle = { ...second, [`/sys/fs/cgroup${scope}/cpu.stat`]: "nr_periods 2\nnr_throttled 0\n" };
    expect(await shown(idle)).toBe(`${HELD}; nothing had to be held back while it was tried`);
  });
  test.each([
    ["no group", {}],
    ["another container's process", { ...second, "/proc/7/cgroup": "0::/user.slice\n" }],
    ["a place above", { ...second, "/proc/7/cgroup": `0::/../docker-${id}.scope\n` }],
    ["another group of that name", { ...second, [`/sys/fs/cgroup${scope}/cgroup.procs`]: "8\n" }],
    ["no controller", { ...second, [`/sys/fs/cgroup${scope}/cpu.max`]: undefined }],
    ["no number", { ...second, [`/sys/fs/cgroup${scope}/cpu.max`]: "much\n" }],
    ["no counts", { ...second, [`/sys/fs/cgroup${scope}/cpu.stat`]: "usage_usec 1\n" }],
  ])("is configured and not shown where there is %s", async (_, files) => {
    expect(await shown(files)).toMatch(/^configured, not shown: 1 processor/);
  });
  test("of a container that does not run is not shown", async () => {
    expect(await shown(first, 0)).toMatch(/^configured, not shown/);
  });
  test.each(["max 100000\n", "200000 100000\n"])("is not the one configured: %j", async (bound) => {
    expect(await shown({ ...second, [`/sys/fs/cgroup${scope}/cpu.max`]: bound })).toBeNull();
  });
  test("without a bound in a group of version 1 is not the one configured", async () => {
    expect(
      await shown({ ...first, [`/sys/fs/cgroup/cpu/docker/${id}/cpu.cfs_quota_us`]: "-1\n" }),
    ).toBeNull();
  });
});

describe("a program that needs no loader", () => {
  test("is none that was linked to libraries, and no text", async () => {
    expect(isStaticProgram(utf8("#!/bin/sh\n".repeat(20)))).toBe(false);
    expect(isStaticProgram(new Uint8Array())).toBe(false);
    expect(isStaticProgram(await readFile(process.execPath))).toBe(process.platform !== "linux");
  });
  test("is told from bytes without an error", () => {
    const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 58, maxLength: 200 }), (rest) => {
        expect(typeof isStaticProgram(concatBytes(elf, rest))).toBe("boolean");
      }),
    );
  });
});

test("without a busybox that needs no libraries there is no image, and what to install is said", async () => {
  const text = join(folder, "busybox");
  writeFileSync(text, "#!/bin/sh\n");
  const image = await localImage({
    busybox: [text, process.execPath, "/no/busybox"],
    node: process.execPath,
  });
  expect(image).toMatchObject({
    ok: false,
    fault: { code: "SANDBOX_UNAVAILABLE", help: expect.stringContaining("WRIT_SANDBOX_IMAGE") },
  });
});

describe("a container", () => {
  test("has room for what a run may have, and bounds on everything", () => {
    for (const tier of ["docker", "gvisor"] as const) {
      const profile = containerProfile(tier, WASM_LIMITS_DEFAULT);
      expect(profile.work.bytesMax).toBeGreaterThanOrEqual(WASM_LIMITS_DEFAULT.fileBytesMax);
      expect(profile.memoryBytesMax).toBeGreaterThanOrEqual(
        WASM_LIMITS_DEFAULT.memoryBytesMax + WASM_LIMITS_DEFAULT.fileBytesMax,
      );
      for (const bound of [
        profile.processesMax,
        profile.processorsMax,
        profile.fileBytesMax,
        profile.temporary.bytesMax,
      ]) {
        expect(Number.isSafeInteger(bound) && bound > 0).toBe(true);
      }
    }
  });
});

describe("what is remembered", () => {
  const deps = { entropy: createSystemEntropy(), crypto: createNodeCrypto() };
  const place = join(folder, "state", "sandbox");
  const probe: SandboxProbe = {
    tier: "gvisor",
    engine: "engine 1",
    limits: [{ name: "memory", shown: "it was" }],
  };

  test("is one owner for all of a user's processes, which nobody else can read", async () => {
    const both = await Promise.all([
      createContainerMemory(place, deps).owner(),
      createContainerMemory(place, deps).owner(),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(both[0]).toMatchObject({ ok: true, value: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(statSync(place).mode & 0o777).toBe(0o700);
    expect(statSync(join(place, "owner")).mode & 0o777).toBe(0o600);
  });
  test("is a probe of just these circumstances and this tier", async () => {
    const memory = createContainerMemory(place, deps);
    expect(await memory.recall("gvisor", "these")).toBeNull();
    await memory.keep("these", probe);
    expect(await memory.recall("gvisor", "these")).toEqual(probe);
    expect(await memory.recall("gvisor", "others")).toBeNull();
    expect(await memory.recall("docker", "these")).toBeNull();
  });
  test.each([
    "",
    "{",
    "[]",
    "{}",
    '{"tier":"docker","engine":"e","limits":[{"name":"a","shown":"b"}]}',
    '{"tier":"gvisor","engine":"e","limits":[]}',
    '{"tier":"gvisor","engine":"e","limits":[{}]}',
  ])("is nothing where the file says %j", async (text) => {
    const memory = createContainerMemory(place, deps);
    await memory.keep("these", probe);
    for (const name of readdirSync(place).filter((one) => one.startsWith("probe-")))
      writeFileSync(join(place, name), text);
    expect(await memory.recall("gvisor", "these")).toBeNull();
  });
  test("that is damaged is not guessed", async () => {
    writeFileSync(join(place, "owner"), "me");
    expect(await createContainerMemory(place, deps).owner()).toMatchObject({
      ok: false,
      fault: { help: expect.stringContaining("sandbox/owner") },
    });
  });
});
