/**
 * `npm run check:generated`: is what langium-cli makes of the grammar what is committed?
 *
 * It generates into a copy, so that looking changes nothing; `npm run generate` is what changes it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const GENERATE_MS = 60_000;
const sources = ["langium-config.json", "grammar"];
const generatedFolder = "language-server/generated";
const textMate = "syntaxes/symbi.tmLanguage.json";

const top = join(import.meta.dirname, "../..");
const copy = mkdtempSync(join(tmpdir(), "writ-generated-"));
try {
  for (const name of sources) {
    cpSync(join(top, "language-server", name), join(copy, "language-server", name), { recursive: true });
  }
  execFileSync("langium", ["generate", "--file", join(copy, "language-server/langium-config.json")], {
    cwd: copy,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: GENERATE_MS,
  });
  const files = new Set([...filesOf(top), ...filesOf(copy)]);
  const stale = [...files].filter((file) => contentOf(top, file) !== contentOf(copy, file));
  for (const file of stale) console.log(`${file} is not what the grammar gives: run npm run generate`);
  if (stale.length === 0) console.log(`${files.size} generated files are current`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function filesOf(root: string): string[] {
  const names = readdirSync(join(root, generatedFolder), { recursive: true, encoding: "utf8" });
  if (names.length === 0) throw new Error(`${join(root, generatedFolder)} is empty, so nothing was checked`);
  return [textMate, ...names.map((name) => `${generatedFolder}/${name}`)];
}

function contentOf(root: string, file: string): string | undefined {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
