import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";

import type { JsonObject } from "#kernel/json.ts";
import { builtWrit } from "#test/kit/built-writ.ts";
import { entriesIn, verifyState } from "#test/spine/ledger-of.ts";

/** How a process of `writ` ended, and what it said until then. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly pid: number;
  /** Lines of standard output that came so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line of standard output, past or to come, that is wanted; rejects when the process ends without. */
  line(wanted: (line: string) => boolean): Promise<string>;
  /** Resolves once this was said on either output. */
  said(wanted: string | RegExp): Promise<void>;
  type(text: string): void;
  kill(signal: NodeJS.Signals): void;
  /** To the whole process group, as a terminal does. */
  killGroup(signal: NodeJS.Signals): void;
  /** Closes the reading end of standard output. */
  closeOutput(): void;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  /** Beside PATH, HOME and WRIT_STATE; undefined removes. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Called with every line of standard output as it comes. */
  readonly onLine?: (line: string, running: Running) => void;
  /** Runs this shell script, to which the words of the command are `"$@"`. */
  readonly shell?: string;
  /** Under a user who owns nothing but is no root, where this process may choose one. */
  readonly asNobody?: boolean;
  /** At a terminal of this many columns, whose keys `type` presses; both outputs are its screen then. */
  readonly columns?: number;
}

/** A user's machine: a build of `writ` far from its sources, a workspace, a state folder and a home. */
export interface ProcessDesk {
  readonly root: string;
  readonly workspace: string;
  readonly state: string;
  readonly program: string;
  write(path: string, text: string | Uint8Array): string;
  read(path: string): string;
  start(line: readonly string[], options?: StartOptions): Running;
  writ(line: readonly string[], options?: StartOptions): Promise<Ended>;
  /** The digest that `--consent` takes; asked for once for each pair. */
  consent(file: string, model: string): Promise<string>;
  entries(): readonly JsonObject[];
  /** Descriptions of what verifying finds; none for a ledger that is as it was written. */
  ledgerFaults(): Promise<readonly string[]>;
  /** Command lines of living processes of this build, `writ`, sandboxes and all. */
  processes(): readonly string[];
  /** Gives a folder with all that is in it to the user of `asNobody`. */
  giveAway(folder: string): void;
  /** Empties workspace, state and home; what is known about consents stays. */
  renew(): void;
  dispose(): void;
}

const built = await builtWrit();

/** No system has an entry of this user. */
const NOBODY = 54_321;

/** Only there so that a process that hangs fails its test instead of the whole suite. */
const WATCHDOG_MS = 180_000;

export const createProcessDesk = (): ProcessDesk => {
  const root = mkdtempSync(join(tmpdir(), "writ-bad-days-"));
  chmodSync(root, 0o755);
  const workspace = join(root, "workspace");
  const state = join(root, "state");
  const program = join(root, "dist", "cli.js");
  cpSync(built, join(root, "dist"), { recursive: true });
  const home = join(root, "home");
  const renew = (): void => {
    for (const folder of [workspace, state, home]) rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(workspace, "policies"), { recursive: true });
    mkdirSync(home);
  };
  renew();
  const consents = new Map<string, string>();

  const desk: ProcessDesk = {
    root,
    workspace,
    state,
    program,
    write: (path, text) => {
      const whole = join(workspace, path);
      mkdirSync(dirname(whole), { recursive: true });
      writeFileSync(whole, text);
      return whole;
    },
    read: (path) => readFileSync(join(workspace, path), "utf8"),
    start: (line, options = {}) => {
      const words = [process.execPath, program, ...line];
      const [command = "", ...args] = commandOf(words, options);
      const environment = {
        PATH: process.env["PATH"],
        HOME: home,
        WRIT_STATE: state,
        // Whatever engine this machine has, it is none of these tests' business.
        DOCKER_HOST: `unix://${join(state, "no-engine")}`,
        ...options.environment,
      };
      const child = spawn(command, args, {
        cwd: options.cwd ?? workspace,
        env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)),
        stdio: [options.columns === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        detached: true,
        ...(options.asNobody === true && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
      });
      return follow(child, options);
    },
    writ: (line, options) => desk.start(line, options).ended,
    async consent(file, model) {
      const key = `${file} ${model}`;
      const known = consents.get(key);
      if (known !== undefined) return known;
      const { out, err } = await desk.writ(["check", file, "--powers", "--model", model]);
      const digest = /\b[0-9a-f]{64}\b/.exec(out)?.[0];
      if (digest === undefined) throw new Error(`no powers of ${file}:\n${out}${err}`);
      consents.set(key, digest);
      return digest;
    },
    entries: () => entriesIn(state),
    async ledgerFaults() {
      const reports = await verifyState(state);
      return reports.flatMap(({ logs }) =>
        logs.flatMap(({ log, faults }) =>
          faults.map(({ kind, index, detail }) => `${log ?? "?"} #${index} ${kind}: ${detail}`),
        ),
      );
    },
    processes: () =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => commandLineOf(pid))
        .filter((line) => line.includes(join(root, "dist"))),
    giveAway: (folder) => {
      if (process.getuid?.() !== 0) return;
      const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const path of [folder, ...names.map((name) => join(folder, name))])
        chownSync(path, NOBODY, NOBODY);
    },
    renew,
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  return desk;
};

const commandOf = (words: readonly string[], { shell, columns }: StartOptions): readonly string[] => {
  if (shell !== undefined) return ["/bin/sh", "-c", shell, "sh", ...words];
  if (columns === undefined) return words;
  // `script` is part of every Debian; what it makes is a terminal for all that a process can tell.
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const command = `stty cols ${columns} rows 50; exec ${quoted}`;
  return ["script", "--quiet", "--return", "--command", command, "/dev/null"];
};

/** Empty for a process that is gone or waits to be collected. */
const commandLineOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
};

const follow = (child: ChildProcess, options: StartOptions): Running => {
  const { pid } = child;
  if (pid === undefined) throw new Error("the process could not be started");
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const watcher of watchers) watcher();
  };
  let out = "";
  let err = "";
  let rest = "";
  let over = false;

  const running: Running = {
    pid,
    lines,
    line: (wanted) => until(() => lines.find((line) => wanted(line))),
    said: async (wanted) => {
      const isIn = (text: string): boolean =>
        typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
      await until(() => (isIn(out) || isIn(err) ? true : undefined));
    },
    type: (text) => void child.stdin?.write(text),
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => void process.kill(-pid, signal),
    closeOutput: () => child.stdout?.destroy(),
    ended: new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => {
        process.kill(-pid, "SIGKILL");
        reject(new Error(`the process did not end:\n${out}\n${err}`));
      }, WATCHDOG_MS);
      child.once("close", (code, signal) => {
        clearTimeout(watchdog);
        over = true;
        tell();
        resolve({ code, signal, out, err });
      });
    }),
  };
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined && !over) return;
        watchers.delete(look);
        if (found === undefined) reject(new Error(`the process ended before:\n${out}\n${err}`));
        else resolve(found);
      };
      watchers.add(look);
      look();
    });
  // Whoever waits for a line learns of an end through that.
  running.ended.catch(() => undefined);
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      lines.push(line);
      options.onLine?.(line, running);
    }
    tell();
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
    tell();
  });
  return running;
};

/** What no message of `writ` may look like, whatever went wrong. */
export const expectPlain = ({ out, err }: Pick<Ended, "out" | "err">): void => {
  for (const text of [out, err]) {
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
    expect(text).not.toContain("a fault of writ itself");
    expect(text).not.toContain("node:internal");
  }
};
