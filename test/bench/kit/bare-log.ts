import { fdatasyncSync, openSync, writeSync } from "node:fs";
import { generateKeyPairSync, hash, sign } from "node:crypto";
import { join } from "node:path";

/**
 * The least that a signed log does: a SHA-256 of each line over the one before, one Ed25519 signature
 * of the last for all that are appended together, one write, one fdatasync.
 */
export const createBareLog = (folder: string): ((line: Uint8Array, count: number) => void) => {
  const file = openSync(join(folder, "bare.log"), "a");
  const { privateKey } = generateKeyPairSync("ed25519");
  let last = Buffer.alloc(32);
  return (line, count) => {
    const parts: Uint8Array[] = [];
    for (let index = 0; index < count; index += 1) {
      last = hash("sha256", Buffer.concat([last, line]), "buffer");
      parts.push(line);
    }
    parts.push(sign(null, last, privateKey));
    writeSync(file, Buffer.concat(parts));
    fdatasyncSync(file);
  };
};
