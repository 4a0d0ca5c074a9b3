import { fileURLToPath } from "node:url";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";
import { CLI, EMPTY_NODE, nodeProcess } from "./kit/shell.ts";

const SMALL_FILE = fileURLToPath(
  new URL("../../examples/release-notes/agents/release-notes.symbi", import.meta.url),
);

/** The built command, from the shell to its exit. */
export const cliComparisons = async (): Promise<readonly Comparison[]> => [
  await compare({
    title: "`writ --version`",
    unit: "start",
    baseline: EMPTY_NODE,
    ours: nodeProcess("writ --version", CLI, "--version"),
    rounds: 15,
  }),
  await compare({
    title: "`writ check` of a small file",
    unit: "start",
    baseline: EMPTY_NODE,
    ours: nodeProcess("writ check", CLI, "check", SMALL_FILE),
    rounds: 25,
    goal: { k: "within", ms: 250 },
  }),
];
