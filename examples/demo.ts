/**
 * `npm run demo`: one agent, from what it may do to the proof of what it did, without a key, a
 * daemon or a network. Every line with `$` is a command that you can type yourself.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import process from "node:process";
import { styleText } from "node:util";

const top = join(import.meta.dirname, "..");
const cli = join(top, "dist", "cli.js");
const AGENT = "agents/release-notes.symbi";
const MODEL = "scripted:model.json";
/** The same on every machine, whatever engine it has. */
const TIER = ["--sandbox", "wasm"];
const RULE_COLUMNS = 72;

interface Outcome {
  readonly code: number;
  readonly output: string;
}

const main = async (): Promise<void> => {
  await build();
  const place = realpathSync(mkdtempSync(join(tmpdir(), "writ-demo-")));
  const workspace = join(place, "workspace");
  const state = join(place, "state");
  cpSync(join(import.meta.dirname, "release-notes"), workspace, { recursive: true });
  const writ = (args: readonly string[]): Promise<Outcome> => show(args, workspace, state);

  say(strong("Writ: what an agent may do, what it does, and the proof"));
  say(`Everything happens in a copy of examples/release-notes: ${workspace}`);

  heading("1. What the file says that the agent may do");
  const powers = await writ(["check", AGENT, "--powers", "--model", MODEL, ...TIER]);
  expectCode(powers, 0);
  const digest = /\b[0-9a-f]{64}\b/.exec(powers.output)?.[0];
  if (digest === undefined) throw new Error("`writ check --powers` printed no digest to consent to");

  heading("2. The run: the model asks, the gate decides");
  say(soft("The model is a script, so that this costs nothing. The consent names the powers shown above."));
  const run = await writ([
    "run",
    AGENT,
    "--input",
    "version=2.4.0",
    "--model",
    MODEL,
    ...TIER,
    "--consent",
    digest,
  ]);
  expectCode(run, 0);

  heading("3. What stays: a chain that anybody can check");
  expectCode(await writ(["audit", "verify"]), 0);

  heading("4. And if somebody changes one byte of it?");
  const copy = join(place, "tampered");
  cpSync(join(state, "ledgers"), copy, { recursive: true });
  say(tamper(copy, place));
  expectCode(await writ(["audit", "verify", "--dir", onlyFolder(copy)]), 1);

  heading("What to try next");
  say("First, so that `writ` means this build, this workspace and its state:");
  say("");
  say(`  export WRIT_STATE=${state}`);
  say(`  cd ${workspace}`);
  say(`  alias writ="${process.execPath} ${cli}"`);
  say("");
  const request = JSON.stringify({ tool: "read_file", arguments: { path: "private/reporters.csv" } });
  for (const [line, what] of [
    ["writ audit list", "every entry of the run"],
    [`echo '${request}' | writ policy explain - --agent-file ${AGENT}`, "why that read is denied"],
    [`writ check ${AGENT}`, "after you changed the file: what is wrong, where, and what to do"],
  ] as const) {
    say(`  ${strong(line)}`);
    say(`      ${what}`);
  }
};

const build = async (): Promise<void> => {
  const outcome = await execute(process.execPath, [join(top, "build.ts")], top, process.env, false);
  if (outcome.code !== 0) throw new Error(`the build failed:\n${outcome.output}`);
};

/** Runs `writ` as a person would, in the same terminal, and keeps what it printed. */
const show = async (args: readonly string[], cwd: string, state: string): Promise<Outcome> => {
  const typed = args.map((word) => (word.length > 40 ? `${word.slice(0, 12)}…` : word)).join(" ");
  say(`${strong("$")} writ ${typed}`);
  say("");
  return execute(
    process.execPath,
    [cli, ...args],
    cwd,
    { ...process.env, WRIT_STATE: state, ...colour() },
    true,
  );
};

/** The child writes to a pipe, so that its output can be read; it colours if we would. */
const colour = (): Record<string, string> =>
  process.stdout.isTTY ? { FORCE_COLOR: "1", COLUMNS: String(process.stdout.columns) } : {};

const execute = (
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  echo: boolean,
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const take = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
      if (echo) process.stdout.write(chunk);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });

/** Changes one byte of the entry that records the denial, in a copy, and says what it did. */
const tamper = (copy: string, place: string): string => {
  for (const file of readdirSync(copy, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".jsonl"),
  )) {
    const path = join(copy, file);
    const bytes = readFileSync(path);
    const entry = bytes.indexOf('"outcome":"deny"');
    if (entry === -1) continue;
    const offset = entry + '"outcome":"d'.length;
    bytes[offset] = "E".charCodeAt(0);
    writeFileSync(path, bytes);
    return `In a copy of the ledger, byte ${offset} of ${relative(place, path).split(sep).slice(-2).join("/")} is changed: "deny" now reads "dEny".\n`;
  }
  throw new Error("the run left no entry of a denial");
};

const onlyFolder = (folder: string): string => {
  const [name] = readdirSync(folder);
  if (name === undefined) throw new Error("the run left no ledger");
  return join(folder, name);
};

const expectCode = (outcome: Outcome, code: number): void => {
  if (outcome.code !== code) throw new Error(`the command ended with ${outcome.code}, not ${code}`);
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const strong = (text: string): string => (process.stdout.isTTY ? styleText("bold", text) : text);
const soft = (text: string): string => (process.stdout.isTTY ? styleText("dim", text) : text);

const heading = (title: string): void => {
  say("");
  const columns = Math.min(process.stdout.columns ?? RULE_COLUMNS, RULE_COLUMNS);
  say(strong(`── ${title} ${"─".repeat(Math.max(0, columns - title.length - 4))}`));
  say("");
};

try {
  await main();
} catch (error) {
  process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
