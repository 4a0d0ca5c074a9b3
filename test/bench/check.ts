import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { digest } from "#host/compose/policies.ts";
import { utf8 } from "#kernel/bytes.ts";
import { lowerSource } from "#language/lower/lower.ts";
import { parse } from "#language/parser/parser.ts";
import { BUILTIN_TOOLS } from "#protocol/tool-descriptors.ts";
import { agentSource } from "./kit/agent-source.ts";
import { withScratchFolder } from "./kit/scratch.ts";
import { CLI, EMPTY_NODE, nodeProcess } from "./kit/shell.ts";
import type { Comparison } from "./measure.ts";
import { compare } from "./measure.ts";

/** Agent files of two sizes: read, checked and lowered in this process, and from the shell. */
export const checkComparisons = async (): Promise<readonly Comparison[]> => [
  ...(await sizeComparisons({ lines: 200, timesInProcess: 20, rounds: 15 })),
  ...(await sizeComparisons({ lines: 10_000, timesInProcess: 1, rounds: 7 })),
];

const sizeComparisons = async (size: {
  readonly lines: number;
  /** How often the text is read in one round. */
  readonly timesInProcess: number;
  readonly rounds: number;
}): Promise<readonly Comparison[]> => {
  const { lines, timesInProcess, rounds } = size;
  const text = agentSource(lines);
  const bytes = utf8(text);
  const lower = (): void => {
    const { value, problems } = lowerSource(
      { path: "agents/teams.symbi", bytes },
      { digest, tools: BUILTIN_TOOLS },
    );
    if (value === null || problems.length > 0) throw new Error("the text has a problem");
  };
  const repeated = (work: () => void) => (): number => {
    for (let time = 0; time < timesInProcess; time += 1) work();
    return timesInProcess;
  };
  const title = `${lines.toLocaleString("en")} lines`;
  return [
    await compare({
      title: `${title} lowered in process`,
      unit: "file",
      baseline: { name: "Langium's parse alone", run: repeated(() => void parse(text)) },
      ours: { name: "lowerSource", run: repeated(lower) },
      rounds,
    }),
    await withScratchFolder(async (folder) => {
      const path = join(folder, "teams.symbi");
      writeFileSync(path, text);
      return compare({
        title: `${title} with \`writ check\``,
        unit: "start",
        baseline: EMPTY_NODE,
        ours: nodeProcess("writ check", CLI, "check", path),
        rounds,
      });
    }),
  ];
};
