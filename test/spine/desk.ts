import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import type { Command, ExitCode } from "#cli/command.ts";
import { COMMANDS } from "#cli/commands.ts";
import { runCommand } from "#cli/run-command.ts";
import { parseLine } from "#cli/usage.ts";
import type { JsonObject } from "#kernel/json.ts";
import type { LedgerEntry } from "#protocol/ledger-entry.ts";
import { createTerminalFake } from "#test/kit/terminal-fake.ts";

export interface Said {
  readonly code: ExitCode;
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Standard output as JSON lines. */
  readonly events: () => readonly JsonObject[];
}

/** A user's desk: a workspace and a state folder of its own, and `writ` run in this very process on real adapters. */
export interface Desk {
  readonly workspace: string;
  readonly state: string;
  /** The environment of every command here. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  write(path: string, text: string | Uint8Array): string;
  read(path: string): string;
  writ(line: readonly string[], options?: DeskOptions): Promise<Said>;
  /** The digest that `--consent` takes for this file with this model. */
  powers(file: string, model: string, options?: DeskOptions): Promise<string>;
  /** Every line of every log, parsed. */
  entries(): readonly LedgerEntry[];
  dispose(): void;
}

export interface DeskOptions {
  readonly answers?: readonly (string | null)[];
  readonly interactive?: boolean;
  readonly signal?: AbortSignal;
  readonly columns?: number;
  /** Of the environment, beside what every process has. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** @param example folder below `examples` to begin with, or null for an empty workspace. */
export const createDesk = (example: string | null): Desk => {
  const root = mkdtempSync(join(tmpdir(), "writ-desk-"));
  const workspace = join(root, "workspace");
  const state = join(root, "state");
  const runtime = join(root, "run");
  mkdirSync(workspace);
  mkdirSync(runtime);
  if (example !== null) cpSync(join("examples", example), workspace, { recursive: true });
  else mkdirSync(join(workspace, "policies"));

  const variables = {
    PATH: process.env["PATH"],
    XDG_RUNTIME_DIR: runtime,
    DOCKER_HOST: "unix:///no/engine",
  };
  const desk: Desk = {
    workspace,
    state,
    variables,
    write: (path, text) => {
      const whole = join(workspace, path);
      mkdirSync(dirname(whole), { recursive: true });
      writeFileSync(whole, text);
      return whole;
    },
    read: (path) => readFileSync(join(workspace, path), "utf8"),
    async writ(line, options = {}) {
      const terminal = createTerminalFake(options.answers ?? [], {
        interactive: options.interactive ?? (options.answers?.length ?? 0) > 0,
        columns: options.columns ?? 80,
      });
      const entry = COMMANDS.find(({ name }) => name.split(" ").every((word, index) => line[index] === word));
      const command = await entry?.load();
      const parsed = parseLine(line, command === undefined ? [] : [command]);
      if (parsed.k !== "run") throw new Error(`not a command line: ${line.join(" ")}`);
      const code = await runCommand(parsed.command, {
        ...parsed,
        terminal: watched(terminal, options.onLine),
        environment: {
          cwd: workspace,
          variables: { ...variables, ...options.variables },
          stateDirectory: state,
          user: "tester",
        },
        signal: options.signal ?? new AbortController().signal,
        howInterrupted: () => null,
      });
      return {
        code,
        out: terminal.outLines,
        err: terminal.errLines,
        events: () => terminal.outLines.map((text) => JSON.parse(text) as JsonObject),
      };
    },
    async powers(file, model, options = {}) {
      const { out } = await desk.writ(["check", file, "--powers", "--model", model], options);
      const digest = /\b[0-9a-f]{64}\b/.exec(out.join("\n"))?.[0];
      if (digest === undefined) throw new Error(`no powers of ${file}:\n${out.join("\n")}`);
      return digest;
    },
    entries: () =>
      segments(join(state, "ledgers")).flatMap((path) =>
        readFileSync(path, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as LedgerEntry),
      ),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  return desk;
};

const segments = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .map((name) => join(folder, name));

const watched = (
  terminal: ReturnType<typeof createTerminalFake>,
  onLine: ((line: string) => void) | undefined,
): Parameters<Command["run"]>[0]["terminal"] =>
  onLine === undefined
    ? terminal
    : {
        ...terminal,
        out: (line) => {
          terminal.out(line);
          onLine(line);
        },
      };
