import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { builtWrit } from "./built-writ.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const cli = join(await builtWrit(), "cli.js");

export interface DemoRun {
  readonly child: ChildProcess;
  /** What it has printed so far, both streams. */
  readonly output: () => string;
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** The demo as `npm run demo` starts it, but for the build, which is that of this run of the tests. */
export const startDemo = (variables: Readonly<Record<string, string>>): DemoRun => {
  const child = spawn(process.execPath, [at("examples/demo.ts"), "--cli", cli], {
    cwd: at("."),
    env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const take = (chunk: Buffer): void => void (output += chunk.toString("utf8"));
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  return {
    child,
    output: () => output,
    ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, output }))),
  };
};

/** The titles of its steps. */
export const demoSteps = (output: string): readonly string[] =>
  [...output.matchAll(/^── (.+?) ─/gm)].map(([, title = ""]) => title);

/** What everybody sees, whatever the machine has. */
export const DEMO_STEPS = [
  "1. What the file says that the agent may do",
  "2. The run: the model asks, the gate decides",
  "3. What stays: a chain that anybody can check",
  "4. And if somebody changes one byte of it?",
  "5. Tests of an API, made of its document",
  "What to try next",
];
