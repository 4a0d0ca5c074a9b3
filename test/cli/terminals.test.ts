import { PassThrough } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";

import { describe, expect, test } from "vitest";

import { createProcessTerminal, QUIET_MS } from "#cli/process-terminal.ts";
import { terminalContract } from "#test/contracts/terminal.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

terminalContract("the fake", (answers) => {
  const terminal = createTerminalFake(answers);
  const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
  return { terminal, outText: () => textOf(terminal.outLines), errText: () => textOf(terminal.errLines) };
});

terminalContract("the process's own", (answers) => {
  const left = [...answers];
  const asked = new Set<string>();
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  const [stdout, stderr] = [capture(), capture()];
  // A person answers once the question could be read and no key of before counts any more.
  stderr.on("data", (text: Buffer) => {
    const question = /\w+\?/.exec(text.toString())?.[0];
    // The line editor writes the question once more.
    if (question === undefined || asked.has(question)) return;
    asked.add(question);
    const answer = left.shift();
    setTimeout(() => (typeof answer === "string" ? stdin.write(`${answer}\r`) : stdin.end()), QUIET_MS + 200);
  });
  const terminal = createProcessTerminal({
    stdin: stdin as unknown as ReadStream,
    stdout: stdout as unknown as WriteStream,
    stderr: stderr as unknown as WriteStream,
    variables: {},
    onInterrupt: () => undefined,
    onHangup: () => undefined,
  });
  return { terminal, outText: () => stdout.text, errText: () => stderr.text };
});

describe("the process's own", () => {
  const columnsOf = (out: object, err: object, variables: Readonly<Record<string, string>> = {}) => {
    const { columns, errColumns } = createProcessTerminal({
      stdin: Object.assign(new PassThrough(), { isTTY: false }) as unknown as ReadStream,
      stdout: Object.assign(capture(), out) as unknown as WriteStream,
      stderr: Object.assign(capture(), err) as unknown as WriteStream,
      variables,
      onInterrupt: () => undefined,
      onHangup: () => undefined,
    });
    return [columns, errColumns];
  };
  const pipe = { isTTY: false };

  test.each<[string, number[], number[]]>([
    ["both are a terminal's", columnsOf({ columns: 120 }, { columns: 120 }), [120, 120]],
    ["results go into a pipe", columnsOf(pipe, { columns: 40 }), [80, 40]],
    ["errors go into a pipe", columnsOf({ columns: 40 }, pipe), [40, Infinity]],
    ["both go into pipes of a known width", columnsOf(pipe, pipe, { COLUMNS: "100" }), [100, Infinity]],
    ["a terminal does not know its size", columnsOf({ columns: 0 }, { columns: 0 }), [80, 80]],
    ["a terminal is too narrow for anything", columnsOf({ columns: 3 }, { columns: 3 }), [20, 20]],
  ])("wraps each stream by itself where %s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});

describe("a terminal that is gone while it is asked at", () => {
  // A reader of one whose other side closed is told that reading failed, or that nothing more comes.
  const failure = Object.assign(new Error("read EIO"), { code: "EIO" });
  test.each<[string, number, Error | null]>([
    ["reading fails before a key counts", 50, failure],
    ["reading fails while an answer is typed", QUIET_MS + 200, failure],
    ["its input ends before a key counts", 50, null],
    ["its input ends while an answer is typed", QUIET_MS + 200, null],
  ])("is known to be, and is no answer: %s", async (_, afterMs, error) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
    stdin.on("error", () => undefined);
    let hangups = 0;
    const terminal = createProcessTerminal({
      stdin: stdin as unknown as ReadStream,
      stdout: capture() as unknown as WriteStream,
      stderr: capture() as unknown as WriteStream,
      variables: {},
      onInterrupt: () => undefined,
      onHangup: () => (hangups += 1),
    });
    setTimeout(() => (error === null ? stdin.end() : stdin.destroy(error)), afterMs);
    expect(await terminal.question("One?", new AbortController().signal)).toBeNull();
    expect(hangups).toBe(1);
  });
});

/** A screen that keeps what was written to it. */
function capture(): PassThrough & { text: string; isTTY: boolean } {
  const stream = Object.assign(new PassThrough(), { text: "", isTTY: true });
  stream.on("data", (bytes: Buffer) => {
    stream.text += bytes.toString();
  });
  return stream;
}
