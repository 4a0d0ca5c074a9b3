import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/**
 * Compares `actual` with the text that is committed beside the test, for output that people read.
 *
 * @param file the golden, relative to the test: `new URL("./goldens/denied.txt", import.meta.url)`.
 *
 * `UPDATE_GOLDEN=1` writes the file instead of comparing; look at the diff before committing it. A missing
 * golden is written on a developer's machine and still fails the test once, so that nobody commits a text
 * unseen; with `CI` set nothing is ever written.
 */
export function expectGolden(file: URL, actual: string): void {
  const path = fileURLToPath(file);
  const inCi = process.env["CI"] !== undefined && process.env["CI"] !== "";
  if (process.env["UPDATE_GOLDEN"] === "1") {
    if (inCi) throw new Error("UPDATE_GOLDEN=1 is not allowed where CI is set");
    write(path, actual);
    return;
  }
  const expected = read(path);
  if (expected === undefined) {
    if (inCi)
      throw new Error(`missing golden ${path}: run the test with UPDATE_GOLDEN=1 and commit the file`);
    write(path, actual);
    throw new Error(`wrote the missing golden ${path}: read it, then run the test again`);
  }
  expect(actual, `differs from ${path} (UPDATE_GOLDEN=1 rewrites it)`).toBe(expected);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
