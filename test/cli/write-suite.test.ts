import { execFile } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

import { writeSuite } from "#cli/write-suite.ts";

const SUITE = "// Made by writ 0.0.0\n";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-suite-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what cannot be written whole leaves the suite that was there, and nothing beside it", async () => {
  const path = join(folder, "api.test.ts");
  writeFileSync(path, SUITE);
  const script = `
    const { writeSuite } = await import(${JSON.stringify(new URL("../../runtime/cli/write-suite.ts", import.meta.url).href)});
    const written = await writeSuite(${JSON.stringify(path)}, "x".repeat(1_000_000), null);
    process.stdout.write(written.ok ? "written" : written.fault.code);
  `;
  const said = await new Promise<string>((resolve) => {
    // A process that may write no larger file meets what a full disk is.
    const argv = ["-c", 'ulimit -f 64; exec "$0" --input-type=module --eval "$1"', process.execPath, script];
    const cwd = fileURLToPath(new URL("../../", import.meta.url));
    execFile("/bin/sh", argv, { cwd }, (_, stdout) => resolve(stdout));
  });
  expect(said).toBe("CLI_UNWRITABLE");
  expect(readFileSync(path, "utf8")).toBe(SUITE);
  expect(readdirSync(folder)).toEqual(["api.test.ts"]);
});

test("a link keeps leading to the suite", async () => {
  const path = join(folder, "link.test.ts");
  writeFileSync(join(folder, "api.test.ts"), SUITE);
  symlinkSync("api.test.ts", path);
  expect(await writeSuite(path, `${SUITE}again`, null)).toMatchObject({ ok: true });
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, "api.test.ts"), "utf8")).toBe(`${SUITE}again`);
});

test.each(["somebody's file", "nothing that is there yet"])(
  "nothing is written through a link that lies where the suite is made and leads to %s",
  async (what) => {
    const path = join(folder, "api.test.ts");
    const [theirs, beside] = [join(folder, "theirs.txt"), `${path}.${process.pid}.tmp`];
    const isThere = what === "somebody's file";
    if (isThere) writeFileSync(theirs, "theirs");
    symlinkSync(theirs, beside);
    expect(await writeSuite(path, SUITE, null)).toMatchObject({
      ok: false,
      fault: { code: "CLI_UNWRITABLE" },
    });
    expect(existsSync(theirs) ? readFileSync(theirs, "utf8") : null).toBe(isThere ? "theirs" : null);
    expect(lstatSync(beside).isSymbolicLink()).toBe(true);
    expect(existsSync(path)).toBe(false);
  },
);

test("an earlier suite stays where it may not be replaced, and a new one is written all the same", async () => {
  const path = join(folder, "api.test.ts");
  const keeping = "it would have less";
  expect(await writeSuite(path, SUITE, keeping)).toMatchObject({ ok: true });
  expect(await writeSuite(path, `${SUITE}less`, keeping)).toMatchObject({
    ok: false,
    fault: {
      code: "CLI_SUITE_KEPT",
      message: expect.stringContaining("was left as it is: it would have less") as string,
    },
  });
  expect(readFileSync(path, "utf8")).toBe(SUITE);
});

test.each([
  ["a folder that is not there", "none/api.test.ts", "there is no folder"],
  ["a folder", ".", "is a folder"],
  ["a path below a file", "file/api.test.ts", "a part of its path is a file"],
])("%s is no place for a suite, which is said with what to do", async (_, name, said) => {
  writeFileSync(join(folder, "file"), "");
  const written = await writeSuite(join(folder, name), SUITE, null);
  expect(written).toMatchObject({ ok: false, fault: { code: "CLI_NO_PLACE" } });
  if (written.ok) return;
  expect(written.fault.message).toContain(said);
  expect(written.fault.message).not.toMatch(/\bE[A-Z]{4,}/);
  expect(written.fault.help).toContain("--out");
});
