import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { builtWrit } from "#test/kit/built-writ.ts";

const built = join(await builtWrit(), "cli.js");

export interface WritPlace {
  readonly folder: string;
  readonly state: string;
}

export interface WritOptions {
  /** The file that is `writ`: that of the build unless another is named. */
  readonly program?: string;
  /** For Node itself. */
  readonly flags?: readonly string[];
  /** Runs this shell script, to which the words of the command are `"$@"`. */
  readonly shell?: string;
}

/** `writ` in a process of its own. */
export const startWrit = (
  { folder, state }: WritPlace,
  words: readonly string[],
  { program = built, flags = [], shell }: WritOptions = {},
) => {
  const line = [process.execPath, ...flags, program, ...words];
  const [command = "", ...rest] = shell === undefined ? line : ["/bin/sh", "-c", shell, "sh", ...line];
  const child = spawn(command, rest, {
    cwd: folder,
    env: { WRIT_STATE: state, HOME: folder, PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: Buffer[] = [];
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk));
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  return {
    child,
    ended: once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    /** Resolves once this is said from now on. */
    says: (wanted: string) =>
      new Promise<void>((resolve) => {
        for (const stream of [child.stdout, child.stderr])
          stream.on("data", () => void (Buffer.concat(said).toString().includes(wanted) && resolve()));
      }),
    text: () => Buffer.concat(said).toString("utf8"),
    out: () => Buffer.concat(out).toString("utf8"),
    err: () => Buffer.concat(err).toString("utf8"),
  };
};
