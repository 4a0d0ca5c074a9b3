import { errorCode } from "#kernel/error-code.ts";
import type { Fault, Result } from "#kernel/result.ts";
import { failed, fault, ok } from "#kernel/result.ts";
import { visibleText } from "#kernel/visible-text.ts";

import { userName } from "./account.ts";
import type { Environment, ExitCode, Terminal } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { CommandEntry } from "./commands.ts";
import type { Audience } from "./fault-output.ts";
import { printFault, refuseUsage } from "./fault-output.ts";
import { createProcessTerminal, errColumnsOf } from "./process-terminal.ts";
import { runCommand } from "./run-command.ts";
import { stateDirectory } from "./state-directory.ts";
import { tell } from "./tell.ts";
import type { Page } from "./usage.ts";
import { commandLines, groupLines, overviewLines, parseLine } from "./usage.ts";
import { NODE_MIN, VERSION } from "./version.ts";

const isNodeTooOld = (): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
};

/** The entry point of `writ`: finds the command, gives it its view of the outside, turns Ctrl-C into a cancel. */
const main = async (argv: readonly string[]): Promise<ExitCode> => {
  const interrupted = new AbortController();
  let how: string | null = null;
  const abort = (by: string): void => {
    how ??= by;
    interrupted.abort();
  };
  const interrupt = (by: string): void => {
    // The first one cancels and waits until everything is gone; the second leaves at once.
    if (interrupted.signal.aborted) {
      if (left !== null) printFault(left, LEFT_AT_ONCE);
      process.exit(130);
    }
    abort(by);
  };
  // A terminal that is closed says so more than once, and nobody there is in a hurry.
  const hangUp = (): void => abort("the closing of its terminal (SIGHUP or the end of its input)");
  const pressed = (): void => interrupt("Ctrl-C (SIGINT)");
  process.on("SIGINT", pressed);
  process.on("SIGTERM", () => interrupt("SIGTERM from another program"));
  process.on("SIGHUP", hangUp);

  const terminal = createProcessTerminal({
    ...STREAMS,
    onInterrupt: pressed,
    onHangup: hangUp,
  });

  if (isNodeTooOld()) {
    const message = `this is Node ${process.versions.node}, and writ needs ${NODE_MIN.join(".")} or later`;
    const help = "a checkout brings its own: node_modules/.bin/node dist/cli.js";
    printFault({ terminal, switches: switchesOf(argv) }, fault("CLI_OLD_NODE", message, { help }));
    return 3;
  }
  const named = candidates(argv);
  const commands = await Promise.all(named.map((entry) => entry.load()));
  const line = parseLine(argv, commands);
  switch (line.k) {
    case "version":
      terminal.out(VERSION);
      return 0;
    case "help":
      print(
        terminal,
        line.command === null
          ? overviewLines(commands, helpPage(terminal))
          : commandLines(line.command, helpPage(terminal)),
      );
      return 0;
    case "group":
      print(terminal, groupLines(line.name, line.commands, helpPage(terminal)));
      return 0;
    case "usage":
      return refuseUsage(
        { terminal, switches: switchesOf(argv) },
        line.message,
        line.command === null
          ? "`writ --help` lists the commands"
          : `usage: writ ${line.command.name} ${line.command.usage}`,
      );
    case "run": {
      const here = environment();
      if (!here.ok) {
        printFault({ terminal, switches: line.switches }, here.fault);
        return 2;
      }
      isActing = line.command.actsUnheard === true;
      if (line.command.name === "run") left = { terminal, switches: line.switches };
      return runCommand(line.command, {
        positionals: line.positionals,
        switches: line.switches,
        values: line.values,
        terminal,
        environment: here.value,
        signal: interrupted.signal,
        howInterrupted: () => how,
      });
    }
  }
};

/** Whether the command that runs goes on when nobody reads its output any more. */
let isActing = false;

/** Who hears of a run that a second Ctrl-C left behind; null where none can be. */
let left: Audience | null = null;

const LEFT_AT_ONCE = fault("CLI_LEFT", "left at once: a run that was going on is interrupted now", {
  help: "`writ ps` lists it; `writ run --resume <run>` goes on with it, `writ stop <run>` ends it for good",
});

/** Only what the line may mean is loaded: nothing for the version, everything for help about everything. */
const candidates = (argv: readonly string[]): readonly CommandEntry[] => {
  if (argv[0] === "--version" || argv[0] === "-V") return [];
  const first = argv[0] === "help" ? argv[1] : argv[0];
  const named = COMMANDS.filter((entry) => entry.name.split(" ")[0] === first);
  return named.length > 0 ? named : COMMANDS;
};

/** The switches of a line that was not understood, as far as they decide how that is said. */
const switchesOf = (argv: readonly string[]): ReadonlySet<string> =>
  new Set(argv.includes("--json") ? ["json"] : []);

/** Help that goes into a file or another program is not wrapped. */
const helpPage = ({ columns, style }: Terminal): Page => ({
  columns: process.stdout.isTTY ? columns : Infinity,
  style,
});

const print = (terminal: Terminal, lines: readonly string[]): void => {
  for (const text of lines) terminal.out(text);
};

/** A fault where the working folder is gone, so that no name of a file means anything, and where no state folder is named. */
const environment = (): Result<Environment, Fault<string>> => {
  let cwd: string;
  try {
    cwd = process.cwd();
  } catch {
    return failed(fault("CLI_USAGE", "the folder that this was started in does not exist any more"));
  }
  const variables = process.env;
  const state = stateDirectory(variables, process.platform);
  return state.ok ? ok({ cwd, variables, stateDirectory: state.value, user: userName() }) : state;
};

const STREAMS = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  variables: process.env,
};

/** Says something where no command and no terminal of one may be left. */
const say = (text: string, how: Parameters<typeof tell>[2] = {}): void =>
  tell(
    { err: (line) => void process.stderr.write(`${line}\n`), errColumns: errColumnsOf(STREAMS) },
    text,
    how,
  );

const reportFault = (error: unknown): void => {
  const message = error instanceof Error ? error.message : String(error);
  say(`a fault of writ itself: ${visibleText(message)}`, { lead: "writ: " });
  say("Please report it with what you did; `WRIT_DEBUG=1` shows where it happened.");
  if (process.env["WRIT_DEBUG"] === "1" && error instanceof Error)
    process.stderr.write(`${error.stack ?? ""}\n`);
};

/** How a closed pipe and a terminal that is gone answer. */
const GONE: readonly string[] = ["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"];

/** The code of what kept output from being written although somebody waits for it. */
let unwritten: string | null = null;

process.stdout.on("error", (error) => {
  const code = errorCode(error);
  if (!GONE.includes(code)) {
    if (unwritten === null) say(`standard output cannot be written (${code})`, { lead: "writ: " });
    unwritten ??= code;
    if (process.exitCode === 0) process.exitCode = 3;
  } else if (!isActing) {
    // Its reader has seen enough.
    process.exit(0);
  }
});
// Nobody is left to be told.
process.stderr.on("error", () => undefined);
process.stdin.on("error", () => undefined);
process.on("uncaughtException", (error) => {
  reportFault(error);
  process.exit(1);
});

try {
  const code = await main(process.argv.slice(2));
  process.exitCode = code === 0 && unwritten !== null ? 3 : code;
} catch (error) {
  reportFault(error);
  process.exitCode = 1;
}
