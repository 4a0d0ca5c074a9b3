import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

/**
 * Plants one mistake per file, in a folder of its own under our configuration and our compiler options, and
 * lints them all at once: a rule that was switched off by accident is noticed here.
 */
const top = fileURLToPath(new URL("../../", import.meta.url));

const planted: readonly [rule: string, source: string][] = [
  ["typescript(no-floating-promises)", "Promise.resolve(1);"],
  ["typescript(no-misused-promises)", "[1].forEach(async () => {});"],
  ["typescript(no-explicit-any)", "export const a: any = 1;"],
  ["typescript(ban-ts-comment)", "// @ts-ignore\nexport const a = 1;"],
  [
    "typescript(switch-exhaustiveness-check)",
    'export const a = (b: "x" | "y") => { switch (b) { case "x": } };',
  ],
  ["typescript(consistent-type-imports)", 'import { Stats } from "node:fs"; export type A = Stats;'],
  ["typescript(no-non-null-assertion)", "export const a = (b?: string): string => b!;"],
  ["import(no-default-export)", "export default 1;"],
  ["eslint(no-restricted-imports)", 'import * as z from "zod"; export { z };'],
  ["eslint(no-console)", "console.log(1);"],
];

let folder: string;
let output: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "writ-lint-"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: join(top, "tsconfig.json") }));
  for (const [index, [, source]] of planted.entries()) {
    writeFileSync(join(folder, `planted-${index}.ts`), `${source}\nexport {};\n`);
  }
  const argv = ["--format=unix", `--config=${join(top, ".oxlintrc.json")}`, folder];
  output = spawnSync("oxlint", argv, { cwd: folder, encoding: "utf8", timeout: 100_000 }).stdout;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(planted.map(([rule], index) => [rule, index] as const))("%s", (rule, index) => {
  const findings = output.split("\n").filter((line) => line.includes(`planted-${index}.ts`));
  expect(findings.join("\n")).toContain(rule);
});
