import { createInterface } from "node:readline/promises";
import type { ReadStream, WriteStream } from "node:tty";

import { abortError, isAbort } from "#kernel/abort.ts";

import type { Terminal } from "./command.ts";
import { styleFor } from "./style.ts";
import { wrap } from "./width.ts";

const COLUMNS_DEFAULT = 80;
const COLUMNS_MIN = 20;
/** Room for an answer behind the question. */
const ANSWER_COLUMNS = 12;
/** How a terminal sends it once it hands over every key. */
const CTRL_C = 3;

/** How long a person must have seen a question before a key counts, and the silence that ends key repeat. */
export const QUIET_MS = 300;
/** A stop that did not come within this will not come: without a shell to continue it nothing is stopped. */
const STOP_WAIT_MS = 100;
/** Keys that never stop are nobody answering. */
const QUIET_WAIT_MS_MAX = 10_000;

export interface ProcessStreams {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Called when the person presses Ctrl-C at a question; the terminal does not raise the signal then. */
  readonly onInterrupt: () => void;
  /** Called when the terminal ends while it is asked at. */
  readonly onHangup: () => void;
}

export const createProcessTerminal = (streams: ProcessStreams): Terminal => {
  const { stdin, stdout, stderr } = streams;
  const interactive = stdin.isTTY && stderr.isTTY;
  if (interactive) outliveTerminal(stdin);
  const columns = columnsOn(stdout, streams.variables);
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    interactive,
    columns,
    errColumns: errColumnsOf(streams),
    style: styleFor(stdout, streams.variables),
    question: async (prompt, signal) => (interactive ? ask(streams, prompt, columns, signal) : null),
  };
};

/** Columns of standard error; Infinity where that is no terminal. */
export const errColumnsOf = ({ stderr, variables }: Pick<ProcessStreams, "stderr" | "variables">): number =>
  stderr.isTTY ? columnsOn(stderr, variables) : Infinity;

/** A terminal that does not know its size says 0. */
const columnsOn = (stream: WriteStream, variables: ProcessStreams["variables"]): number =>
  Math.max(COLUMNS_MIN, stream.columns || columnsSaid(variables) || COLUMNS_DEFAULT);

/** A terminal that is gone refuses every mode, also to the line editor, where nobody could catch it. */
const outliveTerminal = (stdin: ReadStream): void => {
  const setRawMode = stdin.setRawMode.bind(stdin);
  stdin.setRawMode = (mode) => {
    try {
      return setRawMode(mode);
    } catch {
      return stdin;
    }
  };
};

const OVER = ["end", "error"] as const;

const ask = async (
  { stdin, stderr, onInterrupt, onHangup }: ProcessStreams,
  prompt: string,
  columns: number,
  signal: AbortSignal,
): Promise<string | null> => {
  const lines = wrap(prompt.trimEnd(), columns - ANSWER_COLUMNS);
  const last = `${lines.at(-1) ?? ""} `;
  const shown = [...lines.slice(0, -1), last].join("\n");
  // Readable before an answer counts. The reader below writes its line anew, in the same place.
  stderr.write(shown);
  // After a stop the shell has the terminal's modes as it likes them, and its own words on the screen.
  const continued = (): void => {
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    stderr.write(`\n${shown}`);
  };
  process.on("SIGCONT", continued);
  // Every key at once, also those typed earlier, and none of them shown.
  stdin.setRawMode(true);
  // A terminal that is gone ends its input, or fails it, whichever comes first.
  for (const over of OVER) stdin.once(over, onHangup);
  let answer: string | null = null;
  try {
    if (await quiet(stdin, onInterrupt, signal))
      answer = await readAnswer(stdin, stderr, last, onInterrupt, signal);
    return answer;
  } catch (error) {
    if (isAbort(error)) throw abortError();
    throw error;
  } finally {
    process.off("SIGCONT", continued);
    for (const over of OVER) stdin.off(over, onHangup);
    stdin.setRawMode(false);
    stdin.pause();
    // Whatever comes next does not begin behind the question.
    if (answer === null) stderr.write("\n");
  }
};

/** One line as a person typed and edited it, or null at the end of input. */
const readAnswer = async (
  stdin: ReadStream,
  stderr: WriteStream,
  prompt: string,
  onInterrupt: () => void,
  signal: AbortSignal,
): Promise<string | null> => {
  const reader = createInterface({ input: stdin, output: stderr, terminal: true, historySize: 0 });
  reader.on("SIGINT", onInterrupt);
  // The reader throws what nobody takes, past everybody who waits for it.
  reader.on("error", () => reader.close());
  // Left to itself the reader stops reading with the process, and nothing would answer after that.
  const stopping = stopper(stdin);
  reader.on("SIGTSTP", stopping.stop);
  // Writes the line with what was typed of the answer, once the question stands above it again.
  const continued = (): void => reader.prompt(true);
  process.on("SIGCONT", continued);
  const ended = new Promise<null>((resolve) => reader.once("close", () => resolve(null)));
  try {
    return await Promise.race([reader.question(prompt, { signal }), ended]);
  } finally {
    process.off("SIGCONT", continued);
    stopping.forget();
    reader.close();
  }
};

/** Stops the job as the terminal does at Ctrl-Z when it keeps that key to itself: with all its processes. */
const stopper = (stdin: ReadStream): { readonly stop: () => void; readonly forget: () => void } => {
  let waiting: NodeJS.Timeout | undefined;
  const forget = (): void => clearTimeout(waiting);
  const stop = (): void => {
    forget();
    stdin.setRawMode(false);
    process.kill(0, "SIGTSTP");
    waiting = setTimeout(() => stdin.setRawMode(true), STOP_WAIT_MS);
  };
  return { stop, forget };
};

/** COLUMNS, for a pipe into something that has a width of its own. */
const columnsSaid = (variables: ProcessStreams["variables"]): number | undefined => {
  const said = variables["COLUMNS"] ?? "";
  return /^[1-9][0-9]{0,3}$/.test(said) ? Number(said) : undefined;
};

/** Drops what was typed before the question could be read. False when the keys never stopped or input ended. */
const quiet = (stdin: ReadStream, onInterrupt: () => void, signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      clearTimeout(silence);
      clearTimeout(patience);
      stdin.off("data", again);
      for (const over of OVER) stdin.off(over, ended);
      signal.removeEventListener("abort", aborted);
      act();
    };
    const calm = (): void => finish(() => resolve(true));
    const ended = (): void => finish(() => resolve(false));
    const aborted = (): void => finish(() => reject(abortError()));
    const again = (keys: Uint8Array): void => {
      clearTimeout(silence);
      silence = setTimeout(calm, QUIET_MS);
      if (keys.includes(CTRL_C)) onInterrupt();
    };
    let silence = setTimeout(calm, QUIET_MS);
    const patience = setTimeout(ended, QUIET_WAIT_MS_MAX);
    if (signal.aborted) {
      aborted();
      return;
    }
    signal.addEventListener("abort", aborted, { once: true });
    for (const over of OVER) stdin.once(over, ended);
    stdin.on("data", again);
    stdin.resume();
  });
