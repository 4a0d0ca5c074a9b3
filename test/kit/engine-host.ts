import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What tests of containers run on. */
export interface TestEngine {
  /** Path of its socket. */
  readonly socket: string;
  readonly stop: () => Promise<void>;
  /** Stops its process and does not end it: it keeps its connections, takes new ones and says nothing. */
  readonly hang: () => void;
  /** Lets it go on from there. */
  readonly goOn: () => void;
}

/** Runtimes of an engine of ours; the last is one that no run may ever get. */
const RUNTIMES = {
  runsc: { path: "/usr/bin/runsc", runtimeArgs: ["--network=none"] },
  "runsc-without-limits": { path: "/usr/bin/runsc", runtimeArgs: ["--network=none", "--ignore-cgroups"] },
};

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const POLL_MS = 100;

/** Whether this user and machine can have an engine of their own. */
export const canStartEngine = (): boolean =>
  process.platform === "linux" && process.getuid?.() === 0 && isThere("dockerd") && isThere("runsc");

export const isThere = (program: string): boolean => {
  try {
    execFileSync("sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/**
 * Starts a Docker Engine of its own, with everything it writes in a folder that is removed when it is
 * stopped. It shares nothing with an engine that is here already, and touches no network.
 */
export const startEngine = async (): Promise<TestEngine> => {
  // A socket's path has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir().length > 40 ? "/tmp" : tmpdir(), "writ-engine-"));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("daemon.json"), JSON.stringify({ runtimes: RUNTIMES }));
  const log = openSync(at("log"), "w");
  const daemon = spawn(
    "dockerd",
    [
      ["--config-file", at("daemon.json")],
      ["--data-root", at("data")],
      ["--exec-root", at("exec")],
      ["--pidfile", at("pid")],
      ["--host", `unix://${at("sock")}`],
      ["--bridge=none", "--iptables=false", "--ip6tables=false"],
    ].flat(),
    { stdio: ["ignore", log, log] },
  );
  closeSync(log);
  const stop = async (): Promise<void> => {
    await ended(daemon);
    rmSync(folder, { recursive: true, force: true });
  };
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += POLL_MS) {
    if (await answers(at("sock"))) {
      const signal = (name: NodeJS.Signals): void => void daemon.kill(name);
      return { socket: at("sock"), stop, hang: () => signal("SIGSTOP"), goOn: () => signal("SIGCONT") };
    }
    if (daemon.exitCode !== null) break;
    await pause(POLL_MS);
  }
  const said = readFileSync(at("log"), "utf8").slice(-2_000);
  await stop();
  throw new Error(`dockerd did not start:\n${said}`);
};

/** Whether an engine answers behind the socket. */
export const answers = async (socket: string): Promise<boolean> =>
  existsSync(socket) &&
  new Promise((resolve) => {
    const asked = request({ socketPath: socket, path: "/_ping", timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once("error", () => resolve(false));
    asked.once("timeout", () => asked.destroy());
    asked.end();
  });

const ended = async (daemon: ChildProcess): Promise<void> => {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = new Promise((resolve) => daemon.once("exit", resolve));
  daemon.kill("SIGTERM");
  // One that hangs hears of it only then.
  daemon.kill("SIGCONT");
  const kill = setTimeout(() => daemon.kill("SIGKILL"), STOP_MS_MAX);
  await gone;
  clearTimeout(kill);
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
