/**
 * `npm run demo`: one agent, from what it may do to the proof of what it did, and tests of an API that find
 * a bug, without a key or a network. It takes the strongest sandbox that passes its trials here and works
 * with the embedded one. Every line with `$` is a command that you can type yourself.
 *
 *     node examples/demo.ts --cli runtime/cli/start.ts      with that `writ`, and no build
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { parseArgs, styleText } from "node:util";

import { wrap } from "#cli/width.ts";

import type { Outcome } from "./demo-commands.ts";
import { end, endTogether, runNode, startNode } from "./demo-commands.ts";

const top = join(import.meta.dirname, "..");
const { values: given } = parseArgs({ options: { cli: { type: "string" } } });
const cli = given.cli === undefined ? join(top, "dist", "cli.js") : resolve(given.cli);
const AGENT = "agents/release-notes.symbi";
const MODEL = "scripted:model.json";
const BUG = "crash-at-maximum";
const RULE_COLUMNS = 72;
const COLUMNS = process.stdout.columns || 80;

const main = async (): Promise<void> => {
  if (given.cli === undefined) await build();
  const place = realpathSync(mkdtempSync(join(tmpdir(), "writ-demo-")));
  endTogether(() => rmSync(place, { recursive: true, force: true }));
  const workspace = join(place, "workspace");
  const state = join(place, "state");
  cpSync(join(import.meta.dirname, "release-notes"), workspace, { recursive: true });
  const writ = (args: readonly string[]): Promise<Outcome> => show(args, workspace, state);

  tell("Writ: what an agent may do, what it does, and the proof", strong);
  tell("Everything happens in a copy of examples/release-notes:");
  say(workspace);
  say("");
  const tier = ["--sandbox", await chooseSandbox(workspace, state)];

  heading("1. What the file says that the agent may do");
  const powers = await writ(["check", AGENT, "--powers", "--model", MODEL, ...tier]);
  expectCode(powers, 0);
  const digest = /\b[0-9a-f]{64}\b/.exec(powers.output)?.[0];
  if (digest === undefined) throw new Error("`writ check --powers` printed no digest to consent to");

  heading("2. The run: the model asks, the gate decides");
  tell("The model is a script, so that this costs nothing. The consent names the powers shown above.", soft);
  const run = await writ([
    "run",
    AGENT,
    "--input",
    "version=2.4.0",
    "--model",
    MODEL,
    ...tier,
    "--consent",
    digest,
  ]);
  expectCode(run, 0);

  heading("3. What stays: a chain that anybody can check");
  expectCode(await writ(["audit", "verify"]), 0);

  heading("4. And if somebody changes one byte of it?");
  const copy = join(place, "tampered");
  cpSync(join(state, "ledgers"), copy, { recursive: true });
  tell(tamper(copy, place));
  say("");
  expectCode(await writ(["audit", "verify", "--dir", onlyFolder(copy)]), 1);

  heading("5. Tests of an API, made of its document");
  await testApi(place, state);

  heading("What to try next");
  tell("First, so that `writ` means this build, this workspace and its state:");
  say("");
  say(`  export WRIT_STATE=${state}`);
  say(`  cd ${workspace}`);
  say(`  alias writ="${process.execPath} ${cli}"`);
  say("");
  const request = JSON.stringify({ tool: "read_file", arguments: { path: "private/reporters.csv" } });
  for (const [line, what] of [
    ["writ doctor", "what is here, what is missing, and what that would add"],
    ["writ audit list", "every entry of the run"],
    [`echo '${request}' | writ policy explain - --agent-file ${AGENT}`, "why that read is denied"],
    [`writ check ${AGENT}`, "after you changed the file: what is wrong, where, and what to do"],
  ] as const) {
    say(`  ${strong(line)}`);
    for (const each of wrap(what, COLUMNS - 6)) say(`      ${each}`);
  }
};

const build = async (): Promise<void> => {
  const outcome = await runNode([join(top, "build.ts")], { cwd: top, env: process.env });
  if (outcome.code !== 0) throw new Error(`the build failed:\n${outcome.output}`);
};

/** What of `writ doctor --json` is read here. */
interface DoctorReport {
  readonly strongest: string | null;
  readonly findings: readonly {
    readonly id: string;
    readonly state: string;
    readonly says: string;
    readonly adds: string | null;
    readonly remedy: { readonly what: string; readonly command: string | null } | null;
  }[];
}

