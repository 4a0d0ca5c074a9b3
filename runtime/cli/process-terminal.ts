import { createInterface } from "node:readline/promises";
import type { ReadStream, WriteStream } from "node:tty";

import { abortError, isAbort } from "#kernel/abort.ts";

import type { Terminal } from "./command.ts";
import { styleFor } from "./style.ts";

const COLUMNS_DEFAULT = 80;
const COLUMNS_MIN = 40;

/** How long a person must have seen a question before a key counts, and the silence that ends key repeat. */
export const QUIET_MS = 300;
/** Keys that never stop are nobody answering. */
const QUIET_WAIT_MS_MAX = 10_000;

export interface ProcessStreams {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Called when the person presses Ctrl-C at a question; the terminal does not raise the signal then. */
  readonly onInterrupt: () => void;
}

export const createProcessTerminal = (streams: ProcessStreams): Terminal => {
  const { stdin, stdout, stderr } = streams;
  const interactive = stdin.isTTY && stderr.isTTY;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    interactive,
    columns: Math.max(COLUMNS_MIN, stdout.columns ?? columnsSaid(streams.variables) ?? COLUMNS_DEFAULT),
    style: styleFor(stdout, streams.variables),
    async question(prompt, signal) {
      if (!interactive) return null;
      stderr.write(prompt);
      if (!(await quiet(stdin, signal))) return null;
      // The prompt was written already, so that it can be read while typed-ahead keys are dropped.
      const reader = createInterface({ input: stdin, output: stderr, terminal: true });
      reader.on("SIGINT", streams.onInterrupt);
      const ended = new Promise<null>((resolve) => reader.once("close", () => resolve(null)));
      try {
        return await Promise.race([reader.question("", { signal }), ended]);
      } catch (error) {
        if (isAbort(error)) throw abortError();
        throw error;
      } finally {
        reader.close();
        stdin.pause();
      }
    },
  };
};

/** COLUMNS, for a pipe into something that has a width of its own. */
const columnsSaid = (variables: ProcessStreams["variables"]): number | undefined => {
  const said = variables["COLUMNS"] ?? "";
  return /^[1-9][0-9]{0,3}$/.test(said) ? Number(said) : undefined;
};

/** Drops what was typed before the question could be read. False when the keys never stopped or input ended. */
const quiet = (stdin: ReadStream, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      clearTimeout(silence);
      clearTimeout(patience);
      stdin.off("data", again);
      stdin.off("end", ended);
      signal.removeEventListener("abort", aborted);
      act();
    };
    const calm = (): void => finish(() => resolve(true));
    const ended = (): void => finish(() => resolve(false));
    const aborted = (): void => finish(() => reject(abortError()));
    const again = (): void => {
      clearTimeout(silence);
      silence = setTimeout(calm, QUIET_MS);
    };
    let silence = setTimeout(calm, QUIET_MS);
    const patience = setTimeout(ended, QUIET_WAIT_MS_MAX);
    if (signal.aborted) {
      aborted();
      return;
    }
    signal.addEventListener("abort", aborted, { once: true });
    stdin.once("end", ended);
    stdin.on("data", again);
    stdin.resume();
  });
