import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the folder for temporary files of this run of the tests. */
    scratch: string;
  }
}

/**
 * Gives the suite a folder for temporary files and takes it away afterwards, so that whatever a test
 * leaves behind, also one that failed or was ended, does not stay on the machine.
 */
export const setup = (project: TestProject): (() => void) => {
  const scratch = mkdtempSync(join(tmpdir(), "writ-tests-"));
  // Some tests give up their rights and then work in folders below.
  chmodSync(scratch, 0o711);
  project.provide("scratch", scratch);
  const before = NAMES.map((name) => [name, process.env[name]] as const);
  for (const name of NAMES) process.env[name] = scratch;
  // Who watches has changed a source.
  project.onTestsRerun(() => rmSync(builtIn(scratch), { recursive: true, force: true }));
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    rmSync(scratch, { recursive: true, force: true });
  };
};

/** Where the build of a run of the tests lies, once a test has needed one. */
export const builtIn = (scratch: string): string => join(scratch, "built");

/** What systems call the folder for temporary files. */
const NAMES = ["TMPDIR", "TEMP", "TMP"] as const;
