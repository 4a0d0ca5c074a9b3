import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { V8_FLAGS } from "#cli/v8-flags.ts";

/** The parser's code lies in a build with what V8 made of it: a file that may save time and may decide nothing. */
const top = fileURLToPath(new URL("../../", import.meta.url));
const COMPILED = "lowering-code.v8";

let dist: string;
beforeAll(() => {
  dist = mkdtempSync(join(tmpdir(), "writ-compiled-"));
  cpSync(join(top, "dist"), dist, { recursive: true });
});
afterAll(() => rmSync(dist, { recursive: true, force: true }));

test("V8 takes what the build compiled, under the flags of the command and under no others", () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { setFlagsFromString } from "node:v8";
    import { workerScript } from ${JSON.stringify(join(top, "runtime/adapters/lowering/worker-script.ts"))};
    const [code, compiled] = process.argv.slice(1);
    const isTaken = () =>
      !workerScript(readFileSync(code, "utf8"), "code", readFileSync(compiled)).cachedDataRejected;
    const before = isTaken();
    setFlagsFromString(${JSON.stringify(V8_FLAGS)});
    console.log(before, isTaken());`;
  const args = ["--input-type=module", "-e", program, join(dist, "lowering-code.cjs"), join(dist, COMPILED)];
  const done = spawnSync(process.execPath, args, { encoding: "utf8", env: {} });
  expect(done.stdout.trim(), done.stderr).toBe("false true");
});

test.each([
  ["nothing", (): Uint8Array => Buffer.alloc(0)],
  ["something else", () => Buffer.from("what no V8 ever made of any code".repeat(100))],
  ["half of it", (whole: Buffer) => whole.subarray(0, whole.length / 2)],
  // The first words of it are the number of the format and a digest of V8's version.
  ["that of another V8", (whole: Buffer) => Buffer.concat([Buffer.alloc(8, 7), whole.subarray(8)])],
])("where it holds %s, a file is checked all the same", (_, damaged) => {
  const file = join(dist, "a.symbi");
  writeFileSync(file, "agent a() {\n    capabilities = [\n}\n");
  const check = (): { code: number | null; out: string } => {
    const done = spawnSync(process.execPath, [join(dist, "cli.js"), "check", "--json", file], {
      encoding: "utf8",
      env: { WRIT_STATE: join(dist, "state") },
    });
    return { code: done.status, out: done.stdout };
  };
  const whole = readFileSync(join(top, "dist", COMPILED));
  writeFileSync(join(dist, COMPILED), whole);
  const expected = check();
  expect(expected.out).toContain("WRIT");
  expect(expected.code).toBe(1);
  writeFileSync(join(dist, COMPILED), damaged(whole));
  expect(check()).toEqual(expected);
});
