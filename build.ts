/**
 * `npm run build`: bundles the command line and its helpers into `dist/`, with nothing left to install.
 * `node build.ts <folder>` bundles them into another folder.
 *
 * The output is ESM in chunks, so that a command loads only what it uses, and runs on Node 22.15 and later.
 */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { basename, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { build, type BuildOptions, type BuildResult, type Metafile, type Plugin } from "esbuild";
import type { LowerJob } from "#adapters/lowering/messages.ts";
import { type RunScript, compiledFile, workerScript } from "#adapters/lowering/worker-script.ts";
import { V8_FLAGS } from "#cli/v8-flags.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";

const top = import.meta.dirname;

/** What is started as a process or a worker of its own, by the name of its file in a build. */
export const entries = {
  "apitest-worker": "runtime/adapters/apitest/worker.ts",
  cli: "runtime/cli/start.ts",
  "decider-worker": "runtime/adapters/cedar/worker.ts",
  // Only runs the next one, which the build compiles as well.
  "lowering-worker": "runtime/adapters/lowering/built-worker.ts",
  "lowering-code": "runtime/adapters/lowering/worker.ts",
  "sandbox-child": "runtime/adapters/wasm/child.ts",
} as const;

/** esbuild does not see these: the chunks look for them beside themselves. */
const wasmModules = ["@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm", "quickjs-wasi/quickjs.wasm"] as const;

/**
 * Langium's core takes a few small things from the protocol of language servers, and with them would come
 * all of that protocol: a third of the code that every check loads. These stand in the files that Langium
 * gets them from in the end, and a name that is missing here fails the build.
 */
const langiumProtocol: Plugin = {
  name: "langium-protocol",
  setup(bundler) {
    const common = join(top, "node_modules/vscode-jsonrpc/lib/common");
    const contents = [
      `export { CancellationToken, CancellationTokenSource } from "${join(common, "cancellation.js")}";`,
      `export { Emitter } from "${join(common, "events.js")}";`,
      `export { ResponseError } from "${join(common, "messages.js")}";`,
      "export const LSPErrorCodes = { ServerCancelled: -32802, RequestFailed: -32803 };",
    ].join("\n");
    const namespace = "langium-protocol";
    bundler.onResolve({ filter: /^vscode-languageserver-protocol$/ }, ({ path, importer }) =>
      /[/\\]langium[/\\]lib[/\\](?:utils|workspace)[/\\]/.test(importer) ? { path, namespace } : null,
    );
    bundler.onLoad({ filter: /.*/, namespace }, () => ({ contents, resolveDir: top }));
  },
};

/**
 * A CommonJS package asks for Node's own modules with `require`, which an ESM bundle does not have; Node gives
 * them out by another function. Of our own sources nothing comes here: those import.
 */
const nodeModules: Plugin = {
  name: "node-modules",
  setup(bundler) {
    const namespace = "node-module";
    bundler.onResolve({ filter: /.*/ }, ({ path, kind }) =>
      kind === "require-call" && isBuiltin(path)
        ? { path: path.replace(/^(?:node:)?/, "node:"), namespace }
        : null,
    );
    bundler.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * The client of Docker Engine can also build images and reach engines over TLS and ssh. Nothing of ours
 * does, and five sixths of its code is for that.
 */
const dockerWithoutRest: Plugin = {
  name: "docker-without-rest",
  setup(bundler) {
    const namespace = "left-out";
    const filter =
      /^(?:@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|ssh2|cpu-features|split-ca|tar-fs|@balena\/dockerignore)$/;
    bundler.onResolve({ filter }, ({ path }) => ({ path, namespace }));
    bundler.onLoad({ filter: /.*/, namespace }, () => ({ contents: "module.exports = {};" }));
  },
};

/** A banner would stand in every chunk; this line belongs in the command alone. */
const shellLine: Plugin = {
  name: "shell-line",
  setup(bundler) {
    bundler.onLoad({ filter: /runtime[/\\]cli[/\\]start\.ts$/ }, ({ path }) => ({
      contents: `#!/usr/bin/env node\n${readFileSync(path, "utf8")}`,
      loader: "ts",
    }));
  },
};

/** @param folder to build into, which must not be there yet; `dist/`, which is replaced, if none is named. */
async function main(folder: string | undefined): Promise<void> {
  const startedMs = performance.now();
  const dist = resolve(folder ?? join(top, "dist"));
  // A build that fails must not leave an older one that works.
  if (folder === undefined) rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const { [PARSER]: parser, ...others } = entries;
  const [modules, script] = await Promise.all([
    bundle({ ...others }, { outdir: dist }),
    // Every check waits for this one to be read, and no stack of it is ever shown.
    bundle(
      { [PARSER]: parser },
      {
        outdir: dist,
        splitting: false,
        minifyIdentifiers: true,
        format: "cjs",
        outExtension: { ".js": ".cjs" },
      },
    ),
  ]);
  refuseRequire(modules.metafile);
  compileParser(dist);
  chmodSync(join(dist, "cli.js"), 0o755);
  for (const path of wasmModules) {
    copyFileSync(join(top, "node_modules", path), join(dist, basename(path)));
  }
  const packages = bundledPackages([modules, script].flatMap(({ metafile }) => Object.keys(metafile.inputs)));
  writeFileSync(join(dist, "THIRD-PARTY-NOTICES.txt"), noticesFor(packages));
  printSizes(dist);
  console.log(`${packages.length} third-party packages, ${Math.round(performance.now() - startedMs)} ms`);
}

const PARSER = "lowering-code";

function bundle(
  entryPoints: Readonly<Record<string, string>>,
  how: Pick<BuildOptions, "outdir" | "splitting" | "minifyIdentifiers" | "format" | "outExtension">,
): Promise<BuildResult<{ metafile: true }>> {
  return build({
    absWorkingDir: top,
    entryPoints: { ...entryPoints },
    // Flat, so that a chunk finds a wasm file or a worker beside itself.
    chunkNames: "[name]-[hash]",
    bundle: true,
    format: "esm",
    splitting: true,
    platform: "node",
    target: "node22.15",
    // Less to read at every start. Names stay, so that a stack in a report still says where it was.
    minifySyntax: true,
    minifyWhitespace: true,
    // Its other form finds its parts by a `require` that no bundler can follow.
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    plugins: [shellLine, langiumProtocol, dockerWithoutRest, nodeModules],
    metafile: true,
    logLevel: "warning",
    ...how,
  });
}

/**
 * Leaves beside the parser's code what V8 makes of it. An agent file is lowered before, so that the
 * functions that any file needs are in it.
 */
function compileParser(dist: string): void {
  // V8 takes it only under the flags that it was made under: those of the command.
  setFlagsFromString(V8_FLAGS);
  const path = join(dist, `${PARSER}.cjs`);
  const code = readFileSync(path, "utf8");
  const script = workerScript(code, path);
  const lowering: { lower?: (job: LowerJob) => void } = {};
  const parentPort = {
    on: (_event: string, lower: (job: LowerJob) => void) => (lowering.lower = lower),
    postMessage: () => undefined,
  };
  (script.runInThisContext() as RunScript)((name) =>
    name === "node:worker_threads" ? { parentPort } : process.getBuiltinModule(name),
  );
  const agentFile = "agents/release-notes.symbi";
  const bytes = readFileSync(join(top, "examples/release-notes", agentFile));
  lowering.lower?.({ path: agentFile, bytes, tools: BUILTIN_TOOLS });
  writeFileSync(join(dist, `${PARSER}.v8`), compiledFile(code, script.createCachedData()));
}

/** An ESM bundle has no `require`: a CommonJS package that asks for one of Node's modules would fail when it is used. */
function refuseRequire(metafile: Metafile): void {
  const calls = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ kind }) => kind === "require-call"),
  );
  if (calls.length > 0) throw new Error(`required at run time: ${calls.map(({ path }) => path).join(", ")}`);
}

