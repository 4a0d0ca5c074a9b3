/* A host for a test to kill: runs one program that never ends and says so when it has begun. */
import { pathToFileURL } from "node:url";

import { everyFile } from "#test/kit/sandbox-fake.ts";

import { providerOf, realWasm } from "./kit.ts";

const [entryPath = "", code = ""] = process.argv.slice(2);
const entry = pathToFileURL(entryPath);
const session = await providerOf({ entry, readable: [entry], wasm: realWasm }).open(
  {
    files: [],
    limits: { memoryBytesMax: 16 * 1024 * 1024, fileBytesMax: 1024, filesMax: 1, outputBytesMax: 1024 },
  },
  new AbortController().signal,
);
if (!session.ok) throw new Error(session.fault.message);
await session.value.exec(
  { kind: "javascript", code },
  {
    ...everyFile,
    timeoutMs: 3_600_000,
    signal: new AbortController().signal,
    onOutput: (_, text) => process.stdout.write(text),
  },
);
