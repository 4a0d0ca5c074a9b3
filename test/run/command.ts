/** Runs one command of the checks, in a process group of its own, and never leaves it behind. */
import { spawn } from "node:child_process";

export interface Command {
  /** The program, looked up on PATH, and its arguments. Constants only: on Windows a shell reads them. */
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs: number;
}

export type Outcome =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: NodeJS.Signals }
  | { readonly kind: "timed-out" }
  | { readonly kind: "not-started"; readonly message: string };

/** How long a command may take to leave after it was asked to, before its group is killed. */
const GRACE_MS = 10_000;

const posix = process.platform !== "win32";

/**
 * Resolves when the command has ended; never rejects. Its output goes to ours, it reads no input.
 *
 * @param stop aborted with the name of a signal as reason: the command's whole group receives that signal,
 * once, and the promise still resolves only when the command has ended.
 */
export function runCommand(command: Command, stop: AbortSignal): Promise<Outcome> {
  const [program, ...args] = command.argv;
  return new Promise((resolve) => {
    // A group of its own keeps the terminal's Ctrl-C from reaching the command twice, once from the terminal
    // and once from us, and lets us reach what the command itself has started.
    const child = spawn(program, args, {
      cwd: command.cwd,
      env: { ...process.env, ...command.env },
      stdio: ["ignore", "inherit", "inherit"],
      detached: posix,
      shell: !posix,
    });
    let timedOut = false;
    let kill: NodeJS.Timeout | undefined;
    const send = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(posix ? -child.pid : child.pid, signal);
      } catch (error) {
        // The group ended between our decision and the signal.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    };
    const ask = (signal: NodeJS.Signals): void => {
      send(signal);
      kill ??= setTimeout(() => send("SIGKILL"), GRACE_MS);
    };
    const onStop = (): void => ask(stop.reason as NodeJS.Signals);
    const deadline = setTimeout(() => {
      timedOut = true;
      ask("SIGTERM");
    }, command.timeoutMs);
    const finish = (outcome: Outcome): void => {
      clearTimeout(deadline);
      clearTimeout(kill);
      stop.removeEventListener("abort", onStop);
      // A command that has ended may have left a child of its own in the group.
      send("SIGKILL");
      resolve(outcome);
    };
    if (stop.aborted) onStop();
    else stop.addEventListener("abort", onStop, { once: true });

    child.once("error", (error) => finish({ kind: "not-started", message: error.message }));
    child.once("exit", (code, signal) => {
      if (timedOut) finish({ kind: "timed-out" });
      else if (signal !== null) finish({ kind: "killed", signal });
      else finish({ kind: "exited", code: code ?? 1 });
    });
  });
}

/** In words, for the one line that follows a command's output; undefined when it did what it should. */
export function complaint(outcome: Outcome, timeoutMs: number): string | undefined {
  switch (outcome.kind) {
    case "exited":
      return outcome.code === 0 ? undefined : `ended with code ${outcome.code}`;
    case "killed":
      return `was ended by ${outcome.signal}`;
    case "timed-out":
      return `took longer than ${timeoutMs / 1000} s`;
    case "not-started":
      return `did not start: ${outcome.message}`;
  }
}