/** What is really inside, which is more and less than what package.json names. */
function bundledPackages(inputs: readonly string[]): string[] {
  const foreign = inputs.flatMap((path) => path.split("node_modules/").slice(1).at(-1) ?? []);
  const names = [...foreign, ...wasmModules].map((path) => {
    const [scope = "", name = ""] = path.split("/");
    return scope.startsWith("@") ? `${scope}/${name}` : scope;
  });
  return [...new Set(names)].sort();
}

/** One notice per licence text, under the names of all packages that came with it. */
function noticesFor(packages: readonly string[]): string {
  const byText = Map.groupBy(packages.map(licenceOf), ({ text }) => text);
  return [...byText]
    .map(([text, owners]) => `${owners.map(({ heading }) => heading).join("\n")}\n\n${text}`)
    .join(`\n${"=".repeat(80)}\n\n`);
}

/** Throws when a package comes without a licence: what cannot be named cannot be shipped. */
function licenceOf(name: string): { readonly heading: string; readonly text: string } {
  const folder = join(top, "node_modules", name);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  const licence = String(manifest["license"]);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  // A package under our own licence may leave its text out; it is the same text.
  const texts = files.map((file) => readFileSync(join(folder, file), "utf8"));
  if (texts.length === 0 && licence === "Apache-2.0") texts.push(readFileSync(join(top, "LICENSE"), "utf8"));
  if (texts.length === 0) throw new Error(`${name} (${licence}) has no licence text to ship`);
  return { heading: `${name} ${String(manifest["version"])} (${licence})`, text: texts.join("\n") };
}

function printSizes(dist: string): void {
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" }).sort()) {
    const file = statSync(join(dist, name));
    if (file.isFile()) console.log(`${(file.size / 1024).toFixed(0).padStart(8)} KiB  ${name}`);
  }
}

if (import.meta.main) await main(process.argv[2]);
