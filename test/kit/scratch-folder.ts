import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives the suite a folder for temporary files and takes it away afterwards, so that whatever a test
 * leaves behind, also one that failed or was ended, does not stay on the machine.
 */
export const setup = (): (() => void) => {
  const scratch = mkdtempSync(join(tmpdir(), "writ-tests-"));
  // Some tests give up their rights and then work in folders below.
  chmodSync(scratch, 0o711);
  const before = NAMES.map((name) => [name, process.env[name]] as const);
  for (const name of NAMES) process.env[name] = scratch;
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    rmSync(scratch, { recursive: true, force: true });
  };
};

/** What systems call the folder for temporary files. */
const NAMES = ["TMPDIR", "TEMP", "TMP"] as const;
