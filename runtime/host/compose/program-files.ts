/**
 * Where the programs lie that run in threads and processes of their own. A build has them flat
 * beside every chunk; a checkout runs the sources, with the wasm files in their packages.
 */
export interface ProgramFiles {
  /** The command line, which is the host's program too. */
  readonly cli: URL;
  readonly loweringWorker: URL;
  readonly apiTestWorker: URL;
  readonly deciderWorker: URL;
  readonly cedarWasm: URL;
  readonly sandboxChild: URL;
  readonly quickjsWasm: URL;
  /** Files and folders that the sandbox's process reads its code from, and all that it can read. */
  readonly sandboxReadable: readonly URL[];
}

export const programFiles = (): ProgramFiles =>
  import.meta.url.endsWith(".ts") ? checkoutFiles() : builtFiles(beside("."));

/** @param folder of a build, with a slash at its end. */
export const builtFiles = (folder: URL): ProgramFiles => ({
  cli: new URL("cli.js", folder),
  loweringWorker: new URL("lowering-worker.js", folder),
  apiTestWorker: new URL("apitest-worker.js", folder),
  deciderWorker: new URL("decider-worker.js", folder),
  cedarWasm: new URL("cedar_wasm_bg.wasm", folder),
  sandboxChild: new URL("sandbox-child.js", folder),
  quickjsWasm: new URL("quickjs.wasm", folder),
  sandboxReadable: [folder],
});

const checkoutFiles = (): ProgramFiles => ({
  cli: beside("../../cli/start.ts"),
  loweringWorker: beside("../../adapters/lowering/worker.ts"),
  apiTestWorker: beside("../../adapters/apitest/worker.ts"),
  deciderWorker: beside("../../adapters/cedar/worker.ts"),
  cedarWasm: new URL("cedar_wasm_bg.wasm", import.meta.resolve("@cedar-policy/cedar-wasm/web")),
  sandboxChild: beside("../../adapters/wasm/child.ts"),
  quickjsWasm: new URL(import.meta.resolve("quickjs-wasi/quickjs.wasm")),
  // `child.ts` imports from its own folder, the kernel and the package.
  sandboxReadable: [
    beside("../../../runtime/"),
    beside("../../../node_modules/quickjs-wasi/"),
    beside("../../../package.json"),
  ],
});

const beside = (path: string): URL => new URL(path, import.meta.url);
