import { Script } from "node:vm";

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