/** The strongest sandbox that passes its trials here, and what would bring a stronger one. */
const chooseSandbox = async (workspace: string, state: string): Promise<string> => {
  const env = { ...process.env, WRIT_STATE: state };
  const { output } = await runNode([cli, "doctor", "--json"], { cwd: workspace, env });
  const { strongest, findings } = JSON.parse(output) as DoctorReport;
  if (strongest === null) throw new Error("no sandbox can be used here; `writ doctor` says why");
  const engine = findings.find(({ id }) => id === `tier.${strongest}`)?.says ?? "";
  tell(`Sandbox: ${strongest}, the strongest that passed its trials here (${engine}).`);
  // What comes first is needed by what comes after it.
  const missing = findings.find(
    ({ id, state: found, adds }) =>
      adds !== null && found !== "ok" && (id === "engine" || id === "image" || id.startsWith("tier.")),
  );
  if (missing === undefined) return strongest;
  const { id, says, adds, remedy } = missing;
  tell(`A stronger one needs more: ${id.replace("tier.", "")} ${says}. It adds ${adds ?? ""}.`, soft);
  if (remedy === null) return strongest;
  tell(`→ ${remedy.what}${remedy.command === null ? "" : ":"}`, soft);
  if (remedy.command !== null) say(soft(`  ${remedy.command}`));
  return strongest;
};

/** Tests a server with a bug, which is found; the server ends with the step. */
const testApi = async (place: string, state: string): Promise<void> => {
  const folder = join(place, "orders-api");
  cpSync(join(import.meta.dirname, "orders-api"), folder, { recursive: true });
  const { child, firstLine } = startNode([join(import.meta.dirname, "orders-api", "server.ts")], {
    cwd: folder,
    env: { ...process.env, PORT: "0", ORDERS_API_BUG: BUG },
  });
  try {
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(await firstLine)?.[0];
    if (origin === undefined) throw new Error("the example's server did not start");
    tell(
      `A small API of orders runs on this machine, with a bug switched on: an order of the largest quantity that its document allows ends in an error (ORDERS_API_BUG=${BUG}).`,
    );
    say("");
    const writ = (args: readonly string[]): Promise<Outcome> => show(args, folder, state);
    expectCode(await writ(["test", "generate", "openapi.yaml", "--out", "orders.test.ts"]), 0);
    say("");
    const found = await writ(["test", "run", "openapi.yaml", "--origin", origin]);
    expectCode(found, 1);
    if (!found.output.includes("curl ")) throw new Error("`writ test run` did not show the bug");
    say("");
    tell(
      "The bug is found, with the line of the document that the server breaks, and the smallest request that shows it.",
    );
  } finally {
    const gone = new Promise((resolve) => child.once("close", resolve));
    end(child, "SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await gone;
  }
};

/** Runs `writ` as a person would, in the same terminal, and keeps what it printed. */
const show = async (args: readonly string[], cwd: string, state: string): Promise<Outcome> => {
  const typed = args.map((word) => (word.length > 40 ? `${word.slice(0, 12)}…` : word)).join(" ");
  say(`${strong("$")} writ ${typed}`);
  say("");
  return runNode([cli, ...args], {
    cwd,
    env: { ...process.env, WRIT_STATE: state, ...colour() },
    onOutput: (text) => void process.stdout.write(text),
  });
};

/** The child writes to a pipe, so that its output can be read; it colours if we would. */
const colour = (): Record<string, string> =>
  process.stdout.isTTY ? { FORCE_COLOR: "1", COLUMNS: String(process.stdout.columns) } : {};

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
    return `In a copy of the ledger, byte ${offset} of ${relative(place, path).split(sep).slice(-2).join("/")} is changed: "deny" now reads "dEny".`;
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
/** Prose, in lines that fit. */
const tell = (text: string, style = (line: string): string => line): void => {
  for (const line of wrap(text, COLUMNS)) say(style(line));
};
const strong = (text: string): string => (process.stdout.isTTY ? styleText("bold", text) : text);
const soft = (text: string): string => (process.stdout.isTTY ? styleText("dim", text) : text);

const heading = (title: string): void => {
  say("");
  const columns = Math.min(COLUMNS, RULE_COLUMNS);
  const lines = wrap(title, columns - 3);
  for (const [index, line] of lines.entries()) {
    const rule = ` ${"─".repeat(Math.max(0, columns - line.length - 4))}`;
    say(strong(`${index === 0 ? "──" : "  "} ${line}${index === lines.length - 1 ? rule : ""}`.trimEnd()));
  }
  say("");
};

try {
  await main();
} catch (error) {
  process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
