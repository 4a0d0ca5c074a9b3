import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { open as openInspector } from "node:inspector";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { Worker } from "node:worker_threads";

/** What came of trying each thing that a sandbox process must not be able to do. */
export type WallReport = { readonly [attempt: string]: "refused" | "possible" };

/** Tries, from inside a sandbox process, what its walls must prevent. */
export const inspectWalls = (): WallReport => ({
  "look at the files of the host": attempt(() => readdirSync(parse(process.execPath).root)),
  "write a file": attempt(() => writeFileSync(join(tmpdir(), `writ-${process.pid}`), "")),
  "start a program": attempt(() => {
    const { error } = spawnSync(process.execPath, ["--version"]);
    if (error !== undefined) throw error;
  }),
  "start a thread": attempt(() => new Worker("", { eval: true })),
  "open a debugger": attempt(() => openInspector(0)),
  // oxlint-disable-next-line no-eval
  "make code from text": attempt(() => (0, eval)("1")),
  "see the environment": environmentNames().length === 0 ? "refused" : "possible",
});

/** Names beside the one that makes an Electron program behave as Node. */
const environmentNames = (): readonly string[] =>
  Object.keys(process.env).filter((name) => name !== "ELECTRON_RUN_AS_NODE");

const attempt = (act: () => unknown): "refused" | "possible" => {
  try {
    act();
    return "possible";
  } catch {
    return "refused";
  }
};
