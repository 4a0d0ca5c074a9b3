import { PassThrough } from "node:stream";
import type { ReadStream, WriteStream } from "node:tty";

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

/** A screen that keeps what was written to it. */
const capture = (): PassThrough & { text: string; isTTY: boolean } => {
  const stream = Object.assign(new PassThrough(), { text: "", isTTY: true });
  stream.on("data", (bytes: Buffer) => {
    stream.text += bytes.toString();
  });
  return stream;
};
