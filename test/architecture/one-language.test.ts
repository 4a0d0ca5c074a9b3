import { execFileSync } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { verifies } from "#test/kit/verifies.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const run = (program: string, ...args: readonly string[]): string[] =>
  execFileSync(program, args, { cwd: top, encoding: "utf8", timeout: 60_000 }).split("\n").filter(Boolean);

test("all code is TypeScript, and one strict configuration checks every file of it", () => {
  verifies("card.language.typescript");
  const committed = run("git", "ls-files").filter((path) => !/^test\/(fixtures|vectors)\//.test(path));
  const code = committed.filter((path) => /\.[cm]?[jt]sx?$/.test(path));
  expect(code.filter((path) => !path.endsWith(".ts"))).toEqual([]);

  const checked = new Set(run("tsc", "-p", ".", "--listFilesOnly").map((path) => relative(top, path)));
  expect(code.length).toBeGreaterThan(50);
  expect(code.filter((path) => !checked.has(path))).toEqual([]);
});
