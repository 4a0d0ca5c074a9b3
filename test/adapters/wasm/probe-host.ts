/* A host of its own that probes the embedded sandbox and prints what it found. */
import { pathToFileURL } from "node:url";

import { systemClock } from "#adapters/clock/system-clock.ts";
import { createNodeCrypto } from "#adapters/crypto/node-crypto.ts";
import { createSystemEntropy } from "#adapters/entropy/system-entropy.ts";
import { createWasmSandbox } from "#adapters/wasm/wasm-sandbox.ts";

const [entryPath = "", wasmPath = ""] = process.argv.slice(2);
const entry = pathToFileURL(entryPath);
const provider = createWasmSandbox(
  { clock: systemClock, entropy: createSystemEntropy(), crypto: createNodeCrypto() },
  { entry, readable: [entry], wasm: pathToFileURL(wasmPath) },
);
process.stdout.write(JSON.stringify(await provider.probe(new AbortController().signal)));
