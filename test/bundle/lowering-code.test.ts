import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compiledFile } from "#adapters/lowering/worker-script.ts";
import { V8_FLAGS } from "#cli/v8-flags.ts";
import { builtWrit } from "#test/kit/built-writ.ts";

/** The parser's code lies in a build with what V8 made of it: a file that may save time and may decide nothing. */
const top = fileURLToPath(new URL("../../", import.meta.url));
const COMPILED = "lowering-code.v8";

const built = await builtWrit();
let dist: string;
beforeAll(() => {
  dist = mkdtempSync(join(tmpdir(), "writ-compiled-"));
  cpSync(built, dist, { recursive: true });
});
afterAll(() => rmSync(dist, { recursive: true, force: true }));

test("V8 takes what the build compiled, under the flags of the command and under no others", () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { setFlagsFromString } from "node:v8";
    import { compiledIn, workerScript } from ${JSON.stringify(join(top, "runtime/adapters/lowering/worker-script.ts"))};
    const [path, file] = process.argv.slice(1);
    const code = readFileSync(path, "utf8");
    const compiled = compiledIn(readFileSync(file), code);
    const isTaken = () => !workerScript(code, "code", compiled).cachedDataRejected;
    const before = isTaken();
    setFlagsFromString(${JSON.stringify(V8_FLAGS)});
    console.log(before, isTaken());`;
  const args = ["--input-type=module", "-e", program, join(dist, "lowering-code.cjs"), join(dist, COMPILED)];
  const done = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
  expect(done.stdout.trim(), done.stderr).toBe("false true");
});

const flipped = (whole: Buffer, places: readonly number[]): Buffer => {
  const bytes = Buffer.from(whole);
  for (const at of places) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
  return bytes;
};

test.each<readonly [string, (whole: Buffer, code: string) => Uint8Array | null]>([
  ["nothing", (): Uint8Array => Buffer.alloc(0)],
  ["something else", () => Buffer.from("what no V8 ever made of any code".repeat(100))],
  ["half of it", (whole: Buffer) => whole.subarray(0, whole.length / 2)],
  ["no file at all", () => null],
  // Behind the checksum are the number of the format and a digest of V8's version.
  [
    "that of another V8",
    (whole: Buffer, code: string) =>
      compiledFile(code, Buffer.concat([Buffer.alloc(8, 7), whole.subarray(12)])),
  ],
  ["that of other code", (whole: Buffer, code: string) => compiledFile(` ${code}`, whole.subarray(4))],
  ...[0, 100, 1_000, 100_000].map(
    (at) => [`one wrong byte at ${at}`, (whole: Buffer) => flipped(whole, [at])] as const,
  ),
  [
    "wrong bytes all over",
    (whole: Buffer) =>
      flipped(
        whole,
        Array.from({ length: 500 }, (_, index) => index * 997),
      ),
  ],
])("where it holds %s, a file is checked all the same", (_, damaged) => {
  const agent = join(dist, "a.symbi");
  writeFileSync(agent, "agent a() {\n    capabilities = [\n}\n");
  const check = (): { code: number | null; out: string } => {
    const done = spawnSync(process.execPath, [join(dist, "cli.js"), "check", "--json", agent], {
      encoding: "utf8",
      env: { WRIT_STATE: join(dist, "state") },
    });
    return { code: done.status, out: done.stdout };
  };
  const whole = readFileSync(join(built, COMPILED));
  writeFileSync(join(dist, COMPILED), whole);
  const expected = check();
  expect(expected.out).toContain("WRIT");
  expect(expected.code).toBe(1);
  const file = damaged(whole, readFileSync(join(dist, "lowering-code.cjs"), "utf8"));
  if (file === null) rmSync(join(dist, COMPILED));
  else writeFileSync(join(dist, COMPILED), file);
  expect(check()).toEqual(expected);
});
