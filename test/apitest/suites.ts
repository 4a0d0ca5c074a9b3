import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../../", import.meta.url));

/** What vitest says of a folder's tests, as far as it is asked here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** A folder of its own for suites, with nothing in it but what they need. */
export const suiteFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "writ-suite-"));
  symlinkSync(join(top, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), "{}");
  return folder;
};

/** Runs all suites of a folder; those that name no server of their own test this one. */
export const vitestIn = async (folder: string, origin: string): Promise<Report> => {
  const file = join(folder, "report.json");
  const argv = [join(top, "node_modules/vitest/vitest.mjs"), "run", "--root", folder, "--maxWorkers=2"];
  const child = spawn(process.execPath, [...argv, "--reporter=json", `--outputFile=${file}`], {
    cwd: folder,
    env: { API_BASE_URL: origin, PATH: "/usr/bin:/bin" },
    stdio: "ignore",
  });
  await new Promise((resolve) => child.on("close", resolve));
  return JSON.parse(readFileSync(file, "utf8")) as Report;
};
