/** Starts what the demo shows, as a person would type it, and ends all of it when the demo is ended. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import process from "node:process";

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Its first line; empty where it ended before it said one. */
  readonly firstLine: Promise<string>;
}

const POSIX = process.platform !== "win32";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const running = new Set<ChildProcess>();
let isEnded = false;

/**
 * Hands the first Ctrl-C to everything that runs, waits until that has ended, and then ends this process
 * as one that was interrupted. A second one does not wait.
 */
export const endTogether = (onEnd: () => void): void => {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (isEnded) process.exit(130);
      isEnded = true;
      const ended = [...running].map((child) => new Promise((resolve) => child.once("close", resolve)));
      for (const child of running) end(child, signal);
      void Promise.all(ended).then(() => {
        onEnd();
        process.stderr.write("\ndemo: interrupted; everything that it started has ended\n");
        process.exit(130);
      });
    });
  }
};

/** Ends a program with what it started itself. */
export const end = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(POSIX ? -child.pid : child.pid, signal);
  } catch {
    // It ended in between.
  }
};

export interface CommandPlace {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Gets what it prints, as it comes. */
  readonly onOutput?: (text: Uint8Array) => void;
}

/** Runs Node with these arguments to the end. */
export const runNode = (args: readonly string[], { cwd, env, onOutput }: CommandPlace): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = startChild(args, cwd, env);
    let output = "";
    const take = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
      onOutput?.(chunk);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("error", reject);
    // Whoever is interrupted goes no further: what ends this process comes first.
    child.once("close", (code) => isEnded || resolve({ code: code ?? 1, output }));
  });

/** Starts Node with these arguments, for a program that goes on. */
export const startNode = (args: readonly string[], { cwd, env }: CommandPlace): Started => {
  const child = startChild(args, cwd, env);
  const firstLine = new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const [line = "", ...more] = said.split("\n");
      if (more.length > 0) resolve(line);
    });
    child.stderr?.resume();
    child.once("error", reject);
    child.once("close", () => resolve(""));
  });
  return { child, firstLine };
};

/** In a group of its own, which the terminal's Ctrl-C does not reach: it would count twice. */
const startChild = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess => {
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: POSIX,
  });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
};
