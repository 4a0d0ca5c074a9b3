/** Writes test/vectors/ledger anew: `node test/ledger/write-vectors.ts`. The test beside it fails when they differ. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ledgerVectors } from "./vectors.ts";

const folder = fileURLToPath(new URL("../vectors/ledger/", import.meta.url));
rmSync(folder, { recursive: true, force: true });
for (const [path, bytes] of await ledgerVectors()) {
  mkdirSync(dirname(folder + path), { recursive: true });
  writeFileSync(folder + path, bytes);
}
