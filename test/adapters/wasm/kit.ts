import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { buildSync } from "esbuild";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import type { SandboxProgramFiles } from "#adapters/wasm/sandbox-process.ts";
import { createWasmSandbox } from "#adapters/wasm/wasm-sandbox.ts";
import type { SandboxProvider } from "#ports/sandbox.ts";

const entryName = "sandbox-child.mjs";

export interface BuiltSandbox {
  readonly files: SandboxProgramFiles;
  readonly provider: SandboxProvider;
  /** Command lines of processes of this sandbox that are still there. */
  processes(): Promise<readonly string[]>;
  remove(): void;
}

export const realWasm = pathToFileURL(createRequire(import.meta.url).resolve("quickjs-wasi/quickjs.wasm"));

/** The provider over any process. */
export const providerOf = (files: SandboxProgramFiles, startMsMax = 10_000): SandboxProvider =>
  createWasmSandbox(
    {
      clock: systemClock,
      entropy: createSystemEntropy(),
      crypto: createNodeCrypto(),
    },
    files,
    { startMsMax },
  );

/** The sandbox with its process bundled into one file, as it is shipped: that file is all it can read. */
export const buildSandbox = (): BuiltSandbox => {
  const folder = mkdtempSync(join(tmpdir(), "writ-wasm-"));
  const entry = join(folder, entryName);
  buildSync({
    entryPoints: [fileURLToPath(new URL("../../../runtime/adapters/wasm/child.ts", import.meta.url))],
    outfile: entry,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22.15",
  });
  const files = { entry: pathToFileURL(entry), readable: [pathToFileURL(entry)], wasm: realWasm };
  return {
    files,
    provider: providerOf(files),
    processes: async () =>
      execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" })
        .split("\n")
        .filter((line) => line.includes(entry)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
