import { Script } from "node:vm";
import { crc32 } from "node:zlib";

/** Runs the script; what it asks for is one of Node's own modules. */
export type RunScript = (require: (name: string) => unknown) => void;

/**
 * The bundled code of `worker.ts` as a script. Making sense of the parser's code takes a fifth of a short
 * check, so the build leaves what V8 made of it beside the code. V8 takes that only where its version and
 * flags are the same and the code is as long; elsewhere it starts from the code, as it would without.
 */
export const workerScript = (code: string, filename: string, compiled?: Buffer): Script =>
  new Script(`(function (require) {${code}\n})`, {
    filename,
    ...(compiled === undefined ? {} : { cachedData: compiled }),
  });

const CHECKSUM_BYTES = 4;

/** What V8 made of this code, as a file. V8 itself does not notice a damaged byte in it, and may crash on one. */
export const compiledFile = (code: string, compiled: Buffer): Buffer => {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(crc32(compiled, crc32(code)));
  return Buffer.concat([checksum, compiled]);
};

/** What such a file holds, or undefined where it is not as it was written, or not for this code. */
export const compiledIn = (file: Buffer, code: string): Buffer | undefined => {
  const compiled = file.subarray(CHECKSUM_BYTES);
  return file.equals(compiledFile(code, compiled)) ? compiled : undefined;
};
