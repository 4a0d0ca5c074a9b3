import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";

import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { commandOf, memoryKills } from "#adapters/docker/commands.ts";
import { isStaticProgram } from "#adapters/docker/elf.ts";
import { engineSocket } from "#adapters/docker/endpoint.ts";
import { createFrameReader } from "#adapters/docker/frames.ts";
import { localImage } from "#adapters/docker/local-image.ts";
import { createProgramOutput } from "#adapters/docker/program-output.ts";
import { createContainerMemory } from "#adapters/docker/state-files.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { concatBytes, utf8 } from "#kernel/bytes.ts";
import type { SandboxProbe } from "#ports/sandbox.ts";
import { containerProfile } from "#sandbox/container-profile.ts";
import { WASM_LIMITS_DEFAULT } from "#sandbox/profile.ts";

const folder = mkdtempSync(join(tmpdir(), "writ-docker-"));
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
  ])("is not %s", (host) => {
    expect(engineSocket({ DOCKER_HOST: host })).toMatchObject({
      ok: false,
      fault: { code: "SANDBOX_UNAVAILABLE" },
    });
  });
});

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

describe("processes that the kernel ended for want of memory", () => {
  test.each([
    ["oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", 2],
    ["low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n", 1],
    ["oom_kill 0\n", 0],
    ["", 0],
    ["cat: no oom_kill 5\n", 0],
    ["oom_kill -1\noom_kill x\n", 0],
  ])("%j: %d", (said, count) => {
    expect(memoryKills(said)).toBe(count);
  });
});

test("a program of any length stands on standard input, not on the command line", () => {
  const long = "x".repeat(1_000_000);
  for (const program of [
    { kind: "shell", command: long },
    { kind: "javascript", code: long },
  ] as const) {
    const { command, input } = commandOf(program, WASM_LIMITS_DEFAULT);
    expect(input).toEqual(utf8(long));
    expect(command.join(" ").length).toBeLessThan(300);
  }
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
